#pragma once
// The Engine on one NVIDIA card: whole batches in device memory, cuBLAS and cuSOLVER for the linear
// algebra, own kernels for the rest, all on one stream of the engine's own. A second engine on the
// same card keeps it busy while this one's results are read.
//
// Own kernels give a trial the same bits in every batch. cuBLAS and cuSOLVER promise the same bits
// for the same call only, whose shape includes the number of trials: in batches of another size the
// last bits of a trial may differ on a card.

#include "kernels/contract.hpp"
#include "kernels/cuda/context.hpp"

namespace cucurbit {

class CudaEngine final : public Engine {
public:
    /// Uses the card from the calling thread on. Throws DeviceError where its memory does not
    /// suffice. scratch_bytes: bound on the memory of operations beside their operands.
    CudaEngine(int device, std::size_t scratch_bytes);

    /// What all operations are enqueued on, for who times them.
    cudaStream_t stream() const { return context_.stream(); }

    std::unique_ptr<EngineBuffer> allocate(std::size_t doubles) override;
    std::unique_ptr<IndexList> indices(std::vector<std::uint32_t> values) override;
    void upload(std::span<const double> from, double* to) override;
    void download(const double* from, std::span<double> to) override;
    void fill(BatchMatrix out, double value) override;
    void copy(BatchMatrix from, BatchMatrix to) override;
    void scale_rows(BatchMatrix from, const double* scale, BatchMatrix to) override;
    void draw(const Stream& stream, std::span<const std::uint64_t> trials, std::size_t first_row,
              const double* scale, BatchMatrix out) override;

    bool prefers_adjacent_labels() const override { return true; }
    void gram(BatchMatrix a, BatchMatrix g) override;
    void gram_and_project(BatchMatrix a, BatchMatrix g, BatchMatrix b, const IndexList& rows,
                          BatchMatrix c) override;
    void add_outer(BatchMatrix a, BatchMatrix g) override;
    void diagonal(BatchMatrix g, BatchMatrix diagonal) override;
    void cholesky(BatchMatrix g, BatchMatrix rows_done) override;
    void invert_lower(BatchMatrix l) override;
    void multiply(BatchMatrix a, bool transpose_a, BatchMatrix b, BatchMatrix out) override;
    void transpose(BatchMatrix a, BatchMatrix out) override;
    void multiply_by_transposed_lower(BatchMatrix r, BatchMatrix a) override;
    void multiply_by_lower(BatchMatrix r, BatchMatrix a) override;
    void orthogonal_columns(BatchMatrix a, BatchMatrix l) override;
    void lower_factor(BatchMatrix a, BatchMatrix l) override;
    void truncate(BatchMatrix q, BatchMatrix l, double relative_cut_off, BatchMatrix rank) override;

    void project(BatchMatrix a, BatchMatrix b, const IndexList& rows, BatchMatrix c) override;
    void solve_lower(BatchMatrix l, const IndexList& rows, BatchMatrix c) override;
    void solve_lower_transposed(BatchMatrix l, const IndexList& rows, BatchMatrix c) override;
    void add_to_columns(BatchMatrix column, double factor, BatchMatrix c) override;
    void spread(BatchMatrix c, const IndexList& source, const IndexList& rows,
                BatchMatrix w) override;
    void combine(BatchMatrix a, BatchMatrix w, const IndexList& rows, BatchMatrix e) override;
    void subtract(const double* reference, const IndexList& subtracted, BatchMatrix e) override;
    void products(BatchMatrix e, const double* weights, const IndexList& left,
                  const IndexList& right, BatchMatrix out) override;

    void weighted_norm(BatchMatrix a, const double* weights, BatchMatrix out) override;
    void row_norms(BatchMatrix r, BatchMatrix out) override;
    void gains(BatchMatrix r, bool triangular, BatchMatrix s, BatchMatrix out) override;
    void prefix_sums(BatchMatrix v, int power, const IndexList& ends, BatchMatrix out) override;

    void draw_triangular(std::uint64_t key, std::uint8_t stage,
                         std::span<const std::uint64_t> trials, std::uint64_t samples,
                         BatchMatrix out) override;

    void eigen(BatchMatrix g, BatchMatrix values) override;
    void rectify(BatchMatrix a) override;
    void gather(BatchMatrix from, BatchMatrix order, bool rows, BatchMatrix to) override;
    void predict(const DescentLink& link, BatchMatrix outputs, BatchMatrix predictions) override;
    void descend(DescentSpace space, BatchMatrix samples, std::span<const DescentLoss> losses,
                 BatchMatrix rate, double momentum, BatchMatrix outputs, BatchMatrix velocity,
                 BatchMatrix iterates) override;

private:
    /// The products of for_gram_products.
    void multiply_gram(BatchMatrix ba, std::size_t before, BatchMatrix cg);
    /// The Householder factorisation of every trial of a, in place; the reflections' factors go to
    /// taus, min(rows, cols) for each trial.
    void factor_columns(BatchMatrix a, double* taus);
    void form_orthogonal(BatchMatrix a, const double* taus);
    /// a becomes what body(lower, from, product, first, size) makes of it and of r, block by block
    /// of `order`.
    template <class Body>
    void replace(BatchMatrix r, BatchMatrix a, std::size_t order, Body body);
    void decompose(BatchMatrix l, const std::vector<std::uint32_t>& trials, double* s, double* u,
                   double* vt, int* infos);
    /// out = keep · out − R of Engine::descend for the trials from `first` on.
    void subtract_residuals(std::span<const DescentLoss> losses, BatchMatrix rate,
                            BatchMatrix outputs, std::size_t first, double keep, BatchMatrix out);

    cuda::Context context_;
};

}  // namespace cucurbit
