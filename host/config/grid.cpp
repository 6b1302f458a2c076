// Grids: a scalar, a list, { range = [first, last, step] }, { linspace = [first, last], count = k }
// or { logspace = [first, last], count = k }.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "host/config/messages.hpp"
#include "host/config/reader_state.hpp"

namespace cucurbit {

double decimal(long double value) {
    const std::string digits = fmt::format("{:.14e}", value);
    double rounded = 0.0;
    std::from_chars(digits.data(), digits.data() + digits.size(), rounded);
    return rounded;
}

namespace {

constexpr std::size_t longest_grid = 100'000;

/// The bounds of one grid's numbers and how its elements are read.
struct Numbers {
    using Value = double;
    Bounds bounds;
    std::string allowed() const { return allowed_numbers(bounds); }
    bool contains(double value) const { return within(value, bounds); }
};
struct Counts {
    using Value = std::uint64_t;
    std::uint64_t low, high;
    std::string allowed() const { return allowed_counts(low, high); }
    bool contains(std::uint64_t value) const { return value >= low && value <= high; }
};

/// `count` values with equal gaps, or equal ratios, between neighbours.
std::vector<double> spread(double first, double last, std::size_t count, bool ratios) {
    const long double from = ratios ? std::log(static_cast<long double>(first)) : first;
    const long double to = ratios ? std::log(static_cast<long double>(last)) : last;
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) {
        const long double part = static_cast<long double>(i) / static_cast<long double>(count - 1);
        const long double value = from + (to - from) * part;
        if (ratios)
            values[i] = decimal(std::exp(value));
        else
            values[i] = std::abs(value) < 1e-15L * (to - from) ? 0.0 : decimal(value);
    }
    values.front() = first;
    values.back() = last;
    return values;
}

/// One grid of one key, of numbers or of counts.
template <class Kind>
class GridParser {
    using Value = typename Kind::Value;

public:
    GridParser(const Reader::State& state, std::string_view key, Kind kind)
        : state_(state), key_(key), kind_(kind) {}

    Grid<Value> parse() {
        const toml::node& node = state_.get(key_);
        const Position position = state_.document->position(node.source());
        if (const toml::array* array = node.as_array()) return {list(*array), position};
        if (const toml::table* table = node.as_table()) return {formula(*table), position};
        return {{element(node, "", kind_)}, position};
    }

private:
    double element(const toml::node& node, std::string_view what, const Numbers& kind) const {
        return state_.number(node, key_, what, kind.bounds);
    }
    std::uint64_t element(const toml::node& node, std::string_view what, const Counts& kind) const {
        return state_.count(node, key_, what, kind.low, kind.high);
    }

    void refuse_length(const toml::node& node, const std::string& length) const {
        state_.refuse(
            node.source(), key_,
            fmt::format("a grid of {} values; allowed: at most {}", length, longest_grid));
    }

    std::vector<Value> list(const toml::array& array) const {
        if (array.empty())
            state_.refuse(array.source(), key_, "empty grid; allowed: " + kind_.allowed());
        if (array.size() > longest_grid) refuse_length(array, std::to_string(array.size()));
        std::vector<Value> values;
        values.reserve(array.size());
        for (const toml::node& node : array)
            values.push_back(element(node, fmt::format("element {}: ", values.size() + 1), kind_));
        refuse_duplicates(array, values);
        return values;
    }

    void refuse_duplicates(const toml::array& array, const std::vector<Value>& values) const {
        std::vector<std::size_t> order(values.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
        std::size_t again = values.size(), first = 0;
        for (std::size_t i = 1; i < order.size(); ++i) {
            if (values[order[i]] != values[order[i - 1]] || order[i] >= again) continue;
            again = order[i];
            first = order[i - 1];
        }
        if (again == values.size()) return;
        state_.refuse(array[again].source(), key_,
                      fmt::format("element {} repeats element {}; a grid's values are distinct",
                                  again + 1, first + 1));
    }

    std::vector<Value> formula(const toml::table& table) const {
        const Reader reader(state_.document, &table, state_.full(key_));
        std::string form;
        for (const char* name : {"range", "linspace", "logspace"}) {
            if (!reader.has(name)) continue;
            if (!form.empty()) reader.fail(name, "contradicts " + form + "; a grid is one of them");
            form = name;
        }
        if (form.empty()) {
            reader.has("count");
            reader.finish();
            reader.fail("",
                        "allowed: { range = [first, last, step] }, { linspace = [first, last], "
                        "count = k } or { logspace = [first, last], count = k }");
        }
        if (form != "range" && !reader.has("count"))
            reader.fail("count", "missing; " + form + " needs it");
        reader.finish();
        return form == "range" ? stepped(ends(table, form, 3))
                               : spaced(ends(table, form, 2), table, form == "logspace");
    }

    const toml::array& ends(const toml::table& table, std::string_view name,
                            std::size_t size) const {
        const toml::node& node = *table.get(name);
        const toml::array* array = node.as_array();
        if (!array || array->size() != size)
            state_.refuse(node.source(), key_,
                          fmt::format("{} is not allowed; allowed: {}", described(node),
                                      size == 3 ? "range = [first, last, step]"
                                                : std::string(name) + " = [first, last]"));
        return *array;
    }

    void refuse_order(const toml::array& array) const {
        state_.refuse(array[1].source(), key_,
                      fmt::format("last value {} is not above the first, {}", described(array[1]),
                                  described(array[0])));
    }
    void refuse_step(const toml::array& array) const {
        state_.refuse(array[2].source(), key_,
                      fmt::format("step {} does not lead from {} to {}; last - first must be a "
                                  "whole number of steps",
                                  described(array[2]), described(array[0]), described(array[1])));
    }

    std::vector<Value> stepped(const toml::array& array) const {
        const Value first = element(array[0], "first value ", kind_);
        const Value last = element(array[1], "last value ", kind_);
        if (!(first < last)) refuse_order(array);
        if constexpr (std::is_same_v<Value, std::uint64_t>) {
            const std::uint64_t step =
                state_.count(array[2], key_, "step ", 1, std::uint64_t{1} << 62);
            if ((last - first) % step != 0) refuse_step(array);
            const std::uint64_t steps = (last - first) / step;
            if (steps >= longest_grid) refuse_length(array, fmt::format("{}", steps + 1));
            std::vector<Value> values(steps + 1);
            for (std::uint64_t i = 0; i <= steps; ++i) values[i] = first + i * step;
            return values;
        } else {
            const double step = state_.number(array[2], key_, "step ", positive);
            const double steps = (last - first) / step;
            if (!(steps < static_cast<double>(longest_grid)))
                refuse_length(array, fmt::format("{:.0f}", steps + 1));
            if (std::abs(steps - std::round(steps)) > 1e-9 || std::round(steps) < 1)
                refuse_step(array);
            return spread(first, last, static_cast<std::size_t>(std::round(steps)) + 1, false);
        }
    }

    std::vector<Value> spaced(const toml::array& array, const toml::table& table,
                              bool ratios) const {
        const Value first = element(array[0], "first value ", kind_);
        const Value last = element(array[1], "last value ", kind_);
        const auto from = static_cast<double>(first), to = static_cast<double>(last);
        if (ratios && !(from > 0.0))
            state_.refuse(array[0].source(), key_,
                          fmt::format("first value {} of a logspace; allowed: a number > 0",
                                      described(array[0])));
        if (!(first < last)) refuse_order(array);
        const Reader::State inside{state_.document, &table, state_.full(key_), {}, {}};
        const std::uint64_t count = inside.count(inside.get("count"), "count", "", 2, longest_grid);
        std::vector<Value> values;
        for (const double value : spread(from, to, count, ratios)) {
            Value next = static_cast<Value>(value);
            if constexpr (std::is_same_v<Value, std::uint64_t>)
                next = std::min(last, static_cast<Value>(std::round(value)));
            if (values.empty() || next != values.back()) values.push_back(next);
        }
        values.back() = last;
        return values;
    }

    const Reader::State& state_;
    std::string_view key_;
    Kind kind_;
};

}  // namespace

Grid<double> Reader::numbers(std::string_view key, Bounds bounds) {
    return state_->attempt(Grid<double>{{placeholder(bounds)}, position()},
                           [&] { return GridParser<Numbers>(*state_, key, {bounds}).parse(); });
}

Grid<std::uint64_t> Reader::counts(std::string_view key, std::uint64_t low, std::uint64_t high) {
    return state_->attempt(Grid<std::uint64_t>{{low}, position()}, [&] {
        return GridParser<Counts>(*state_, key, {low, high}).parse();
    });
}

}  // namespace cucurbit
