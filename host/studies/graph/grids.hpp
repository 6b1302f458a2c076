#pragma once
// The parameters of a graph's points: grids of their own, or tied to one that stands before them.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/config/reader.hpp"

namespace cucurbit {

class GraphGrids {
public:
    /// A place among the parameters of a point.
    using Place = std::size_t;

    /// The grid under `key` of `table` as the parameter that tables call `column`, or { per =
    /// OTHER, ratio = GRID } (each ratio times the other), { with = OTHER, values = GRID } (the
    /// other's first value goes with the first of these, and so on) or { with = OTHER } (the same
    /// value). OTHER: the path of a parameter that was added before, or "p".
    Place add(const std::string& column, Reader& table, std::string_view key, Bounds bounds);
    /// The same, or "optimal": a number that is chosen at every point by what then is known of it,
    /// and NaN in points(). Nothing can be tied to it.
    Place add_free(const std::string& column, Reader& table, std::string_view key, Bounds bounds);
    /// The same of whole numbers, to which ratios are rounded; at_most_p: each value is at most its
    /// point's p.
    Place add_counts(const std::string& column, Reader& table, std::string_view key,
                     std::uint64_t low, std::uint64_t high, bool at_most_p = false);
    /// A parameter of one value that no study writes.
    Place add_one(const std::string& column, double value);
    /// The dimensions p: the first parameter, of which every value is a design.
    void add_dimensions(std::vector<std::uint64_t> p);

    /// Refuses tied values out of bounds and, at `key` of the root, too many points.
    void check(const Reader& root, std::string_view key) const;

    std::vector<std::string> columns() const;
    std::vector<bool> whole() const;
    bool optimal(Place place) const { return grids_[place].optimal; }
    /// Throws StudyError where an optimal number is written.
    [[noreturn]] void fail(Place place, const std::string& message) const {
        grids_[place].where.fail(message);
    }
    const std::vector<double>& dimensions() const { return grids_.front().values; }
    /// All points of the design of dimension number `p`, the last parameter varying fastest.
    std::vector<std::vector<double>> points(std::size_t p) const;

private:
    struct Grid {
        std::string column, path;
        bool whole = false, at_most_p = false, optimal = false;
        Bounds bounds;
        std::vector<double> values;  ///< its own; none: what it is tied to says
        std::optional<Place> per, ratio, with;
        Reader::Item where;  ///< of one that is tied or optimal
        bool tied() const { return per || with; }
    };

    Place add(Grid grid, Reader& table, std::string_view key);
    Place append(Grid grid, const Reader& table, std::string_view key);
    void tie(Grid& grid, Reader& table);
    static std::vector<double> values_of(const Grid& grid, Reader& table, std::string_view key);
    Place named(Reader& table, std::string_view key) const;
    std::size_t size(Place place) const;
    static double value(const Grid& grid, std::size_t index, const std::vector<double>& before);
    void check(const std::vector<double>& point) const;

    std::vector<Grid> grids_;
};

}  // namespace cucurbit
