#include "host/run/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "host/run/precision.hpp"

namespace cucurbit {

namespace {

/// Trials in flight of one engine that has no cache to fit: enough to fill a card with the smallest
/// trials.
constexpr std::size_t card_batch = 16384;
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

bool is_card(const Device& device) {
    return device.cache_bytes == 0;
}

/// The batch that fits the worker's cache, at least one trial; a CPU's batch is within one block. A
/// card takes as many trials as fill it, yet so few that every worker has some.
std::size_t wanted_batch(const Design& design, const Device& device, std::uint64_t trials,
                         std::size_t workers) {
    if (is_card(device)) {
        const std::uint64_t share = (trials + workers - 1) / workers;
        return static_cast<std::size_t>(
            std::clamp<std::uint64_t>(share, 1, std::max(card_batch, design.trials_per_block)));
    }
    const std::size_t most = design.trials_per_block;
    const std::size_t bytes = std::max<std::size_t>(design.bytes_per_trial, 1);
    const std::size_t fits = device.cache_bytes / bytes;
    const auto useful = static_cast<std::size_t>(std::min<std::uint64_t>(trials, most));
    const std::size_t batch = std::max<std::size_t>(1, std::min(fits, useful));
    return batch < group ? batch : batch / group * group;
}

/// What one worker's designs may take of a device that it shares with others. A card's memory is
/// divided beforehand, with a tenth left to its driver; on a CPU there are fewer workers instead.
std::size_t worker_bytes(const Device& device, std::size_t workers_on_it) {
    if (!is_card(device)) return device.memory_bytes;
    const std::size_t share = device.memory_bytes / 10 * 9 / workers_on_it;
    return share > device.engine_bytes ? share - device.engine_bytes : 0;
}

/// Largest batch up to `wanted` whose engine memory is within `bytes`; 0 when not even one trial
/// is.
std::size_t affordable_batch(const Design& design, std::size_t wanted, std::size_t bytes) {
    if (design.bytes_per_worker > bytes) return 0;
    if (design.bytes_per_trial == 0) return wanted;
    return std::min(wanted, (bytes - design.bytes_per_worker) / design.bytes_per_trial);
}

/// The device with the least memory: every worker's batch fits it.
const Device& tightest(const std::vector<Device>& devices) {
    return *std::min_element(devices.begin(), devices.end(), [](const Device& a, const Device& b) {
        return a.memory_bytes < b.memory_bytes;
    });
}

}  // namespace

std::uint64_t trials_per_task(const Plan::Entry& entry, std::size_t workers,
                              std::uint64_t lacking) {
    const std::uint64_t share = lacking / (tasks_per_worker * workers);
    const std::uint64_t wanted = std::min<std::uint64_t>(share, entry.design.trials_per_block);
    return std::max<std::uint64_t>(1, wanted / entry.batch) * entry.batch;
}

Plan make_plan(const Study& study, const std::string& device, std::size_t threads, Shard shard) {
    return make_plan(study, choose_devices(device), threads, shard);
}

Plan make_plan(const Study& study, DeviceChoice choice, std::size_t threads, Shard shard) {
    Plan plan;
    plan.device = choice.name;
    plan.devices = std::move(choice.devices);
    plan.reason = std::move(choice.reason);
    const Device& device = tightest(plan.devices);
    const std::size_t on_each = std::max<std::size_t>(1, threads != 0 ? threads : device.workers);
    const std::size_t bytes = worker_bytes(device, on_each);
    plan.workers = on_each * plan.devices.size();
    const std::vector<Design> designs = study.setting->designs();
    require_distinct_keys(study, designs);
    std::size_t largest = 0;
    for (std::size_t i = 0; i < designs.size(); ++i) {
        if (!shard.holds(i)) continue;
        const Design& design = designs[i];
        Plan::Entry entry;
        entry.trials = first_round(study.precision);
        entry.blocks = (entry.trials + design.trials_per_block - 1) / design.trials_per_block;
        entry.batch = affordable_batch(
            design, wanted_batch(design, device, entry.trials, plan.workers), bytes);
        if (entry.batch == 0)
            throw DeviceError(fmt::format(
                "{} has {} MiB for a worker, which needs {} MiB for one trial of '{}'", device.name,
                bytes / mebibyte, (design.bytes_per_worker + design.bytes_per_trial) / mebibyte + 1,
                design.canonical));
        entry.bytes = design.bytes_per_worker + entry.batch * design.bytes_per_trial;
        largest = std::max(largest, entry.bytes);
        plan.flops += design.flops_per_trial * static_cast<double>(entry.trials);
        entry.design = design;
        plan.entries.push_back(std::move(entry));
    }
    if (largest > 0 && !is_card(device))
        plan.workers = std::min(plan.workers, device.memory_bytes / largest);
    plan.peak_bytes = plan.workers * largest;
    return plan;
}

}  // namespace cucurbit
