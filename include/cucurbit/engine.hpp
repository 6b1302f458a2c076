#pragma once
// What executes trials.

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace cucurbit {

/// Executes batches of trials on one device (kernels/contract.hpp). One engine per worker thread,
/// never shared.
class Engine;

struct Device {
    std::string name;              ///< "cpu", "cuda:0"
    std::string description;       ///< processor or card, instruction set, BLAS kernel
    std::size_t memory_bytes = 0;  ///< free now
    std::size_t cache_bytes =
        0;                    ///< of one worker; a batch that fits it is fastest. 0: no such limit
    std::size_t workers = 1;  ///< engines that run side by side by default
    std::size_t engine_bytes = 0;  ///< memory of one engine beside what a design asks for
};

/// The device cannot be used: absent, no driver, out of memory. The program ends with exit code 5.
class DeviceError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The devices of this machine, the CPU first.
std::vector<Device> devices();

/// What a user's name for devices stands for.
struct DeviceChoice {
    std::string name;             ///< "cpu", "cuda:0", "cuda:0,2"
    std::vector<Device> devices;  ///< the CPU, or one or more cards
    std::string reason;           ///< why these, where the name left it open
};

/// name: "auto" (every card, or else the CPU), "cpu", "cuda" (every card) or "cuda:I,J". Throws
/// DeviceError, which says what there is.
DeviceChoice choose_devices(const std::string& name);

struct EngineDeleter {
    void operator()(Engine* engine) const;
};
using EnginePointer = std::unique_ptr<Engine, EngineDeleter>;

/// An engine on the first device that the name stands for (choose_devices), to be used by the
/// calling thread alone. Throws DeviceError by name when it cannot be had.
EnginePointer make_engine(const std::string& device);

}  // namespace cucurbit
