#pragma once
// Iterated descents along the data's leading eigenvectors: teachers' paths, and students beside
// them at equal progress.

#include <cstdint>
#include <vector>

#include "host/studies/descent/grid.hpp"

namespace cucurbit {

/// Steps at which a path is recorded: all up to 32, then 2 % apart, and the last.
std::vector<std::uint64_t> path_steps(std::uint64_t last);

/// Lengths of the projections of models on the leading eigenvectors.
class DescentPaths {
public:
    /// recorded: path_steps of the teachers.
    DescentPaths(const DescentSpec& spec, const DescentGrid& grid, std::size_t recorded);

    /// path: [recorded][disturbance][output][direction], ends: [column][output][direction], the
    /// weights along `directions` eigenvectors, ascending in their eigenvalue; lengths: of the
    /// vectors, [direction]. Fills in projections, ratios, violations and matched.
    void measure(const double* path, const double* ends, const std::vector<double>& lengths,
                 std::vector<double>& values) const;

private:
    /// Where on a path a projection is first as long: between two records.
    struct Place {
        std::size_t record;
        double share;
        bool reached;
    };
    using Path = std::vector<std::vector<double>>;  ///< [direction][record], from zero on

    std::vector<double> projections(const double* weights,
                                    const std::vector<double>& lengths) const;
    static Place find(const std::vector<double>& path, double length);
    void compare(const Path& teacher, std::size_t student, std::vector<double>& values) const;

    const DescentGrid& grid_;
    std::size_t outputs_, directions_, recorded_;
    std::size_t projection_, ratio_;
};

}  // namespace cucurbit
