#include "host/studies/covariance.hpp"

#include <cmath>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"
#include "cucurbit/random.hpp"
#include "host/theory/dense.hpp"

namespace cucurbit {
namespace {

double column_product(const DenseMatrix& a, std::size_t j, std::size_t k) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.rows; ++i) sum += a(i, j) * a(i, k);
    return sum;
}

}  // namespace

DenseMatrix seeded_normals(const char* what, std::uint64_t seed, std::size_t rows,
                           std::size_t cols) {
    const Stream stream{hash_text(fmt::format("{} {}", what, seed)), 0, Purpose::rotation};
    std::vector<double> row(cols);
    DenseMatrix matrix(rows, cols);
    for (std::size_t i = 0; i < rows; ++i) {
        draw_normals(stream, 0, i, row);
        for (std::size_t j = 0; j < cols; ++j) matrix(i, j) = row[j];
    }
    return matrix;
}

DenseMatrix random_rotation(std::uint64_t seed, std::size_t dimension) {
    DenseMatrix q = seeded_normals("rotation", seed, dimension, dimension);
    for (std::size_t j = 0; j < dimension; ++j) {
        for (int pass = 0; pass < 2; ++pass)
            for (std::size_t k = 0; k < j; ++k) {
                const double along = column_product(q, j, k);
                for (std::size_t i = 0; i < dimension; ++i) q(i, j) -= along * q(i, k);
            }
        const double length = std::sqrt(column_product(q, j, j));
        for (std::size_t i = 0; i < dimension; ++i) q(i, j) /= length;
    }
    return q;
}

RotatedSpectrum RotatedSpectrum::read(Reader& table, const Grid<std::uint64_t>& p,
                                      const Spectrum& usual) {
    RotatedSpectrum covariance;
    covariance.spectrum_ = table.has("spectrum") ? Spectrum::read(table, "spectrum", p) : usual;
    if (table.has("rotation")) covariance.rotation_ = table.count("rotation", 0, max_feature_seed);
    for (const std::uint64_t dimension : p.values)
        if (covariance.rotation_ && dimension > max_dense_dimension)
            table.fail("rotation", fmt::format("needs p at most {}, but p = {}",
                                               max_dense_dimension, dimension));
    return covariance;
}

DenseMatrix RotatedSpectrum::rotation(std::size_t p) const {
    return random_rotation(rotation_.value(), p);
}

double RotatedSpectrum::square(std::span<const double> b) const {
    const std::vector<double> lambda = spectrum(b.size());
    DenseMatrix turned(b.size(), 1);
    turned.values.assign(b.begin(), b.end());
    if (rotation_) turned = product(rotation(b.size()), true, turned, false);
    double sum = 0.0;
    for (std::size_t i = 0; i < lambda.size(); ++i) sum += lambda[i] * turned(i, 0) * turned(i, 0);
    return sum;
}

DenseMatrix RotatedSpectrum::root(std::size_t p) const {
    const std::vector<double> lambda = spectrum(p);
    DenseMatrix root = rotation_ ? rotation(p) : DenseMatrix(p, p);
    for (std::size_t j = 0; j < p; ++j) {
        if (!rotation_) root(j, j) = 1.0;
        for (std::size_t i = 0; i < p; ++i) root(i, j) *= std::sqrt(lambda[j]);
    }
    return root;
}

DenseMatrix RotatedSpectrum::times(const DenseMatrix& right) const {
    const std::vector<double> lambda = spectrum(right.rows);
    DenseMatrix turned = right;
    // The root of a rotation takes p³.
    if (rotation_ && right.cols > 0) {
        const DenseMatrix rooted = root(right.rows);
        return product(rooted, false, product(rooted, true, right, false), false);
    }
    for (std::size_t j = 0; j < right.cols; ++j)
        for (std::size_t i = 0; i < right.rows; ++i) turned(i, j) *= lambda[i];
    return turned;
}

DenseMatrix RotatedSpectrum::matrix(std::size_t p) const {
    if (rotation_) {
        const DenseMatrix rooted = root(p);
        return product(rooted, false, rooted, true);
    }
    const std::vector<double> lambda = spectrum(p);
    DenseMatrix diagonal(p, p);
    for (std::size_t i = 0; i < p; ++i) diagonal(i, i) = lambda[i];
    return diagonal;
}

std::string RotatedSpectrum::canonical() const {
    return spectrum_.canonical() + (rotation_ ? fmt::format(" rotation={}", *rotation_) : "");
}

}  // namespace cucurbit
