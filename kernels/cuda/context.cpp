#include "kernels/cuda/context.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/card/engine.hpp"
#include "kernels/cuda/kernels.hpp"

namespace cucurbit::cuda {
Context::Context(int device) : device_(device) {
    CUCURBIT_CHECK_CUDA(cudaSetDevice(device));
    stream_ = make_stream();
    arrived_ = make_event();
    forked_ = make_event();
    blas_ = make_blas(stream());
    std::byte* workspace = blas_workspace_.at_least(card::blas_workspace_bytes, stream());
    CUCURBIT_CHECK_CUBLAS(cublasSetWorkspace(blas_.get(), workspace, card::blas_workspace_bytes));
    solver_ = make_solver(stream());
    solver_parameters_ = make_solver_parameters();
}

void* Context::staged(std::size_t bytes) {
    if (outgoing_busy_) {
        CUCURBIT_CHECK_CUDA(cudaEventRecord(arrived_.get(), stream()));
        CUCURBIT_CHECK_CUDA(cudaEventSynchronize(arrived_.get()));
    }
    outgoing_busy_ = true;
    return outgoing_.at_least(bytes, stream());
}

void Context::upload(const void* from, void* to, std::size_t bytes) {
    if (bytes == 0) return;
    void* copy = staged(bytes);
    std::memcpy(copy, from, bytes);
    CUCURBIT_CHECK_CUDA(cudaMemcpyAsync(to, copy, bytes, cudaMemcpyHostToDevice, stream()));
}

void Context::download(const void* from, void* to, std::size_t bytes) {
    if (bytes == 0) return;
    std::byte* copy = incoming_.at_least(bytes, stream());
    CUCURBIT_CHECK_CUDA(cudaMemcpyAsync(copy, from, bytes, cudaMemcpyDeviceToHost, stream()));
    CUCURBIT_CHECK_CUDA(cudaEventRecord(arrived_.get(), stream()));
    CUCURBIT_CHECK_CUDA(cudaEventSynchronize(arrived_.get()));
    outgoing_busy_ = false;
    std::memcpy(to, copy, bytes);
}

const std::uint64_t* Context::trials(std::span<const std::uint64_t> numbers) {
    if (!std::equal(numbers.begin(), numbers.end(), known_trials_.begin(), known_trials_.end())) {
        known_trials_.clear();  // the array may move
        upload(numbers.data(), trials_.at_least(numbers.size(), stream()), numbers.size_bytes());
        known_trials_.assign(numbers.begin(), numbers.end());
    }
    return trials_.data();
}

void Context::multiply(cublasOperation_t op_a, cublasOperation_t op_b, double alpha, BatchMatrix a,
                       BatchMatrix b, double beta, BatchMatrix c) {
    if (c.rows == 0 || c.cols == 0 || c.count == 0) return;
    const std::size_t inner = op_a == CUBLAS_OP_N ? a.cols : a.rows;
    CUCURBIT_CHECK_CUBLAS(cublasDgemmStridedBatched(
        blas_.get(), op_a, op_b, as_int(c.rows), as_int(c.cols), as_int(inner), &alpha, a.data,
        as_int(a.ld), static_cast<long long>(a.stride), b.data, as_int(b.ld),
        static_cast<long long>(b.stride), &beta, c.data, as_int(c.ld),
        static_cast<long long>(c.stride), as_int(c.count)));
}

void Context::eigen(BatchMatrix g, BatchMatrix values, int* infos, std::span<std::byte> workspace) {
    if (g.rows * g.count == 0) return;
    constexpr cusolverEigMode_t vectors = CUSOLVER_EIG_MODE_VECTOR;
    constexpr cublasFillMode_t lower = CUBLAS_FILL_MODE_LOWER;
    const auto n = static_cast<std::int64_t>(g.rows), count = static_cast<std::int64_t>(g.count);
    std::size_t on_device = 0, on_host = 0;
    CUCURBIT_CHECK_CUSOLVER(cusolverDnXsyevBatched_bufferSize(
        solver(), solver_parameters_.get(), vectors, lower, n, CUDA_R_64F, g.data, n, CUDA_R_64F,
        values.data, CUDA_R_64F, &on_device, &on_host, count));
    if (on_device > workspace.size() && g.count > 1) {
        const std::size_t half = g.count / 2;
        eigen(g.trials(half), values.trials(half), infos, workspace);
        eigen(card::part(g, half, g.count - half), card::part(values, half, g.count - half),
              infos + half, workspace);
        return;
    }
    if (on_device > workspace.size())
        workspace = {solver_workspace_.at_least(on_device, stream()), on_device};
    solver_workspace_on_host_.resize(std::max(on_host, solver_workspace_on_host_.size()));
    CUCURBIT_CHECK_CUSOLVER(
        cusolverDnXsyevBatched(solver(), solver_parameters_.get(), vectors, lower, n, CUDA_R_64F,
                               g.data, n, CUDA_R_64F, values.data, CUDA_R_64F, workspace.data(),
                               on_device, solver_workspace_on_host_.data(), on_host, infos, count));
}

std::vector<std::uint32_t> Context::zeros(const int* infos, std::size_t count) {
    std::uint32_t* selected = selected_.at_least(count, stream());
    std::vector<std::uint32_t> indices(select_zeros(stream(), infos, count, selected));
    download(selected, indices.data(), indices.size() * sizeof(std::uint32_t));
    return indices;
}

void Context::fork(std::size_t used) {
    while (sides_.size() < used) {
        SideStream side;
        side.stream = make_stream();
        side.solver = make_solver(side.stream.get());
        side.done = make_event();
        sides_.push_back(std::move(side));
    }
    CUCURBIT_CHECK_CUDA(cudaEventRecord(forked_.get(), stream()));
    for (std::size_t i = 0; i < used; ++i)
        CUCURBIT_CHECK_CUDA(cudaStreamWaitEvent(sides_[i].stream.get(), forked_.get(), 0));
}

void Context::join(std::size_t used) {
    for (std::size_t i = 0; i < used; ++i) {
        CUCURBIT_CHECK_CUDA(cudaEventRecord(sides_[i].done.get(), sides_[i].stream.get()));
        CUCURBIT_CHECK_CUDA(cudaStreamWaitEvent(stream(), sides_[i].done.get(), 0));
    }
}

}  // namespace cucurbit::cuda
