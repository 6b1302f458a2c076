// Costs of a study's designs on a card.

#include <algorithm>
#include <array>
#include <numeric>

#include "cucurbit/costs.hpp"
#include "host/run/count.hpp"
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

/// Adds one call's time to that of what limits it.
void add_seconds(const DeviceCall& call, const Card& card, std::array<double, 3>& seconds) {
    const double at_vector_rate = call.solver_flops + 2.0 * call.draw_flops;
    const std::array<double, 3> each{
        call.product_flops / card.product_flops_per_second + at_vector_rate / card.flops_per_second,
        (call.bytes_read + call.bytes_written) / card.bytes_per_second,
        launch_seconds * static_cast<double>(call.times)};
    const auto* slowest = std::max_element(each.begin(), each.end());
    seconds[static_cast<std::size_t>(slowest - each.begin())] += *slowest;
}

BatchCost cost_of(const std::vector<DeviceCall>& calls, const Card& card) {
    BatchCost cost;
    std::array<double, 3> seconds{};
    for (const DeviceCall& call : calls) {
        cost.flops += call.product_flops + call.solver_flops + call.draw_flops;
        cost.product_flops += call.product_flops;
        cost.bytes += call.bytes_read + call.bytes_written;
        cost.calls += call.times;
        add_seconds(call, card, seconds);
    }
    cost.seconds = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    cost.limit =
        static_cast<Limit>(std::max_element(seconds.begin(), seconds.end()) - seconds.begin());
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
                              Shard shard) {
    const Plan plan =
        make_plan(study, DeviceChoice{card.name, {device_of(card)}, {}}, threads, shard);
    std::vector<CardPlan> plans;
    for (const Plan::Entry& entry : plan.entries) {
        CardPlan on_card;
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
