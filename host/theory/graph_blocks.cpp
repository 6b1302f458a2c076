#include "host/theory/graph_blocks.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cucurbit {

bool have_one_covariance(const GraphRows& a, const GraphRows& b) {
    if (a.spectrum != b.spectrum) return false;
    if (a.moments == b.moments) return true;
    return a.moments && b.moments && a.moments->values().values == b.moments->values().values;
}

std::vector<AlikeRows> alike_rows(const std::vector<GraphRows>& rows, const GraphFit& fit) {
    std::vector<AlikeRows> alike;
    for (std::size_t k = 0; k < fit.rows.size(); ++k) {
        const GraphRows& group = rows[fit.rows[k]];
        const double weight = fit.row_weights.empty() ? 1.0 : fit.row_weights[k];
        auto known = std::find_if(alike.begin(), alike.end(), [&](const AlikeRows& each) {
            return each.weight == weight && have_one_covariance(*each.rows, group);
        });
        if (known == alike.end()) known = alike.insert(known, {&group, weight, 0, {}});
        known->count += group.count;
        known->groups.push_back(fit.rows[k]);
    }
    return alike;
}

template <>
std::vector<Part<double>> parts_of(const GraphFit& fit, double) {
    return {{fit.penalty, 1.0}};
}

/// Talbot's contour for the inverse Laplace transform of 1/(z(z + λ)) at t/n (Weideman 2006,
/// equation 4.5).
template <>
std::vector<Part<std::complex<double>>> parts_of(const GraphFit& fit, double samples) {
    if (fit.time == 0.0) return {{fit.penalty, 1.0}};
    constexpr int count = 16;
    constexpr double nodes = count;
    std::vector<Part<std::complex<double>>> parts;
    for (int k = 0; k < count; ++k) {
        const double angle = (2.0 * k + 1.0) * std::numbers::pi / nodes - std::numbers::pi;
        const double turned = 0.6407 * angle, cotangent = 1.0 / std::tan(turned);
        const std::complex<double> z =
            nodes * std::complex(0.5017 * angle * cotangent - 0.6122, 0.2645 * angle);
        const std::complex<double> slope(
            0.5017 * (cotangent - turned * (1.0 + cotangent * cotangent)), 0.2645);
        parts.push_back(
            {z * samples / fit.time, std::exp(z) * slope / (std::complex(0.0, 1.0) * z)});
    }
    return parts;
}

namespace {

/// Σ̄ of some shares.
template <class T>
std::vector<T> mean_spectrum(const std::vector<RowKind>& kinds, const std::vector<T>& shares) {
    std::vector<T> mean(kinds.front().spectrum.size());
    for (std::size_t k = 0; k < kinds.size(); ++k)
        for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += shares[k] * kinds[k].spectrum[i];
    return mean;
}

/// 1/(Σ̄ + ξ).
template <class T>
std::vector<T> shrinking(const std::vector<RowKind>& kinds, const Shrinkage<T>& by) {
    std::vector<T> values = mean_spectrum(kinds, by.shares);
    for (T& value : values) value = inverted(value + by.xi);
    return values;
}

/// Newton's method for the logarithms of the shares w and of ξ:
///
///     w_k (s/v_k + tr Σ_k(Σ̄ + ξ)⁻¹) = n_k,   Σ w_k = 1,   s ξ = penalty.
///
/// Where nothing is shrunk, s takes the place of ξ = 0.
template <class T>
class FixedPointOfKinds {
public:
    FixedPointOfKinds(const std::vector<RowKind>& kinds, double penalty) : kinds_(kinds) {
        double samples = 0.0, weight = 0.0;
        for (const RowKind& kind : kinds) samples += kind.count;
        for (const RowKind& kind : kinds) {
            found_.shares.emplace_back(kind.count / samples);
            weight += kind.count / samples * kind.weight;
        }
        std::vector<double> mean;
        for (const T& value : mean_spectrum(kinds, found_.shares)) mean.push_back(std::real(value));
        found_.xi = solve_fixed_point(mean, static_cast<std::size_t>(samples), penalty / weight).xi;
        surplus_ = weight * (samples - static_cast<double>(mean.size()));
    }

    /// Of rows that are all alike and the penalty that it was made for; of others what is near it.
    const Shrinkage<T>& found() const { return found_; }
    /// From where it ended for another penalty.
    const Shrinkage<T>& solve(T penalty) {
        constexpr int most_steps = 200;
        constexpr double longest = 1.0, close = 1e-14, rounding = 1e-11;
        double size = 1.0;
        for (int k = 0; k < most_steps && size > close; ++k) {
            const std::vector<T> next = step(penalty);
            const double last = size;
            size = 0.0;
            for (const T& each : next) size = std::max(size, std::abs(each));
            if (!std::isfinite(size)) break;
            // As small as rounding lets them be, steps no longer halve.
            if (size < rounding && size > 0.5 * last) return found_;
            const double part = std::min(1.0, longest / size);
            for (std::size_t j = 0; j < kinds_.size(); ++j)
                found_.shares[j] *= std::exp(part * next[j]);
            (least_squares() ? surplus_ : found_.xi) *= std::exp(part * next.back());
        }
        if (!(size <= close)) throw NoGraphLaw("the fixed point of a fit is not found");
        return found_;
    }

private:
    bool least_squares() const { return found_.xi == T(0.0); }

    std::vector<T> step(T penalty) const {
        const std::size_t count = kinds_.size(), unknowns = count + 1;
        const T surplus = least_squares() ? surplus_ : penalty / found_.xi;
        std::vector<T> traces(count), slopes(count), products(count * count);
        const std::vector<T> shrunk = shrinking(kinds_, found_);
        for (std::size_t i = 0; i < shrunk.size(); ++i) {
            const T square = multiplied(shrunk[i], shrunk[i]);
            for (std::size_t k = 0; k < count; ++k) {
                const double lambda = kinds_[k].spectrum[i];
                traces[k] += lambda * shrunk[i];
                slopes[k] += lambda * square;
                for (std::size_t h = 0; h < count; ++h)
                    products[k * count + h] += lambda * kinds_[h].spectrum[i] * square;
            }
        }
        // Logarithms of both sides' quotients, and their slopes.
        std::vector<T> system(unknowns * unknowns), right(unknowns);
        T all = 0.0;
        for (const T& share : found_.shares) all += share;
        for (std::size_t k = 0; k < count; ++k) {
            const T left_over = surplus / kinds_[k].weight, rows = left_over + traces[k];
            right[k] = -std::log(found_.shares[k] * rows / kinds_[k].count);
            for (std::size_t h = 0; h < count; ++h)
                system[h * unknowns + k] =
                    (k == h ? 1.0 : 0.0) - found_.shares[h] * products[k * count + h] / rows;
            system[count * unknowns + k] =
                (least_squares() ? left_over : -left_over - found_.xi * slopes[k]) / rows;
            system[k * unknowns + count] = found_.shares[k] / all;
        }
        right[count] = -std::log(all);
        if (!solve_in_place(system, right))
            throw NoGraphLaw("the fixed point of a fit is not determined");
        return right;
    }

    const std::vector<RowKind>& kinds_;
    Shrinkage<T> found_;
    T surplus_;  ///< s where nothing is shrunk
};

}  // namespace

template <>
Shrinkage<double> shrinkage(const std::vector<RowKind>& kinds, double penalty) {
    FixedPointOfKinds<double> fixed_point(kinds, penalty);
    return kinds.size() == 1 ? fixed_point.found() : fixed_point.solve(penalty);
}

/// The penalty is turned into the plane from the positive numbers, and the fixed point follows.
template <>
Shrinkage<std::complex<double>> shrinkage(const std::vector<RowKind>& kinds,
                                          std::complex<double> penalty) {
    constexpr int turns = 24;
    const double size = std::abs(penalty), angle = std::arg(penalty);
    FixedPointOfKinds<std::complex<double>> fixed_point(kinds, size);
    if (kinds.size() > 1) fixed_point.solve(size);
    if (angle != 0.0)
        for (int turn = 1; turn <= turns; ++turn)
            fixed_point.solve(std::polar(size, angle * turn / turns));
    return fixed_point.found();
}

/// Ω is the largest eigenvalue of how noise of one kind of rows comes back as noise of another's.
double effective_excess(const std::vector<RowKind>& kinds, double penalty) {
    const Shrinkage<double> by = shrinkage(kinds, penalty);
    const std::vector<double> shrunk = shrinking(kinds, by);
    const std::size_t count = kinds.size();
    double rows = 0.0;
    std::vector<double> handed(count * count);
    for (std::size_t k = 0; k < count; ++k) {
        const double share = by.shares[k] * by.shares[k] / kinds[k].count;
        rows += share;
        for (std::size_t j = 0; j < count; ++j)
            for (std::size_t i = 0; i < shrunk.size(); ++i)
                handed[j * count + k] +=
                    share * kinds[j].spectrum[i] * kinds[k].spectrum[i] * shrunk[i] * shrunk[i];
    }
    std::vector<double> noise(count, 1.0);
    double omega = 0.0;
    constexpr int rounds = 100;
    for (int round = 0; round < rounds; ++round) {
        std::vector<double> back(count);
        for (std::size_t j = 0; j < count; ++j)
            for (std::size_t k = 0; k < count; ++k) back[j] += handed[j * count + k] * noise[k];
        omega = *std::max_element(back.begin(), back.end());
        for (double& each : back) each /= omega;
        noise = back;
    }
    return (1.0 - omega) / rows;
}

bool has_fixed_point(const std::vector<GraphRows>& rows, const GraphFit& fit) {
    const std::vector<AlikeRows> alike = alike_rows(rows, fit);
    if (alike.size() == 1) return true;
    const auto found = [&](const auto& kinds) {
        for (const auto& part :
             parts_of<std::complex<double>>(fit, static_cast<double>(samples_of(fit, rows))))
            shrinkage(kinds, part.penalty);
    };
    try {
        if (rows.front().moments)
            found(Dense<double>::kinds(alike, fit));
        else
            found(Diagonal<double>::kinds(alike, fit));
    } catch (const NoGraphLaw&) {
        return false;
    }
    return true;
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
