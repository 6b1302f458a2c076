#include "host/run/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "host/run/count.hpp"
#include "host/run/kept.hpp"
#include "host/run/precision.hpp"
#include "host/run/shares.hpp"
#include "kernels/card/engine.hpp"

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

/// Memory that a design takes of one worker, whatever the batch and for each trial of it.
struct Need {
    std::size_t fixed = 0;
    std::size_t per_trial = 0;
};

/// Largest batch up to `wanted` whose memory is within `bytes`; 0 when not even one trial is.
std::size_t affordable_batch(const Need& need, std::size_t wanted, std::size_t bytes) {
    if (need.fixed > bytes) return 0;
    if (need.per_trial == 0) return wanted;
    return std::min(wanted, (bytes - need.fixed) / need.per_trial);
}

[[noreturn]] void throw_too_large(const std::string& device, const Design& design, const Need& need,
                                  std::size_t bytes) {
    throw DeviceError(fmt::format(
        "{} has {} MiB for a worker, which needs {} MiB for one trial of "
        "'{}'",
        device, bytes / mebibyte, (need.fixed + need.per_trial) / mebibyte + 1, design.canonical));
}

/// The device with the least memory: every worker's batch fits it.
const Device& tightest(const std::vector<Device>& devices) {
    return *std::min_element(devices.begin(), devices.end(), [](const Device& a, const Device& b) {
        return a.memory_bytes < b.memory_bytes;
    });
}

/// The host's results of a card's batch.
Need host_need(const Setting& setting, const Design& design) {
    return {0, count_batch(setting, design, 1, card::scratch_bytes(0)).host_bytes_per_trial};
}

/// The most trials of a design that one engine call computes, and what that takes.
Plan::Entry plan_design(const Study& study, Design design, std::vector<TrialRange> share,
                        const Plan& plan, const Device& device, std::size_t bytes,
                        std::size_t host_bytes) {
    Plan::Entry entry;
    entry.share = std::move(share);
    entry.trials = count_trials(entry.share);
    entry.blocks = count_blocks(entry.trials, block_trials(study.precision, design));
    entry.whole = is_first_round(entry.share, study.precision);
    // Later rounds of a run to a precision are larger, and a card needs them whole.
    const std::uint64_t trials =
        is_card(device) && entry.whole ? most_trials(study.precision) : entry.trials;
    const Need need{design.bytes_per_worker, design.bytes_per_trial};
    entry.batch = affordable_batch(need, wanted_batch(design, device, trials, plan.workers), bytes);
    if (entry.batch == 0) throw_too_large(device.name, design, need, bytes);
    if (is_card(device)) {
        const Need on_host = host_need(*study.setting, design);
        const std::size_t each = host_bytes / plan.workers;
        entry.batch = affordable_batch(on_host, entry.batch, each);
        if (entry.batch == 0) throw_too_large("the host of " + device.name, design, on_host, each);
        entry.host_bytes = entry.batch * on_host.per_trial;
    }
    entry.bytes = need.fixed + entry.batch * need.per_trial;
    entry.design = std::move(design);
    return entry;
}

}  // namespace

std::uint64_t trials_per_task(const Plan::Entry& entry, std::size_t workers,
                              std::uint64_t lacking) {
    const std::uint64_t share = lacking / (tasks_per_worker * workers);
    const std::uint64_t wanted = std::min<std::uint64_t>(share, entry.design.trials_per_block);
    const std::uint64_t whole = std::max<std::uint64_t>(1, wanted / entry.batch) * entry.batch;
    const std::uint64_t each = (lacking + workers - 1) / workers;
    return std::min(whole, std::max<std::uint64_t>(1, (each + group - 1) / group) * group);
}

Plan make_plan(const Study& study, const std::string& device, std::size_t threads,
               const Shard& shard) {
    const std::size_t host_bytes = choose_devices("cpu").devices.front().memory_bytes / 10 * 9;
    return make_plan(study, choose_devices(study, device, threads, shard), threads, shard,
                     host_bytes);
}

Plan make_plan(const Study& study, DeviceChoice choice, std::size_t threads, const Shard& shard,
               std::size_t host_bytes) {
    Plan plan;
    plan.device = choice.name;
    plan.devices = std::move(choice.devices);
    plan.reason = std::move(choice.reason);
    const Device& device = tightest(plan.devices);
    const std::size_t on_each = std::max<std::size_t>(1, threads != 0 ? threads : device.workers);
    const std::size_t bytes = worker_bytes(device, on_each);
    plan.workers = on_each * plan.devices.size();
    std::vector<Design> designs = study.setting->designs();
    require_distinct_keys(study, designs);
    plan.disk = stored_bytes(study, designs);
    std::size_t largest = 0, largest_on_host = 0;
    std::vector<std::vector<TrialRange>> trials = shares(study, designs, shard);
    for (std::size_t i = 0; i < designs.size(); ++i) {
        if (trials[i].empty()) continue;
        plan.entries.push_back(plan_design(study, std::move(designs[i]), std::move(trials[i]), plan,
                                           device, bytes, host_bytes));
        Plan::Entry& entry = plan.entries.back();
        entry.index = i;
        largest = std::max(largest, entry.bytes);
        largest_on_host = std::max(largest_on_host, entry.host_bytes);
        plan.flops += entry.design.flops_per_trial * static_cast<double>(entry.trials);
    }
    if (largest > 0 && !is_card(device))
        plan.workers = std::min(plan.workers, device.memory_bytes / largest);
    plan.peak_bytes = plan.workers * largest;
    plan.host_peak_bytes = plan.workers * largest_on_host;
    return plan;
}

}  // namespace cucurbit
