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

/// A batch of matrices one behind the other.
inline BatchMatrix packed(double* data, std::size_t rows, std::size_t cols, std::size_t count) {
    BatchMatrix m{nullptr, rows, cols, rows, rows * cols, count};
    m.data = data;
    return m;
}

/// Trials first .. first + count − 1 of a batch.
inline BatchMatrix part(BatchMatrix m, std::size_t first, std::size_t count) {
    m.data += first * m.stride;
    return m.trials(count);
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
    /// scratch_bytes: what operations may use beside their operands, allocated when one does; they
    /// take fewer trials at a time where it is little.
    Context(int device, std::size_t scratch_bytes);
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
    /// c ← op(l)⁻¹ c for every trial of c, l lower triangular.
    void solve(cublasOperation_t op, BatchMatrix l, BatchMatrix c);
    /// Addresses of the batch's matrices, in device memory. Written once for each batch met: an
    /// address depends on the batch's alone.
    double** pointers(BatchMatrix m);
    /// A status for each trial of a library call.
    int* infos(std::size_t count) { return infos_.at_least(count, stream()); }
    /// Indices of the zeros among a call's statuses. Waits for every operation before it.
    std::vector<std::uint32_t> zeros(const int* infos, std::size_t count);
    double* signs(std::size_t doubles) { return signs_.at_least(doubles, stream()); }

    /// Calls body(first, number, scratch) for parts of `count` trials whose scratch, so many
    /// doubles for each trial, stays within bounds.
    template <class Body>
    void for_parts(std::size_t count, std::size_t doubles_per_trial, Body body) {
        const std::size_t fits = scratch_doubles_ / std::max<std::size_t>(doubles_per_trial, 1);
        const std::size_t most = std::clamp<std::size_t>(fits, 1, std::max<std::size_t>(count, 1));
        // All of it at once: an array that grew would move, and every address in it with it.
        double* scratch =
            scratch_.at_least(std::max(scratch_doubles_, most * doubles_per_trial), stream());
        for (std::size_t first = 0; first < count; first += most)
            body(first, std::min(most, count - first), scratch);
    }

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
    std::size_t scratch_doubles_;
    // Memory outlives the streams that use it: destroying a stream waits for nothing.
    DeviceArray<std::byte> blas_workspace_;
    DeviceArray<double> scratch_;
    DeviceArray<double> signs_;
    DeviceArray<int> infos_;
    DeviceArray<std::uint32_t> selected_;
    DeviceArray<std::uint64_t> trials_;
    std::vector<std::uint64_t> known_trials_;
    PinnedArray<std::byte> outgoing_;
    PinnedArray<std::byte> incoming_;
    bool outgoing_busy_ = false;
    std::map<std::pair<double*, std::size_t>, DeviceArray<double*>> pointers_;
    std::map<std::tuple<const char*, int, int>, int> workspace_sizes_;
    StreamOwner stream_;
    EventOwner arrived_;
    EventOwner forked_;
    BlasOwner blas_;
    SolverOwner solver_;
    std::vector<SideStream> sides_;
};

}  // namespace cucurbit::cuda
