// Memory, copies, draws and products of the CUDA engine.

#include <nvtx3/nvToolsExt.h>

#include <cassert>

#include "cucurbit/engine.hpp"
#include "kernels/cpu/random/draw.hpp"
#include "kernels/cuda/engine.hpp"
#include "kernels/cuda/kernels.hpp"

namespace cucurbit {
namespace {

class CudaBuffer final : public EngineBuffer {
public:
    CudaBuffer(std::size_t doubles, cudaStream_t stream) : stream_(stream) {
        data_ = memory_.at_least(doubles, stream);
    }
    ~CudaBuffer() override { static_cast<void>(cudaStreamSynchronize(stream_)); }

private:
    cudaStream_t stream_;
    cuda::DeviceArray<double> memory_;
};

class CudaIndexList final : public IndexList {
public:
    CudaIndexList(std::vector<std::uint32_t> values, cuda::Context& context)
        : IndexList(std::move(values)), stream_(context.stream()) {
        context.upload(host().data(), memory_.at_least(host().size(), stream_),
                       host().size_bytes());
    }
    ~CudaIndexList() override { static_cast<void>(cudaStreamSynchronize(stream_)); }
    const std::uint32_t* data() const override { return memory_.data(); }

private:
    cudaStream_t stream_;
    cuda::DeviceArray<std::uint32_t> memory_;
};

}  // namespace

CudaEngine::CudaEngine(int device, std::size_t scratch_bytes)
    : CardEngine(scratch_bytes), context_(device) {}

void CudaEngine::begin(const char* operation) {
    nvtxRangePushA(operation);
}

void CudaEngine::end() {
    nvtxRangePop();
}

double* CudaEngine::scratch(std::size_t doubles) {
    return context_.scratch(doubles);
}

void CudaEngine::product(double alpha, Factor a, Factor b, double beta, BatchMatrix c) {
    const auto operation = [](const Factor& factor) {
        return factor.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    };
    context_.multiply(operation(a), operation(b), alpha, a.of, b.of, beta, c);
}

void CudaEngine::transpose(BatchMatrix a, BatchMatrix out) {
    cuda::transpose(context_.stream(), a, out);
}

void CudaEngine::diagonal(BatchMatrix g, BatchMatrix diagonal) {
    cuda::diagonal(context_.stream(), g, diagonal);
}

std::unique_ptr<EngineBuffer> CudaEngine::allocate(std::size_t doubles) {
    return std::make_unique<CudaBuffer>(doubles, context_.stream());
}

std::unique_ptr<IndexList> CudaEngine::indices(std::vector<std::uint32_t> values) {
    return std::make_unique<CudaIndexList>(std::move(values), context_);
}

void CudaEngine::upload(std::span<const double> from, double* to) {
    context_.upload(from.data(), to, from.size_bytes());
}

void CudaEngine::download(const double* from, std::span<double> to) {
    context_.download(from, to.data(), to.size_bytes());
}

void CudaEngine::fill(BatchMatrix out, double value) {
    cuda::fill(context_.stream(), out, value);
}

void CudaEngine::copy(BatchMatrix from, BatchMatrix to) {
    assert(from.rows == to.rows && from.cols == to.cols);
    cuda::copy(context_.stream(), from, to);
}

void CudaEngine::scale_rows(BatchMatrix from, const double* scale, BatchMatrix to) {
    cuda::scale_rows(context_.stream(), from, scale, to);
}

void CudaEngine::draw(const Stream& stream, std::span<const std::uint64_t> trials,
                      std::size_t first_row, const double* scale, BatchMatrix out) {
    check_addresses(stream, trials, first_row, out.cols, out.rows);
    const std::uint64_t* numbers = context_.trials(trials);
    cuda::draw(context_.stream(), stream, numbers, first_row, scale, out.trials(trials.size()));
}

void CudaEngine::draw_triangular(std::uint64_t key, std::uint8_t stage,
                                 std::span<const std::uint64_t> trials, std::uint64_t samples,
                                 BatchMatrix out) {
    assert(out.cols <= out.rows && out.cols <= samples);
    check_addresses({key, stage, Purpose::samples}, trials, 0, out.cols, out.rows);
    cuda::draw_triangular(context_.stream(), key, stage, context_.trials(trials), samples,
                          out.trials(trials.size()));
}

}  // namespace cucurbit
