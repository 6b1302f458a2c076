#pragma once
// The Engine on one NVIDIA card: whole batches in device memory, matrix products by cuBLAS,
// Householder factorisations and eigenvalues by cuSOLVER, own kernels for the rest, all on one
// stream of the engine's own. A second engine on the same card keeps it busy while this one's
// results are read. kernels/card/ divides what takes several of these parts.
//
// Own kernels give a trial the same bits in every batch. cuBLAS and cuSOLVER promise the same bits
// for the same call only, whose shape includes the number of trials: in batches of another size the
// last bits of a trial may differ on a card.

#include "kernels/card/engine.hpp"
#include "kernels/cuda/context.hpp"

namespace cucurbit {

class CudaEngine final : public CardEngine {
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

    void diagonal(BatchMatrix g, BatchMatrix diagonal) override;
    void transpose(BatchMatrix a, BatchMatrix out) override;

    void apply(Entrywise function, BatchMatrix a) override;
    void add_to_columns(BatchMatrix column, double factor, BatchMatrix c) override;
    void spread(BatchMatrix c, const IndexList& source, const IndexList& rows,
                BatchMatrix w) override;
    void subtract(const double* reference, const IndexList& subtracted, BatchMatrix e) override;
    void products(BatchMatrix e, const double* weights, const IndexList& left,
                  const IndexList& right, BatchMatrix out) override;

    void weighted_norm(BatchMatrix a, const double* weights, BatchMatrix out) override;
    void row_norms(BatchMatrix r, BatchMatrix out) override;
    void prefix_sums(BatchMatrix v, int power, const IndexList& ends, BatchMatrix out) override;

    void draw_triangular(std::uint64_t key, std::uint8_t stage,
                         std::span<const std::uint64_t> trials, std::uint64_t samples,
                         BatchMatrix out) override;

    void flow(BatchMatrix values, double rate, BatchMatrix c) override;
    void gather(BatchMatrix from, BatchMatrix order, bool rows, BatchMatrix to) override;
    void predict(const DescentLink& link, BatchMatrix outputs, BatchMatrix predictions) override;
    void score(std::size_t classes, BatchMatrix outputs, BatchMatrix labels, const IndexList& of,
               BatchMatrix sums) override;
    void margins(std::size_t classes, BatchMatrix outputs, const IndexList& of,
                 BatchMatrix margins) override;
    void order_rows(BatchMatrix values, BatchMatrix order) override;
    void compare_margins(BatchMatrix margins, BatchMatrix order, const IndexList& students,
                         const IndexList& teachers, std::size_t bins, BatchMatrix out) override;
    void multiply_columns(BatchMatrix a, const IndexList& left, BatchMatrix b,
                          const IndexList& right, bool adds, BatchMatrix out) override;

private:
    void begin(const char* operation) override;
    void end() override;
    double* scratch(std::size_t doubles) override;
    void product(double alpha, Factor a, Factor b, double beta, BatchMatrix c) override;
    void factor_small(BatchMatrix g, BatchMatrix rows_done) override;
    void solve_small(BatchMatrix l, bool transposed, BatchMatrix c) override;
    void factor_block(BatchMatrix g, std::size_t before, BatchMatrix inverse,
                      BatchMatrix rows_done) override;
    void invert_blocks(BatchMatrix l, BatchMatrix inverses, bool in_place) override;
    void multiply_by_block(BatchMatrix inverse, bool transposed, BatchMatrix x,
                           bool from_right) override;
    void finish_cholesky(BatchMatrix g, BatchMatrix rows_done) override;
    void clear_upper(BatchMatrix l) override;
    void factor_columns(BatchMatrix a, double* taus) override;
    void form_orthogonal(BatchMatrix a, const double* taus) override;
    void lower_from_upper(BatchMatrix a, BatchMatrix l, double* signs) override;
    void scale_columns(const double* signs, BatchMatrix a) override;
    void decompose(BatchMatrix l, const Decompositions& to) override;
    void finish_truncate(const Decompositions& of, BatchMatrix rotated, double relative_cut_off,
                         BatchMatrix q, BatchMatrix l, BatchMatrix rank) override;
    void decompose_symmetric(BatchMatrix g, BatchMatrix values,
                             std::span<double> workspace) override;
    void gain_sums(BatchMatrix t, BatchMatrix s, BatchMatrix out) override;

    void subtract_residuals(std::span<const DescentLoss> losses, BatchMatrix rate,
                            BatchMatrix outputs, double keep, BatchMatrix out) override;
    void add(BatchMatrix from, BatchMatrix to) override;

    cuda::Context context_;
};

}  // namespace cucurbit
