#include "host/run/choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "host/run/functions.hpp"
#include "host/run/plan.hpp"
#include "host/run/precision.hpp"
#include "kernels/devices.hpp"

namespace cucurbit {

namespace {

/// A study of the most trials that this one may ask for.
Study at_most(Study study) {
    const std::uint64_t trials = most_trials(study.precision);
    study.precision.rel_std_err = study.precision.abs_std_err = std::nullopt;
    study.precision.trials = trials;
    return study;
}

/// Of all trials of a study on so many cards that share them, without their start.
double seconds_on_cards(const Study& study, const Device& card, std::size_t cards,
                        std::size_t threads, const Shard& shard) {
    double seconds = 0.0;
    for (const CardPlan& plan : predict(study, figures_of(card), threads, shard))
        seconds += static_cast<double>(plan.trials) / static_cast<double>(plan.batch.trials) *
                   plan.batch.expected_seconds;
    return seconds / static_cast<double>(cards);
}

DeviceChoice choice_of(const std::string& name, std::string reason) {
    DeviceChoice choice = choose_devices(name);
    choice.reason = std::move(reason);
    return choice;
}

}  // namespace

Choice choose(double cpu_seconds, std::size_t cpu_workers, double card_seconds_without_start,
              const std::string& card) {
    const double card_seconds = card_start_seconds + card_seconds_without_start;
    const bool faster = card_seconds < cpu_seconds;
    const std::string cpu = fmt::format("the cpu needs about {:.2g} s with {} worker{}",
                                        cpu_seconds, cpu_workers, cpu_workers == 1 ? "" : "s");
    const std::string on_card = fmt::format("{} at least {:.2g} s, {} s of them to start", card,
                                            card_seconds, card_start_seconds);
    return {faster, cpu + ", " + on_card};
}

Card figures_of(const Device& device) {
    const std::vector<Card>& known = known_cards();
    const auto named = std::find_if(known.begin(), known.end(), [&](const Card& card) {
        return device.description.find(card.name) != std::string::npos;
    });
    Card figures =
        named != known.end()
            ? *named
            : *std::min_element(known.begin(), known.end(), [](const Card& a, const Card& b) {
                  return a.flops_per_second < b.flops_per_second;
              });
    figures.name = device.name;
    figures.memory_bytes = device.memory_bytes;
    return figures;
}

DeviceChoice choose_devices(const Study& study, const std::string& name, std::size_t threads,
                            const Shard& shard) {
    if (!study.setting->functions().empty()) {
        if (name != "auto" && name != "cpu") refuse_functions_on_cards(study);
        return choose_devices("cpu");
    }
    if (name != "auto") return choose_devices(name);
    const std::vector<Device> cards = present_cards();
    if (cards.empty()) return choose_devices(name);
    const Study most = at_most(study);
    const std::string& card = cards.front().name;
    std::size_t workers = 0;
    double cpu_seconds = 0.0;
    try {
        const Plan on_cpu = make_plan(most, choose_devices("cpu"), threads, shard);
        workers = std::max<std::size_t>(on_cpu.workers, 1);
        cpu_seconds = on_cpu.flops / (core_flops_per_second * static_cast<double>(workers));
    } catch (const DeviceError& error) {
        return choice_of("cuda", error.what());
    }
    try {
        double card_seconds = 0.0;  // not asked for where the start alone takes too long
        if (cpu_seconds > card_start_seconds)
            card_seconds = seconds_on_cards(most, cards.front(), cards.size(), threads, shard);
        const Choice choice = choose(cpu_seconds, workers, card_seconds, card);
        return choice_of(choice.card ? "cuda" : "cpu", choice.reason);
    } catch (const DeviceError& error) {
        return choice_of("cpu", error.what());
    }
}

}  // namespace cucurbit
