#include "host/theory/graph_blocks.hpp"

#include <cmath>

namespace cucurbit {

double shrinkage(std::span<const double> spectrum, std::size_t samples, double penalty) {
    return solve_fixed_point(spectrum, samples, penalty).xi;
}

/// The penalty is turned into the plane from the positive numbers, ξ by Newton's method after it.
std::complex<double> shrinkage(std::span<const double> spectrum, std::size_t samples,
                               std::complex<double> penalty) {
    constexpr int turns = 24, most_steps = 50;
    constexpr double close = 1e-14;
    const double size = std::abs(penalty), angle = std::arg(penalty);
    const double xi = solve_fixed_point(spectrum, samples, size).xi;
    if (angle == 0.0) return xi;
    std::complex<double> logarithm = std::log(xi);
    for (int turn = 1; turn <= turns; ++turn) {
        const std::complex<double> at = std::polar(size, angle * turn / turns);
        std::complex<double> step = 1.0;
        for (int k = 0; k < most_steps && std::abs(step) > close; ++k) {
            const std::complex<double> root = std::exp(logarithm);
            std::complex<double> value = at / root - static_cast<double>(samples);
            std::complex<double> slope = -at / root;
            for (const double lambda : spectrum) {
                const std::complex<double> kept = lambda / (lambda + root);
                value += kept;
                slope -= kept * (1.0 - kept);
            }
            step = value / slope;
            logarithm -= step;
        }
        if (!(std::abs(step) <= 1e3 * close))
            throw NoGraphLaw("the fixed point of a gradient flow is not found");
    }
    return std::exp(logarithm);
}

const Eigen& SecondMoments::eigen(std::size_t first, std::size_t count) const {
    std::shared_ptr<const Eigen>& known = known_[{first, count}];
    if (known) return *known;
    constexpr double rounding = 1e-13;
    DenseMatrix seen(count, count);
    for (std::size_t j = 0; j < count; ++j)
        for (std::size_t i = 0; i < count; ++i) seen(i, j) = values_(first + i, first + j);
    Eigen eigen = symmetric_eigen(std::move(seen));
    std::size_t rank = 0;
    while (rank < count && eigen.values[rank] > rounding * eigen.values.front()) ++rank;
    eigen.values.resize(rank);
    eigen.vectors.cols = rank;
    eigen.vectors.values.resize(rank * count);
    known = std::make_shared<const Eigen>(std::move(eigen));
    return *known;
}

}  // namespace cucurbit
