#include "host/cli/card_plans.hpp"

#include <limits>

#include "cucurbit/engine.hpp"
#include "host/cli/talk.hpp"

namespace cucurbit::cli {

namespace {

constexpr const char* number_names[] = {
    "flops_per_trial",        "traffic_per_trial", "flops_per_batch",
    "traffic_per_batch",      "calls_per_batch",   "expected_seconds_per_1000_trials",
    "seconds_per_1000_trials"};

}  // namespace

void CardPlanTable::add(std::size_t design, const std::string& card, const CardPlan& plan) {
    add_row(design, card, predicted, plan,
            plan.batch.seconds / static_cast<double>(plan.batch.trials),
            limit_name(plan.batch.limit));
}

void CardPlanTable::add_measured(const Plan& plan, std::size_t entry, double seconds_per_trial) {
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    CardPlan on_card;
    on_card.device_bytes = plan.workers * plan.entries[entry].bytes;
    on_card.host_bytes = plan.workers * plan.entries[entry].host_bytes;
    on_card.batch.trials = plan.entries[entry].batch;
    add_row(plan.entries[entry].index + 1, plan.device, "measured now", on_card, seconds_per_trial,
            "");
    for (std::size_t i = 0; i + 1 < std::size(numbers_); ++i) numbers_[i].back() = unknown;
}

void CardPlanTable::add_row(std::size_t design, const std::string& card, const char* basis,
                            const CardPlan& plan, double seconds_per_trial,
                            const std::string& limit) {
    const BatchCost& batch = plan.batch;
    const auto trials = static_cast<double>(batch.trials);
    designs_.push_back(static_cast<std::int64_t>(design));
    batches_.push_back(static_cast<std::int64_t>(batch.trials));
    bytes_.push_back(static_cast<std::int64_t>(plan.device_bytes));
    host_bytes_.push_back(static_cast<std::int64_t>(plan.host_bytes));
    cards_.push_back(card);
    bases_.emplace_back(basis);
    limits_.push_back(limit);
    const double values[] = {batch.flops / trials,
                             batch.bytes / trials,
                             batch.flops,
                             batch.bytes,
                             static_cast<double>(batch.calls),
                             1000.0 * batch.expected_seconds / trials,
                             1000.0 * seconds_per_trial};
    for (std::size_t i = 0; i < std::size(values); ++i) numbers_[i].push_back(values[i]);
}

std::vector<Column> CardPlanTable::columns() const {
    std::vector<Column> result{{"design", designs_},     {"card", cards_},
                               {"basis", bases_},        {"batch", batches_},
                               {"device_bytes", bytes_}, {"host_bytes", host_bytes_}};
    for (std::size_t i = 0; i < std::size(numbers_); ++i)
        result.push_back({number_names[i], numbers_[i]});
    result.push_back({"limit", limits_});
    return result;
}

void add_predictions(const Study& study, const Shard& shard, std::size_t threads,
                     CardPlanTable& table) {
    std::string lacking;
    bool any = false;
    for (const Card& card : known_cards()) {
        try {
            const std::vector<CardPlan> plans = predict(study, card, threads, shard);
            for (const CardPlan& plan : plans) table.add(plan.design + 1, card.name, plan);
            any = true;
        } catch (const DeviceError& error) {
            lacking = error.what();
            say(lacking);
        }
    }
    if (!any) throw DeviceError(lacking);
}

}  // namespace cucurbit::cli
