#pragma once
// What executes trials.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace cucurbit {

/// Executes batches of trials on one device. One engine per worker thread, never shared.
class Engine;

struct Device {
    std::string name;          ///< "cpu", "cuda:0"
    std::string description;   ///< processor or card, instruction set, BLAS kernel
    std::size_t memory_bytes = 0;  ///< free memory for plans
    std::size_t workers = 1;       ///< engines that run side by side by default
};

/// The device could not be used: absent, out of memory, no driver. The program ends with exit code 5.
class DeviceError;

/// Devices of this machine, the CPU first.
std::vector<Device> devices();

/// An engine on a device named as in devices(). Throws DeviceError by name when it cannot be had.
std::unique_ptr<Engine, void (*)(Engine*)> make_engine(const std::string& device);

}  // namespace cucurbit
