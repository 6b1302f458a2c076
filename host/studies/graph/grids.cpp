#include "host/studies/graph/grids.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "host/config/messages.hpp"

namespace cucurbit {
namespace {

constexpr double most_points = 1e6;

}  // namespace

void GraphGrids::add_dimensions(std::vector<std::uint64_t> p) {
    Grid grid;
    grid.column = grid.path = "p";
    grid.whole = true;
    grid.values.assign(p.begin(), p.end());
    grids_.push_back(std::move(grid));
}

GraphGrids::Place GraphGrids::add_one(const std::string& column, double value) {
    Grid grid;
    grid.column = column;
    grid.values = {value};
    grids_.push_back(std::move(grid));
    return grids_.size() - 1;
}

GraphGrids::Place GraphGrids::add(const std::string& column, Reader& table, std::string_view key,
                                  Bounds bounds) {
    Grid grid;
    grid.column = column;
    grid.bounds = bounds;
    return add(std::move(grid), table, key);
}

GraphGrids::Place GraphGrids::add_free(const std::string& column, Reader& table,
                                       std::string_view key, Bounds bounds) {
    if (!table.is_text(key)) return add(column, table, key, bounds);
    if (const std::string text = table.text(key); text != "optimal")
        table.fail(key, fmt::format("text {} is not allowed{}; allowed: {}, or \"optimal\"",
                                    in_quotes(text), suggestion(text, {"optimal"}),
                                    allowed_numbers(bounds)));
    Grid grid;
    grid.column = column;
    grid.path = table.path(key);
    grid.optimal = true;
    grid.values = {std::numeric_limits<double>::quiet_NaN()};
    grid.where.position = table.position(key);
    grid.where.path = grid.path;
    return append(std::move(grid), table, key);
}

GraphGrids::Place GraphGrids::add_counts(const std::string& column, Reader& table,
                                         std::string_view key, std::uint64_t low,
                                         std::uint64_t high, bool at_most_p) {
    Grid grid;
    grid.column = column;
    grid.whole = true;
    grid.at_most_p = at_most_p;
    grid.bounds = {static_cast<double>(low), static_cast<double>(high)};
    return add(std::move(grid), table, key);
}

GraphGrids::Place GraphGrids::add(Grid grid, Reader& table, std::string_view key) {
    grid.path = table.path(key);
    if (table.is_table(key)) {
        Reader tied = table.table(key);
        if (tied.has("per") || tied.has("with")) {
            grid.where.position = table.position(key);
            grid.where.path = grid.path;
            tie(grid, tied);
            tied.finish();
            return append(std::move(grid), table, key);
        }
    }
    grid.values = values_of(grid, table, key);
    return append(std::move(grid), table, key);
}

GraphGrids::Place GraphGrids::append(Grid grid, const Reader& table, std::string_view key) {
    const std::vector<std::string> known = columns();
    const bool taken = std::find(known.begin(), known.end(), grid.column) != known.end();
    if (taken || grid.column == "n_trials" || grid.column == "n_failed")
        table.fail(key, fmt::format("the table has another column {}: choose another name",
                                    in_quotes(grid.column)));
    grids_.push_back(std::move(grid));
    return grids_.size() - 1;
}

void GraphGrids::tie(Grid& grid, Reader& table) {
    if (table.has("per")) {
        grid.per = named(table, "per");
        Grid ratio;
        ratio.column = grid.column + "/" + grids_[*grid.per].column;
        ratio.path = table.path("ratio");
        ratio.values = table.numbers("ratio", positive).values;
        grid.ratio = append(std::move(ratio), table, "ratio");
        return;
    }
    grid.with = named(table, "with");
    if (!table.has("values")) return;
    grid.values = table.is_table("values") ? values_of(grid, table, "values")
                                           : table.list("values", grid.bounds);
    if (grid.values.size() != size(*grid.with))
        table.fail("values", fmt::format("{} values beside the {} of {}", grid.values.size(),
                                         size(*grid.with), grids_[*grid.with].path));
}

std::vector<double> GraphGrids::values_of(const Grid& grid, Reader& table, std::string_view key) {
    if (!grid.whole) return table.numbers(key, grid.bounds).values;
    const std::vector<std::uint64_t> counts =
        table
            .counts(key, static_cast<std::uint64_t>(grid.bounds.low),
                    static_cast<std::uint64_t>(grid.bounds.high))
            .values;
    return {counts.begin(), counts.end()};
}

GraphGrids::Place GraphGrids::named(Reader& table, std::string_view key) const {
    const std::string name = table.text(key);
    std::vector<std::string> known;
    for (const Grid& grid : grids_) {
        if (!grid.optimal && !grid.path.empty()) known.push_back(grid.path);
        if (grid.optimal && grid.path == name)
            table.fail(key,
                       fmt::format("{} is optimal: nothing can be tied to it", in_quotes(name)));
    }
    if (std::find(known.begin(), known.end(), name) == known.end())
        table.fail(key, fmt::format("unknown grid {}{}; allowed are those before this one: {}",
                                    in_quotes(name), suggestion(name, known), joined(known)));
    return static_cast<Place>(std::find_if(grids_.begin(), grids_.end(),
                                           [&](const Grid& grid) { return grid.path == name; }) -
                              grids_.begin());
}

/// How many values a parameter takes where nothing that it is tied to changes but by its index.
std::size_t GraphGrids::size(Place place) const {
    const Grid& grid = grids_[place];
    if (grid.with) return size(*grid.with);
    return grid.per ? size(*grid.ratio) : grid.values.size();
}

double GraphGrids::value(const Grid& grid, std::size_t index, const std::vector<double>& before) {
    if (!grid.values.empty()) return grid.values[index];
    if (grid.with) return before[*grid.with];
    const double product = before[*grid.ratio] * before[*grid.per];
    return grid.whole ? std::round(product) : decimal(product);
}

std::vector<std::vector<double>> GraphGrids::points(std::size_t p) const {
    std::size_t count = 1;
    for (std::size_t k = 1; k < grids_.size(); ++k)
        if (!grids_[k].tied()) count *= grids_[k].values.size();
    std::vector<std::vector<double>> all(count);
    std::vector<std::size_t> index(grids_.size(), p);
    for (std::size_t number = 0; number < count; ++number) {
        std::size_t rest = number;
        for (std::size_t k = grids_.size(); --k > 0;) {
            if (grids_[k].tied()) continue;
            index[k] = rest % grids_[k].values.size();
            rest /= grids_[k].values.size();
        }
        std::vector<double>& point = all[number];
        point.reserve(grids_.size());
        for (std::size_t k = 0; k < grids_.size(); ++k) {
            if (grids_[k].tied())
                index[k] = index[grids_[k].with ? *grids_[k].with : *grids_[k].ratio];
            point.push_back(value(grids_[k], index[k], point));
        }
    }
    return all;
}

void GraphGrids::check(const Reader& root, std::string_view key) const {
    double count = 1.0;
    for (const Grid& grid : grids_)
        if (!grid.tied()) count *= static_cast<double>(grid.values.size());
    if (count > most_points)
        root.fail(key, fmt::format("the grids make {:.3g} points together; allowed: at most "
                                   "{:.0f}",
                                   count, most_points));
    if (std::none_of(grids_.begin(), grids_.end(), [](const Grid& grid) { return grid.tied(); }))
        return;
    for (std::size_t p = 0; p < dimensions().size(); ++p)
        for (const std::vector<double>& point : points(p)) check(point);
}

void GraphGrids::check(const std::vector<double>& point) const {
    for (std::size_t k = 1; k < grids_.size(); ++k) {
        const Grid& grid = grids_[k];
        if (!grid.tied()) continue;
        Bounds bounds = grid.bounds;
        if (grid.at_most_p) bounds.high = point.front();
        if (within(point[k], bounds) && (!grid.whole || point[k] == std::floor(point[k]))) continue;
        const Place other = grid.per ? *grid.per : *grid.with;
        grid.where.fail(fmt::format(
            "{} where {} is {}; allowed: {}", point[k], grids_[other].path, point[other],
            grid.whole ? allowed_counts(static_cast<std::uint64_t>(bounds.low),
                                        static_cast<std::uint64_t>(bounds.high))
                       : allowed_numbers(bounds)));
    }
}

std::vector<std::string> GraphGrids::columns() const {
    std::vector<std::string> all;
    for (const Grid& grid : grids_) all.push_back(grid.column);
    return all;
}

std::vector<bool> GraphGrids::whole() const {
    std::vector<bool> all;
    for (const Grid& grid : grids_) all.push_back(grid.whole);
    return all;
}

}  // namespace cucurbit
