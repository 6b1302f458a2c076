#pragma once
// What the nodes of a graph of fits make of rows: the blocks that its law is written in.

#include <algorithm>
#include <complex>
#include <cstddef>
#include <span>
#include <vector>

#include "cucurbit/graph.hpp"
#include "host/theory/dense.hpp"

namespace cucurbit {

/// Likewise 1/x.
inline double inverted(double x) {
    return 1.0 / x;
}
inline std::complex<double> inverted(std::complex<double> x) {
    const double square = x.real() * x.real() + x.imag() * x.imag();
    return {x.real() / square, -x.imag() / square};
}

/// A fit's rows, those of one spectrum and weight together.
struct AlikeRows {
    const GraphRows* rows;  ///< one of the groups
    double weight;          ///< of their squares
    std::size_t count;      ///< of all of them
    std::vector<std::size_t> groups;
};

/// Equal spectra, and equal moments where rows have them.
bool have_one_covariance(const GraphRows& a, const GraphRows& b);
std::vector<AlikeRows> alike_rows(const std::vector<GraphRows>& rows, const GraphFit& fit);

/// What the fixed point of a fit takes from rows that are alike.
struct RowKind {
    std::span<const double> spectrum;  ///< of the fit's features
    double count, weight;
};
/// of(group): the eigenvalues of what the fit sees of these rows.
template <class SpectrumOf>
std::vector<RowKind> row_kinds(const std::vector<AlikeRows>& rows, SpectrumOf of) {
    std::vector<RowKind> kinds;
    for (const AlikeRows& each : rows)
        kinds.push_back({of(*each.rows), static_cast<double>(each.count), each.weight});
    return kinds;
}

/// A ridge fit with its share in an estimator.
template <class T>
struct Part {
    T penalty, weight;
};
/// What a fit is Σ weight · (XᵀX + penalty)⁻¹Xᵀy of: itself, or of complex numbers as many as the
/// contour of a flow has. samples: all its rows.
template <class T>
std::vector<Part<T>> parts_of(const GraphFit& fit, double samples);
/// A flow's parts give it to this share of t/n (measured: 7.6e-8), whatever the eigenvalues.
constexpr double contour_error = 1e-7;

/// How a fit shrinks its features: those of Σ̄ = Σ share · Σ_k over the kinds of its rows, by ξ.
template <class T>
struct Shrinkage {
    T xi;
    std::vector<T> shares;  ///< of each kind; their sum is one
};

/// docs/theory.md, "Graphs of fits", rows of several kinds. Throws NoGraphLaw where it is not
/// found.
template <class T>
Shrinkage<T> shrinkage(const std::vector<RowKind>& kinds, T penalty);

/// n(1 − Ω) as in FixedPoint, where rows are not alike of a fit on as many rows as these count for.
double effective_excess(const std::vector<RowKind>& kinds, double penalty);

/// Products of finite numbers: without the standard's care for infinite ones, at a third of the
/// time.
inline double multiplied(double x, double y) {
    return x * y;
}
inline std::complex<double> multiplied(std::complex<double> x, std::complex<double> y) {
    return {x.real() * y.real() - x.imag() * y.imag(), x.real() * y.imag() + x.imag() * y.real()};
}

/// What a node makes of rows with diagonal covariances, of which it sees leading coordinates: all
/// p×p blocks are diagonal, [p], or empty where zero.
template <class T>
class Diagonal {
public:
    using Scalar = T;
    using Block = std::vector<T>;

    Diagonal(const std::vector<AlikeRows>& rows, const GraphFit& fit, T penalty)
        : shrinkage_(cucurbit::shrinkage(kinds(rows, fit), penalty)),
          b_(rows.front().rows->spectrum.size()) {
        for (std::size_t i = 0; i < fit.features; ++i) {
            T sum = shrinkage_.xi;
            for (std::size_t k = 0; k < rows.size(); ++k)
                sum += shrinkage_.shares[k] * rows[k].rows->spectrum[i];
            b_[i] = 1.0 / sum;
        }
    }

    static std::size_t width(const GraphRows& rows) { return rows.spectrum.size(); }
    static std::vector<RowKind> kinds(const std::vector<AlikeRows>& rows, const GraphFit& fit) {
        return row_kinds(rows, [&](const GraphRows& group) {
            return std::span(group.spectrum).first(fit.features);
        });
    }
    const Shrinkage<T>& shrinkage() const { return shrinkage_; }
    const Block& b() const { return b_; }
    /// Adds Σ x, Σ of `rows`, to `seen`.
    static void see(const GraphRows& rows, Block x, Block& seen) {
        for (std::size_t i = 0; i < x.size(); ++i) x[i] *= rows.spectrum[i];
        if (seen.empty()) seen.swap(x);
        for (std::size_t i = 0; i < x.size(); ++i) seen[i] += x[i];
    }
    /// −B x of what was seen.
    Block shrunk(Block x) const {
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = -multiplied(b_[i], x[i]);
        return x;
    }
    /// tr Σ x, Σ: of `rows`.
    T trace(const GraphRows& rows, const Block& x) const {
        T trace = 0.0;
        for (std::size_t i = 0; i < x.size(); ++i) trace += rows.spectrum[i] * x[i];
        return trace;
    }
    /// x Σ β, β: [p].
    std::vector<T> times(const Block& x, const GraphRows& rows,
                         std::span<const double> beta) const {
        std::vector<T> product(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) product[i] = x[i] * rows.spectrum[i] * beta[i];
        return product;
    }
    /// S x Σ, S: of `test`.
    Block turned(const GraphRows& test, const Block& x, const GraphRows& rows) const {
        Block product(x.size());
        for (std::size_t i = 0; i < x.size(); ++i)
            product[i] = test.spectrum[i] * rows.spectrum[i] * x[i];
        return product;
    }
    static std::vector<T> turned(const GraphRows& test, std::vector<T> mean) {
        for (std::size_t i = 0; i < mean.size(); ++i) mean[i] *= test.spectrum[i];
        return mean;
    }
    /// take(i, x(i, j) y(i, j)) for all entries of x and of a block that was turned.
    template <class Take>
    void for_products(const Block& x, const Block& y, Take take) const {
        for (std::size_t i = 0; i < x.size(); ++i) take(i, multiplied(x[i], y[i]));
    }

private:
    Shrinkage<T> shrinkage_;
    Block b_;
};

/// f(x) for a real linear f, of the real and the imaginary part where x has both.
template <class F>
std::vector<double> by_parts(const std::vector<double>& x, F f) {
    return f(x);
}
template <class F>
std::vector<std::complex<double>> by_parts(const std::vector<std::complex<double>>& x, F f) {
    std::vector<double> real, imaginary;
    for (const std::complex<double>& each : x) {
        real.push_back(each.real());
        imaginary.push_back(each.imag());
    }
    real = f(real);
    imaginary = f(imaginary);
    std::vector<std::complex<double>> both;
    for (std::size_t i = 0; i < real.size(); ++i) both.emplace_back(real[i], imaginary[i]);
    return both;
}

/// The same of any second moments: D rows, and as columns the node's features; D×D once turned.
template <class T>
class Dense {
public:
    using Scalar = T;
    using Block = std::vector<T>;

    Dense(const std::vector<AlikeRows>& rows, const GraphFit& fit, T penalty)
        : moments_(rows.front().rows->moments->values()),
          first_(fit.first),
          count_(fit.features),
          eigen_(rows.front().rows->moments->eigen(fit.first, fit.features)),
          shrinkage_(cucurbit::shrinkage(kinds(rows, fit), penalty)) {
        const DenseMatrix rotation = transposed(eigen_.vectors);
        b_ = shrunk_by_values({rotation.values.begin(), rotation.values.end()});
    }

    static std::size_t width(const GraphRows& rows) { return rows.moments->values().rows; }
    static std::vector<RowKind> kinds(const std::vector<AlikeRows>& rows, const GraphFit& fit) {
        const GraphRows& first = *rows.front().rows;
        return row_kinds(rows, [&](const GraphRows& group) {
            if (!have_one_covariance(group, first))
                throw NoGraphLaw("a fit of features or rotated rows has rows of several kinds");
            return std::span(first.moments->eigen(fit.first, fit.features).values);
        });
    }
    const Shrinkage<T>& shrinkage() const { return shrinkage_; }
    const Block& b() const { return b_; }
    void see(const GraphRows& rows, const Block& x, Block& seen) const {
        if (x.empty()) return;
        const Block more = by_parts(x, [&](const std::vector<double>& part) {
            return product(own_rows(rows.moments->values()), false, matrix(part, moments_.rows),
                           false)
                .values;
        });
        seen.resize(more.size());
        for (std::size_t k = 0; k < more.size(); ++k) seen[k] += more[k];
    }
    Block shrunk(const Block& x) const {
        if (x.empty()) return x;
        Block y = by_parts(x, [&](const std::vector<double>& part) {
            return product(eigen_.vectors, true, matrix(part, count_), false).values;
        });
        for (T& value : y) value = -value;
        return shrunk_by_values(std::move(y));
    }
    T trace(const GraphRows& rows, const Block& x) const {
        T trace = 0.0;
        for (std::size_t k = 0; k < x.size(); ++k)
            trace += rows.moments->values().values[first_ * width(rows) + k] * x[k];
        return trace;
    }
    std::vector<T> times(const Block& x, const GraphRows& rows,
                         std::span<const double> beta) const {
        std::vector<double> seen(count_);
        for (std::size_t j = 0; j < beta.size(); ++j)
            for (std::size_t i = 0; i < count_; ++i)
                seen[i] += rows.moments->values()(first_ + i, j) * beta[j];
        std::vector<T> product(x.empty() ? 0 : width(rows));
        for (std::size_t k = 0; k < x.size(); ++k)
            product[k % width(rows)] += x[k] * seen[k / width(rows)];
        return product;
    }
    Block turned(const GraphRows& test, const Block& x, const GraphRows& rows) const {
        if (x.empty()) return x;
        return by_parts(x, [&](const std::vector<double>& part) {
            const DenseMatrix tested =
                product(test.moments->values(), false, matrix(part, width(rows)), false);
            return product(tested, false, own_rows(rows.moments->values()), false).values;
        });
    }
    static std::vector<T> turned(const GraphRows& test, const std::vector<T>& mean) {
        return by_parts(mean, [&](const std::vector<double>& part) {
            return product(test.moments->values(), false, matrix(part, part.size()), false).values;
        });
    }
    template <class Take>
    void for_products(const Block& x, const Block& y, Take take) const {
        for (std::size_t k = 0; k < x.size(); ++k)
            take(k % moments_.rows, multiplied(x[k], y[first_ * moments_.rows + k]));
    }

private:
    static DenseMatrix matrix(const std::vector<double>& values, std::size_t rows) {
        DenseMatrix matrix;
        matrix.rows = rows;
        matrix.cols = values.size() / rows;
        matrix.values = values;
        return matrix;
    }
    DenseMatrix own_rows(const DenseMatrix& of) const {
        DenseMatrix rows(count_, of.cols);
        for (std::size_t j = 0; j < of.cols; ++j)
            for (std::size_t i = 0; i < count_; ++i) rows(i, j) = of(first_ + i, j);
        return rows;
    }
    /// V (values + ξ)⁻¹ y as D rows, y: a row for each eigenvalue.
    Block shrunk_by_values(Block y) const {
        const std::size_t rank = eigen_.values.size();
        for (std::size_t k = 0; k < y.size(); ++k) y[k] /= eigen_.values[k % rank] + shrinkage_.xi;
        const Block rows = by_parts(y, [&](const std::vector<double>& part) {
            return product(eigen_.vectors, false, matrix(part, rank), false).values;
        });
        Block block(rows.size() / count_ * moments_.rows);
        for (std::size_t k = 0; k < rows.size(); ++k)
            block[k / count_ * moments_.rows + first_ + k % count_] = rows[k];
        return block;
    }

    const DenseMatrix& moments_;
    std::size_t first_, count_;
    const Eigen& eigen_;  ///< of the moments of the node's features
    Shrinkage<T> shrinkage_;
    Block b_;
};

}  // namespace cucurbit
