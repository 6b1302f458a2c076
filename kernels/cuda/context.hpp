#pragma once
// One engine's streams, library handles and memory, and the library calls on whole batches.

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "kernels/contract.hpp"
#include "kernels/cuda/resources.hpp"

namespace cucurbit::cuda {

inline int as_int(std::size_t value) {
    return static_cast<int>(value);
}

/// A stream beside the main one, for library calls that take one matrix at a time.
struct SideStream {
    StreamOwner stream;
    SolverOwner solver;
    EventOwner done;
    DeviceArray<double> workspace;

    /// Memory for the next call; every call of a shape asks for the same.
    double* work(int doubles) {
        return workspace.at_least(static_cast<std::size_t>(doubles), stream.get());
    }
};

class Context {
public:
    explicit Context(int device);
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    /// cuBLAS and cuSOLVER want the device of their handles to be current where these end.
    ~Context() { static_cast<void>(cudaSetDevice(device_)); }

    cudaStream_t stream() const { return stream_.get(); }
    cusolverDnHandle_t solver() const { return solver_.get(); }

    /// Copies to device memory; `from` may be changed as soon as this returns.
    void upload(const void* from, void* to, std::size_t bytes);
    /// Waits for every operation enqueued before it, by one event.
    void download(const void* from, void* to, std::size_t bytes);
    /// The trials' numbers in device memory, copied only if they differ from the last call's.
    const std::uint64_t* trials(std::span<const std::uint64_t> numbers);

    /// c = alpha·op(a) op(b) + beta·c for every trial of c.
    void multiply(cublasOperation_t op_a, cublasOperation_t op_b, double alpha, BatchMatrix a,
                  BatchMatrix b, double beta, BatchMatrix c);
    /// Eigenvalues, ascending, and vectors (in place) of symmetric matrices that lie one behind the
    /// other, their lower triangles read; a status for each. Where the library wants a larger
    /// workspace it gets half of them at a time, and for one matrix what it wants.
    void eigen(BatchMatrix g, BatchMatrix values, int* infos, std::span<std::byte> workspace);
    /// A status for each trial of a library call.
    int* infos(std::size_t count) { return infos_.at_least(count, stream()); }
    /// Indices of the zeros among a call's statuses. Waits for every operation before it.
    std::vector<std::uint32_t> zeros(const int* infos, std::size_t count);
    /// See CardEngine::scratch.
    double* scratch(std::size_t doubles) { return scratch_.at_least(doubles, stream()); }

    /// Calls body(side, trial) for every trial, the trials dealt to side streams, which begin after
    /// all that is enqueued now; what is enqueued later waits for them, also where body throws:
    /// whoever then frees an operand waits for the main stream alone.
    template <class Body>
    void on_side_streams(std::size_t count, Body body) {
        const std::size_t used = std::min(count, side_stream_count);
        fork(used);
        try {
            for (std::size_t t = 0; t < count; ++t) body(sides_[t % used], t);
        } catch (...) {
            join(used);
            throw;
        }
        join(used);
    }

    /// The workspace that a library routine wants for this shape, in doubles; asked once.
    template <class Query>
    int workspace_size(const char* routine, int rows, int cols, Query query) {
        const auto [place, added] = workspace_sizes_.try_emplace({routine, rows, cols}, 0);
        if (added) query(&place->second);
        return place->second;
    }

private:
    static constexpr std::size_t side_stream_count = 8;

    void* staged(std::size_t bytes);
    void fork(std::size_t used);
    void join(std::size_t used);

    int device_;
    // Memory outlives the streams that use it: destroying a stream waits for nothing.
    DeviceArray<std::byte> blas_workspace_;
    DeviceArray<double> scratch_;
    DeviceArray<int> infos_;
    DeviceArray<std::uint32_t> selected_;
    DeviceArray<std::uint64_t> trials_;
    std::vector<std::uint64_t> known_trials_;
    DeviceArray<std::byte> solver_workspace_;
    std::vector<std::byte> solver_workspace_on_host_;
    PinnedArray<std::byte> outgoing_;
    PinnedArray<std::byte> incoming_;
    bool outgoing_busy_ = false;
    std::map<std::tuple<const char*, int, int>, int> workspace_sizes_;
    StreamOwner stream_;
    EventOwner arrived_;
    EventOwner forked_;
    BlasOwner blas_;
    SolverOwner solver_;
    SolverParametersOwner solver_parameters_;
    std::vector<SideStream> sides_;
};

}  // namespace cucurbit::cuda
