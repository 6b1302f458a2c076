// The one place that knows which engines this build has.

#include "cucurbit/engine.hpp"
#include "kernels/cpu/device.hpp"
#include "kernels/cpu/engine.hpp"

namespace cucurbit {

std::vector<Device> devices() {
    return {cpu_device()};
}

void EngineDeleter::operator()(Engine* engine) const {
    delete engine;
}

EnginePointer make_engine(const std::string& device) {
    if (device == "cpu" || device == "auto") return EnginePointer(new CpuEngine);
    if (device.starts_with("cuda"))
        throw DeviceError(device + ": this build of cucurbit has no CUDA engine; use cpu");
    throw DeviceError(device + ": no such device; use auto or cpu");
}

}  // namespace cucurbit
