#include "kernels/cuda/device.hpp"

#include <future>

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

/// On a thread of its own: setting a device makes a context on it, and so would setting the former
/// one again.
std::size_t free_bytes_of(int card) {
    return std::async(std::launch::async,
                      [card] {
                          std::size_t free_bytes = 0, total_bytes = 0;
                          CUCURBIT_CHECK_CUDA(cudaSetDevice(card));
                          CUCURBIT_CHECK_CUDA(cudaMemGetInfo(&free_bytes, &total_bytes));
                          return free_bytes;
                      })
        .get();
}

/// 12060 is 12.6.
std::string cuda_version(int number) {
    return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

template <class Call>
std::string library_version(Call property) {
    std::string text;
    for (const libraryPropertyType part : {MAJOR_VERSION, MINOR_VERSION, PATCH_LEVEL})
        text += (text.empty() ? "" : ".") + std::to_string(property(part));
    return text;
}

}  // namespace

std::size_t cuda_device_count() {
    return static_cast<std::size_t>(find_cards().count);
}

std::string why_no_cuda_device() {
    const Cards found = find_cards();
    if (found.count > 0) return {};
    if (found.status == cudaSuccess) return "the driver finds no CUDA device";
    int driver = 0;
    // CUDA's own text is that the driver is too old.
    if (cudaDriverGetVersion(&driver) == cudaSuccess && driver == 0)
        return "this machine has no NVIDIA driver";
    return std::string(cudaGetErrorString(found.status)) + " (" + cudaGetErrorName(found.status) +
           ")";
}

Device described_cuda_device(std::size_t index) {
    const int card = static_cast<int>(index);
    cudaDeviceProp properties;
    CUCURBIT_CHECK_CUDA(cudaGetDeviceProperties(&properties, card));
    Device device;
    device.name = "cuda:" + std::to_string(card);
    device.description = std::string(properties.name) + ", compute capability " +
                         std::to_string(properties.major) + "." + std::to_string(properties.minor) +
                         ", " + std::to_string(properties.multiProcessorCount) + " multiprocessors";
    device.memory_bytes = properties.totalGlobalMem;
    device.engine_bytes = card::engine_bytes(device.memory_bytes);
    // While one engine's results are read the other one's batch runs.
    device.workers = 2;
    return device;
}

Device cuda_device(std::size_t index) {
    Device device = described_cuda_device(index);
    device.memory_bytes = free_bytes_of(static_cast<int>(index));
    device.engine_bytes = card::engine_bytes(device.memory_bytes);
    return device;
}

std::unique_ptr<Engine> make_cuda_engine(std::size_t index, std::size_t engine_bytes) {
    return std::make_unique<CudaEngine>(static_cast<int>(index),
                                        engine_bytes - card::blas_workspace_bytes);
}

std::string cuda_libraries() {
    int driver = 0, runtime = 0;
    CUCURBIT_CHECK_CUDA(cudaDriverGetVersion(&driver));
    CUCURBIT_CHECK_CUDA(cudaRuntimeGetVersion(&runtime));
    const auto blas = [](libraryPropertyType part) {
        int value = 0;
        CUCURBIT_CHECK_CUBLAS(cublasGetProperty(part, &value));
        return value;
    };
    const auto solver = [](libraryPropertyType part) {
        int value = 0;
        CUCURBIT_CHECK_CUSOLVER(cusolverGetProperty(part, &value));
        return value;
    };
    return "driver " + cuda_version(driver) + ", CUDA runtime " + cuda_version(runtime) +
           ", cuBLAS " + library_version(blas) + ", cuSOLVER " + library_version(solver);
}

}  // namespace cucurbit
