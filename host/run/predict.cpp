// Costs of a study's designs on a card.

#include <algorithm>
#include <array>
#include <numeric>

#include "cucurbit/costs.hpp"
#include "host/run/count.hpp"
#include "host/run/functions.hpp"
#include "host/run/plan.hpp"
#include "kernels/card/engine.hpp"

namespace cucurbit {

namespace {

/// As the CUDA engine describes a card whose memory is all free.
Device device_of(const Card& card) {
    Device device;
    device.name = card.name;
    device.memory_bytes = card.memory_bytes;
    device.engine_bytes = card::engine_bytes(card.memory_bytes);
    device.workers = 2;
    return device;
}

/// Seconds of one batch by what limits them: the time of each call is that of the slowest.
std::array<double, 3> seconds_of(const std::vector<DeviceCall>& calls, const Card& card,
                                 const Shares& shares) {
    std::array<double, 3> seconds{};
    for (const DeviceCall& call : calls) {
        const double flops =
            call.product_flops / (shares.products * card.product_flops_per_second) +
            call.solver_flops / (shares.linear_algebra * card.flops_per_second) +
            2.0 * call.draw_flops / (shares.normals * card.flops_per_second);
        const std::array<double, 3> each{
            flops,
            (call.bytes_read + call.bytes_written) / (shares.bandwidth * card.bytes_per_second),
            launch_seconds * static_cast<double>(call.times)};
        const auto* slowest = std::max_element(each.begin(), each.end());
        seconds[static_cast<std::size_t>(slowest - each.begin())] += *slowest;
    }
    return seconds;
}

BatchCost cost_of(const std::vector<DeviceCall>& calls, const Card& card) {
    BatchCost cost;
    for (const DeviceCall& call : calls) {
        cost.flops += call.product_flops + call.solver_flops + call.draw_flops;
        cost.product_flops += call.product_flops;
        cost.bytes += call.bytes_read + call.bytes_written;
        cost.calls += call.times;
    }
    const auto sum = [](const std::array<double, 3>& seconds) {
        return std::accumulate(seconds.begin(), seconds.end(), 0.0);
    };
    const std::array<double, 3> least = seconds_of(calls, card, {});
    cost.seconds = sum(least);
    cost.expected_seconds = sum(seconds_of(calls, card, measured_shares));
    cost.limit = static_cast<Limit>(std::max_element(least.begin(), least.end()) - least.begin());
    return cost;
}

}  // namespace

const char* limit_name(Limit limit) {
    switch (limit) {
        case Limit::flops:
            return "flops";
        case Limit::bandwidth:
            return "bandwidth";
        case Limit::launches:
            return "launches";
    }
    return "";
}

std::vector<CardPlan> predict(const Study& study, const Card& card, std::size_t threads,
                              const Shard& shard) {
    refuse_functions_on_cards(study);
    const Plan plan =
        make_plan(study, DeviceChoice{card.name, {device_of(card)}, {}}, threads, shard);
    std::vector<CardPlan> plans;
    for (const Plan::Entry& entry : plan.entries) {
        CardPlan on_card;
        on_card.design = entry.index;
        on_card.trials = entry.trials;
        const std::size_t scratch = card::scratch_bytes(card.memory_bytes);
        on_card.batch =
            cost_of(count_batch(*study.setting, entry.design, entry.batch, scratch).calls, card);
        on_card.batch.trials = entry.batch;
        on_card.device_bytes = plan.workers * (entry.bytes + card::engine_bytes(card.memory_bytes));
        on_card.host_bytes = plan.workers * entry.host_bytes;
        plans.push_back(on_card);
    }
    return plans;
}

}  // namespace cucurbit
