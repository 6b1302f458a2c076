// Memory, copies and draws of the CPU engine.

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

#include "kernels/cpu/blas_memory.hpp"
#include "kernels/cpu/engine.hpp"
#include "kernels/cpu/lapack.hpp"
#include "kernels/cpu/random/draw.hpp"

namespace cucurbit {
namespace {

class HostBuffer final : public EngineBuffer {
public:
    explicit HostBuffer(std::size_t doubles) {
        constexpr std::size_t cache_line = 64;
        const std::size_t bytes =
            (doubles * sizeof(double) + cache_line - 1) / cache_line * cache_line;
        data_ = static_cast<double*>(std::aligned_alloc(cache_line, std::max(bytes, cache_line)));
        if (data_ == nullptr)
            throw DeviceError("cpu: out of memory allocating " + std::to_string(bytes) + " bytes");
    }
    ~HostBuffer() override { std::free(data_); }
};

}  // namespace

CpuEngine::CpuEngine(std::size_t interleaved_bytes, const InterleavedKernels& interleaved,
                     const DenseKernels& dense)
    : interleaved_bytes_(interleaved_bytes),
      interleaved_(interleaved),
      dense_(dense),
      packed_(std::make_unique<HostBuffer>(dense.packed_doubles)) {
    // Trials are the parallelism: BLAS threads inside a worker slow it down and change its bits.
    lapack::openblas_set_num_threads(1);
    reserve_blas_memory(1);
}

std::size_t CpuEngine::preferred_lanes(std::size_t bytes_per_matrix) const {
    return bytes_per_matrix <= interleaved_bytes_ ? interleaved_lanes : 1;
}

std::unique_ptr<EngineBuffer> CpuEngine::allocate(std::size_t doubles) {
    return std::make_unique<HostBuffer>(doubles);
}

std::unique_ptr<IndexList> CpuEngine::indices(std::vector<std::uint32_t> values) {
    return std::make_unique<IndexList>(std::move(values));
}

void CpuEngine::upload(std::span<const double> from, double* to) {
    std::copy(from.begin(), from.end(), to);
}

void CpuEngine::download(const double* from, std::span<double> to) {
    std::copy_n(from, to.size(), to.begin());
}

void CpuEngine::fill(BatchMatrix out, double value) {
    if (out.lanes > 1) return interleaved_.fill(out, value);
    for (std::size_t b = 0; b < out.count; ++b)
        for (std::size_t j = 0; j < out.cols; ++j)
            std::fill_n(out.item(b) + j * out.ld, out.rows, value);
}

void CpuEngine::copy(BatchMatrix from, BatchMatrix to) {
    if (to.lanes > 1) return interleaved_.copy(from, to);
    assert(from.rows == to.rows && from.cols == to.cols);
    for (std::size_t b = 0; b < to.count; ++b)
        for (std::size_t j = 0; j < to.cols; ++j)
            std::copy_n(from.item(b) + j * from.ld, to.rows, to.item(b) + j * to.ld);
}

void CpuEngine::scale_rows(BatchMatrix from, const double* scale, BatchMatrix to) {
    if (to.lanes > 1) return interleaved_.scale_rows(from, scale, to);
    for (std::size_t b = 0; b < to.count; ++b)
        for (std::size_t j = 0; j < to.cols; ++j) {
            const double* source = from.item(b) + j * from.ld;
            double* target = to.item(b) + j * to.ld;
            for (std::size_t i = 0; i < to.rows; ++i) target[i] = scale[i] * source[i];
        }
}

void CpuEngine::draw(const Stream& stream, std::span<const std::uint64_t> trials,
                     std::size_t first_row, const double* scale, BatchMatrix out) {
    if (out.lanes > 1) return interleaved_.draw(stream, trials, first_row, scale, out);
    for (std::size_t b = 0; b < trials.size(); ++b)
        draw_block(stream, trials[b], first_row, out.cols, out.rows, scale, out.item(b), out.ld);
}

void CpuEngine::draw_triangular(std::uint64_t key, std::uint8_t stage,
                                std::span<const std::uint64_t> trials, std::uint64_t samples,
                                BatchMatrix out) {
    assert(out.cols <= out.rows && out.cols <= samples);
    if (out.lanes > 1) return interleaved_.draw_triangular(key, stage, trials, samples, out);
    for (std::size_t b = 0; b < trials.size(); ++b)
        draw_triangular_block(key, stage, trials[b], samples, out.rows, out.cols, out.item(b),
                              out.ld);
}

std::span<double> CpuEngine::workspace(std::size_t doubles) {
    if (workspace_.size() < doubles) workspace_.resize(doubles);
    return {workspace_.data(), doubles};
}

}  // namespace cucurbit
