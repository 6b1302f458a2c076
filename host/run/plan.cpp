#include "host/run/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "host/run/precision.hpp"

namespace cucurbit {

namespace {

/// Trials in flight of one engine that has no cache to fit: enough to fill a card.
constexpr std::size_t card_batch = 4096;
/// Trials that an engine may compute side by side: a group that is not full costs as much as a full
/// one.
constexpr std::size_t group = 8;
/// So many tasks that one of them is a small part of a worker's time.
constexpr std::uint64_t tasks_per_worker = 16;
constexpr std::size_t mebibyte = std::size_t{1} << 20;

void require_distinct_keys(const Study& study, const std::vector<Design>& designs) {
    std::map<std::uint64_t, const Design*> seen;
    const auto require_new = [&](std::uint64_t key, const Design& design) {
        const auto [other, added] = seen.emplace(key, &design);
        if (!added)
            throw StudyError(
                {study.name, 0, 0},
                fmt::format("two draws share the random key {:016x}: choose another seed. They are "
                            "of the designs '{}' and '{}'",
                            key, other->second->canonical, design.canonical));
    };
    for (const Design& design : designs) {
        require_new(design.key, design);
        for (const std::uint64_t key : design.further_keys) require_new(key, design);
    }
}

/// The batch that fits the worker's cache, at least one trial; a CPU's batch is within one block.
std::size_t wanted_batch(const Design& design, const Device& device, std::uint64_t trials) {
    const std::size_t most = device.cache_bytes == 0 ? std::max(card_batch, design.trials_per_block)
                                                     : design.trials_per_block;
    const std::size_t bytes = std::max<std::size_t>(design.bytes_per_trial, 1);
    const std::size_t fits = device.cache_bytes == 0 ? most : device.cache_bytes / bytes;
    const auto useful = static_cast<std::size_t>(std::min<std::uint64_t>(trials, most));
    const std::size_t batch = std::max<std::size_t>(1, std::min(fits, useful));
    return batch < group ? batch : batch / group * group;
}

/// Largest batch up to `wanted` whose engine memory is within `bytes`; 0 when not even one trial
/// is.
std::size_t affordable_batch(const Design& design, std::size_t wanted, std::size_t bytes) {
    if (design.bytes_per_worker > bytes) return 0;
    if (design.bytes_per_trial == 0) return wanted;
    return std::min(wanted, (bytes - design.bytes_per_worker) / design.bytes_per_trial);
}

}  // namespace

Device find_device(const std::string& name) {
    const std::vector<Device> all = devices();
    std::string names;
    for (const Device& device : all) {
        const bool card = device.name != "cpu";
        if (device.name == name || (card && (name == "auto" || name == "cuda"))) return device;
        names += fmt::format("{}{}", names.empty() ? "" : ", ", device.name);
    }
    if (name == "auto" && !all.empty()) return all.front();
    throw DeviceError(fmt::format("no device '{}' on this machine; there is {}", name, names));
}

std::uint64_t trials_per_task(const Plan::Entry& entry, std::size_t workers,
                              std::uint64_t lacking) {
    const std::uint64_t share = lacking / (tasks_per_worker * workers);
    const std::uint64_t wanted = std::min<std::uint64_t>(share, entry.design.trials_per_block);
    return std::max<std::uint64_t>(1, wanted / entry.batch) * entry.batch;
}

Plan make_plan(const Study& study, const std::string& device_name, std::size_t threads) {
    const Device device = find_device(device_name);
    Plan plan;
    plan.device = device.name;
    plan.workers = std::max<std::size_t>(1, threads != 0 ? threads : device.workers);
    const std::vector<Design> designs = study.setting->designs();
    require_distinct_keys(study, designs);
    std::size_t largest = 0;
    for (const Design& design : designs) {
        Plan::Entry entry;
        entry.trials = first_round(study.precision);
        entry.blocks = (entry.trials + design.trials_per_block - 1) / design.trials_per_block;
        entry.batch = affordable_batch(design, wanted_batch(design, device, entry.trials),
                                       device.memory_bytes);
        if (entry.batch == 0)
            throw DeviceError(
                fmt::format("{} has {} MiB free, one worker needs {} MiB for one trial of '{}'",
                            device.name, device.memory_bytes / mebibyte,
                            (design.bytes_per_worker + design.bytes_per_trial) / mebibyte + 1,
                            design.canonical));
        entry.bytes = design.bytes_per_worker + entry.batch * design.bytes_per_trial;
        largest = std::max(largest, entry.bytes);
        plan.flops += design.flops_per_trial * static_cast<double>(entry.trials);
        entry.design = design;
        plan.entries.push_back(std::move(entry));
    }
    if (largest > 0) plan.workers = std::min(plan.workers, device.memory_bytes / largest);
    plan.peak_bytes = plan.workers * largest;
    return plan;
}

}  // namespace cucurbit
