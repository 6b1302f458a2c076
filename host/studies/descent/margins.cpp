#include "host/studies/descent/margins.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace cucurbit {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
/// Of a margin's size: thousands of steps round to less.
constexpr double rounding = 1e-9;

}  // namespace

std::vector<std::size_t> by_margin(const std::vector<double>& margins) {
    std::vector<std::size_t> order(margins.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto is_nan = [](double margin) { return std::isnan(margin); };
    if (std::none_of(margins.begin(), margins.end(), is_nan))
        std::sort(order.begin(), order.end(),
                  [&](std::size_t a, std::size_t b) { return margins[a] < margins[b]; });
    return order;
}

double MarginComparison::mean(const std::vector<double>& of, std::size_t first,
                              std::size_t end) const {
    double sum = 0.0;
    for (std::size_t k = first; k < end; ++k) sum += of[order[k]];
    return sum / static_cast<double>(end - first);
}

/// Zero where the two differ by no more than rounding.
double MarginComparison::gap(std::size_t k) const {
    const double a = teacher[order[k]], b = student[order[k]];
    return std::abs(b - a) <= rounding * std::max(1.0, std::abs(a)) ? 0.0 : b - a;
}

double MarginComparison::share(std::size_t first, std::size_t end, bool below) const {
    double count = 0.0;
    for (std::size_t k = first; k < end; ++k) {
        const double difference = gap(k);
        count += std::isnan(difference) ? missing : below ? difference < 0.0 : difference > 0.0;
    }
    return count / static_cast<double>(end - first);
}

std::pair<double, double> MarginComparison::line() const {
    const double x = mean(teacher, 0, order.size()), y = mean(student, 0, order.size());
    double squares = 0.0, products = 0.0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        squares += (teacher[i] - x) * (teacher[i] - x);
        products += (teacher[i] - x) * (student[i] - y);
    }
    const double slope = products / squares;
    return {slope, y - slope * x};
}

}  // namespace cucurbit
