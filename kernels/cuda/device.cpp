#include "kernels/cuda/device.hpp"

#include <algorithm>

#include "kernels/cuda/engine.hpp"

namespace cucurbit {
namespace {

struct Cards {
    int count = 0;
    cudaError_t status = cudaSuccess;
};

Cards find_cards() {
    Cards found;
    found.status = cudaGetDeviceCount(&found.count);
    static_cast<void>(cudaGetLastError());  // no later call must report this one
    if (found.status != cudaSuccess) found.count = 0;
    return found;
}

std::size_t free_bytes_of_current() {
    std::size_t free_bytes = 0, total_bytes = 0;
    CUCURBIT_CHECK_CUDA(cudaMemGetInfo(&free_bytes, &total_bytes));
    return free_bytes;
}

}  // namespace

std::size_t cuda_device_count() {
    return static_cast<std::size_t>(find_cards().count);
}

std::string why_no_cuda_device() {
    const Cards found = find_cards();
    if (found.count > 0) return {};
    if (found.status == cudaSuccess) return "the driver finds no CUDA device";
    return std::string(cudaGetErrorString(found.status)) + " (" + cudaGetErrorName(found.status) +
           ")";
}

Device cuda_device(std::size_t index) {
    const int card = static_cast<int>(index);
    int current = 0;
    cudaDeviceProp properties;
    CUCURBIT_CHECK_CUDA(cudaGetDeviceProperties(&properties, card));
    CUCURBIT_CHECK_CUDA(cudaGetDevice(&current));
    CUCURBIT_CHECK_CUDA(cudaSetDevice(card));
    Device device;
    device.name = "cuda:" + std::to_string(card);
    device.description = std::string(properties.name) + ", compute capability " +
                         std::to_string(properties.major) + "." + std::to_string(properties.minor) +
                         ", " + std::to_string(properties.multiProcessorCount) + " multiprocessors";
    device.memory_bytes = free_bytes_of_current();
    device.engine_bytes = card::engine_bytes(device.memory_bytes);
    // While one engine's results are read the other one's batch runs.
    device.workers = 2;
    CUCURBIT_CHECK_CUDA(cudaSetDevice(current));
    return device;
}

std::unique_ptr<Engine> make_cuda_engine(std::size_t index) {
    const int card = static_cast<int>(index);
    CUCURBIT_CHECK_CUDA(cudaSetDevice(card));
    return std::make_unique<CudaEngine>(card, card::scratch_bytes(free_bytes_of_current()));
}

}  // namespace cucurbit
