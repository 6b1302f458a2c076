#include "kernels/cpu/device.hpp"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "cucurbit/random.hpp"
#include "kernels/cpu/cores.hpp"
#include "kernels/cpu/lapack.hpp"

namespace cucurbit {
namespace {

/// The text after the colon of the first line that begins with key; empty if there is none.
std::string first_value(const char* file, const std::string& key) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        const auto colon = line.find(':');
        if (!line.starts_with(key) || colon == std::string::npos) continue;
        const auto begin = line.find_first_not_of(" \t", colon + 1);
        return begin == std::string::npos ? "" : line.substr(begin);
    }
    return "";
}

std::size_t available_memory() {
    std::istringstream text(first_value("/proc/meminfo", "MemAvailable"));
    std::size_t kibibytes = 0;
    text >> kibibytes;
    return kibibytes * 1024;
}

}  // namespace

Device cpu_device() {
    const long cache = sysconf(_SC_LEVEL2_CACHE_SIZE);
    Device device;
    device.name = "cpu";
    device.description = first_value("/proc/cpuinfo", "model name") + ", normals " +
                         random_instruction_set() + ", OpenBLAS kernel " +
                         lapack::openblas_get_corename();
    device.memory_bytes = available_memory();
    device.cache_bytes = cache > 0 ? static_cast<std::size_t>(cache) : std::size_t{1} << 20;
    device.workers = usable_cores();
    return device;
}

}  // namespace cucurbit
