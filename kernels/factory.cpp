// The one place that knows which engines this build has.

#include <algorithm>

#include "cucurbit/engine.hpp"
#include "kernels/cpu/device.hpp"
#include "kernels/cpu/engine.hpp"
#include "kernels/cpu/lapack.hpp"
#include "kernels/devices.hpp"
#if defined(CUCURBIT_CUDA)
#include "kernels/cuda/device.hpp"
#endif

namespace cucurbit {
namespace {

#if !defined(CUCURBIT_CUDA)
std::size_t cuda_device_count() {
    return 0;
}
std::string why_no_cuda_device() {
    return CUCURBIT_WHY_NO_CUDA;
}
Device cuda_device(std::size_t) {
    return {};
}
Device described_cuda_device(std::size_t) {
    return {};
}
std::unique_ptr<Engine> make_cuda_engine(std::size_t, std::size_t) {
    return nullptr;
}
std::string cuda_libraries() {
    return {};
}
#endif

const std::string card_prefix = "cuda:";

std::string card_name(std::size_t index) {
    return card_prefix + std::to_string(index);
}

[[noreturn]] void throw_absent(const std::string& device) {
    std::string there = "cpu";
    for (std::size_t i = 0; i < cuda_device_count(); ++i) there += ", " + card_name(i);
    const std::string why = why_no_cuda_device();
    throw DeviceError("no device '" + device + "' on this machine; there is " + there +
                      (why.empty() ? "" : " (no card: " + why + ")"));
}

/// Indices of the cards that a name stands for, each once; none for the CPU.
std::vector<std::size_t> cards_named(const std::string& name) {
    std::vector<std::size_t> cards;
    const std::size_t count = cuda_device_count();
    if (name == "auto" || name == "cuda") {
        for (std::size_t i = 0; i < count; ++i) cards.push_back(i);
        if (cards.empty() && name == "cuda") throw_absent(name);
        return cards;
    }
    if (name == "cpu") return cards;
    if (!name.starts_with(card_prefix)) throw_absent(name);
    for (std::size_t begin = card_prefix.size(); begin <= name.size();) {
        const std::size_t end = std::min(name.find(',', begin), name.size());
        const std::string wanted = card_prefix + name.substr(begin, end - begin);
        std::size_t card = 0;
        while (card < count && card_name(card) != wanted) ++card;
        if (card == count) throw_absent(wanted);
        if (std::find(cards.begin(), cards.end(), card) == cards.end()) cards.push_back(card);
        begin = end + 1;
    }
    return cards;
}

}  // namespace

std::vector<Device> devices() {
    std::vector<Device> all{cpu_device()};
    for (std::size_t i = 0; i < cuda_device_count(); ++i) all.push_back(cuda_device(i));
    return all;
}

DeviceChoice choose_devices(const std::string& name) {
    DeviceChoice choice;
    for (const std::size_t card : cards_named(name)) {
        choice.devices.push_back(cuda_device(card));
        choice.name += choice.name.empty() ? card_name(card) : "," + std::to_string(card);
    }
    if (choice.devices.empty()) {
        choice.devices.push_back(cpu_device());
        choice.name = choice.devices.front().name;
        if (name == "auto") choice.reason = "no card: " + why_no_cuda_device();
    } else if (name == "auto") {
        choice.reason = "cards come before the cpu";
    }
    return choice;
}

void EngineDeleter::operator()(Engine* engine) const {
    delete engine;
}

EnginePointer make_engine(const std::string& device) {
    const std::vector<std::size_t> cards = cards_named(device);
    return make_engine(cards.empty() ? cpu_device() : cuda_device(cards.front()));
}

EnginePointer make_engine(const Device& device) {
    const std::vector<std::size_t> cards = cards_named(device.name);
    if (cards.empty()) return EnginePointer(new CpuEngine);
    return EnginePointer(make_cuda_engine(cards.front(), device.engine_bytes).release());
}

std::vector<Device> present_cards() {
    std::vector<Device> cards;
    for (std::size_t i = 0; i < cuda_device_count(); ++i) cards.push_back(described_cuda_device(i));
    return cards;
}

std::string libraries_of(const Device& device) {
    return cards_named(device.name).empty() ? lapack::openblas_get_config() : cuda_libraries();
}

}  // namespace cucurbit
