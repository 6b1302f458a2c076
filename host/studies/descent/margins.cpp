#include "host/studies/descent/margins.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/theory/special.hpp"
#include "kernels/common/sums.hpp"

namespace cucurbit {
namespace {

/// Of a margin's size: thousands of steps round to less.
constexpr double rounding = 1e-9;

}  // namespace

/// Into as many buckets of equal width as there are points, then each bucket for itself.
std::vector<std::uint32_t> by_margin(std::span<const double> margins) {
    const std::size_t count = margins.size();
    std::vector<std::uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0U);
    const auto is_nan = [](double margin) { return std::isnan(margin); };
    if (count == 0 || std::any_of(margins.begin(), margins.end(), is_nan)) return order;
    const auto [least, most] = std::minmax_element(margins.begin(), margins.end());
    const double low = *least, scale = static_cast<double>(count - 1) / (*most - low);
    const auto bucket = [&](std::uint32_t point) {
        const double place = (margins[point] - low) * scale;
        return place > 0.0 ? static_cast<std::size_t>(place) : 0;
    };
    const bool spread = std::isfinite(scale) && scale > 0.0;
    std::vector<std::uint32_t> ends(count + 1, 0);  // of each bucket, moved from its beginning
    if (spread) {
        for (std::uint32_t i = 0; i < count; ++i) ++ends[bucket(i) + 1];
        std::partial_sum(ends.begin(), ends.end(), ends.begin());
        for (std::uint32_t i = 0; i < count; ++i) order[ends[bucket(i)]++] = i;
    }
    const auto sort = [&](std::size_t first, std::size_t end) {
        std::sort(order.begin() + static_cast<std::ptrdiff_t>(first),
                  order.begin() + static_cast<std::ptrdiff_t>(end),
                  [&](std::uint32_t a, std::uint32_t b) {
                      return margins[a] != margins[b] ? margins[a] < margins[b] : a < b;
                  });
    };
    if (!spread) sort(0, count);
    for (std::size_t b = 0, first = 0; spread && b < count; first = ends[b++])
        if (ends[b] - first > 1) sort(first, ends[b]);
    return order;
}

std::vector<double> in_order(std::span<const double> margins,
                             const std::vector<std::uint32_t>& order) {
    std::vector<double> ordered(order.size());
    for (std::size_t k = 0; k < order.size(); ++k) ordered[k] = margins[order[k]];
    return ordered;
}

double MarginComparison::mean(const std::vector<double>& of, std::size_t first, std::size_t end) {
    return sum(of.data() + first, end - first) / static_cast<double>(end - first);
}

/// Gaps that are no more than rounding count as zero.
double MarginComparison::share(std::size_t first, std::size_t end, bool below) const {
    std::size_t count = 0, nans = 0;
    for (std::size_t k = first; k < end; ++k) {
        const double gap = student[k] - teacher[k];
        const bool outside = !(std::abs(gap) <= rounding * std::max(1.0, std::abs(teacher[k])));
        count += outside && (below ? gap < 0.0 : gap > 0.0) ? 1 : 0;
        nans += std::isnan(gap) ? 1 : 0;
    }
    return nans > 0 ? missing : static_cast<double>(count) / static_cast<double>(end - first);
}

std::pair<double, double> MarginComparison::line() const {
    const std::size_t count = teacher.size();
    const double x = mean(teacher, 0, count), y = mean(student, 0, count);
    std::vector<double> squares(count), products(count);
    for (std::size_t i = 0; i < count; ++i) {
        squares[i] = (teacher[i] - x) * (teacher[i] - x);
        products[i] = (teacher[i] - x) * (student[i] - y);
    }
    const double slope = sum(products.data(), count) / sum(squares.data(), count);
    return {slope, y - slope * x};
}

}  // namespace cucurbit
