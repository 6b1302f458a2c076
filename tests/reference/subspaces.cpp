#include "tests/reference/subspaces.hpp"

#include <algorithm>
#include <cmath>

#include "cucurbit/random.hpp"

namespace cucurbit::reference {

Matrix draw_rows(const RowSource& from, std::size_t width) {
    const Stream normals{from.key, from.stage, Purpose::samples};
    const Stream squares{from.key, from.stage, Purpose::chi_square};
    Matrix rows(from.factor ? std::min(from.rows, width) : from.rows, width);
    for (std::size_t i = 0; i < rows.rows(); ++i)
        for (std::size_t j = 0; j < width; ++j) {
            if (from.factor && j < i) continue;
            rows(i, j) = from.factor && j == i
                             ? std::sqrt(draw_chi_square(squares, from.trial, i, from.rows - i))
                             : draw_normal(normals, from.trial, i, j);
        }
    return rows;
}

/// One sample: the features of each row, its value of the truth, and its label noise.
struct SubspaceTrial::Data {
    Matrix weak, strong;
    Vector truth, noise;
};

SubspaceTrial::Data SubspaceTrial::data(bool is_labelled) const {
    const std::size_t first = is_labelled ? pair.weak : pair.strong;
    const std::size_t second = is_labelled ? pair.strong : pair.weak;
    const std::size_t width = pair.joint() + (outside > 0 ? 1 : 0) + 1;
    const Matrix rows = draw_rows(is_labelled ? labelled : pseudo_labelled, width);
    Matrix own(rows.rows(), first), other(rows.rows(), second);
    Vector truth(rows.rows()), noise(rows.rows());
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        for (std::size_t j = 0; j < first; ++j) own(i, j) = rows(i, j);
        std::size_t fresh = first;
        for (std::size_t j = 0; j < second; ++j) {
            const Real c = pair.cosine(j);
            if (j < first) other(i, j) = c * rows(i, j);
            if (c < 1) other(i, j) += std::sqrt(1 - c * c) * rows(i, fresh++);
        }
        const Matrix& weak = is_labelled ? own : other;
        const Matrix& strong = is_labelled ? other : own;
        truth[i] = dot(weak.row(i), along_weak) + dot(strong.row(i), along_strong);
        if (outside > 0) truth[i] += outside * rows(i, width - 2);
        noise[i] = noise_std * rows(i, width - 1);
    }
    return is_labelled ? Data{own, other, truth, noise} : Data{other, own, truth, noise};
}

namespace {

Vector sum(Vector a, const Vector& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
    return a;
}

Vector scaled(const std::vector<double>& values, Real factor) {
    Vector result(values.begin(), values.end());
    for (Real& value : result) value *= factor;
    return result;
}

Real distance(const Vector& a, const Vector& b) {
    Real squares = 0;
    for (std::size_t i = 0; i < a.size(); ++i) squares += (a[i] - b[i]) * (a[i] - b[i]);
    return squares;
}

Matrix stacked(const Matrix& above, const Matrix& below) {
    Matrix all(above.rows() + below.rows(), above.cols());
    for (std::size_t i = 0; i < all.rows(); ++i)
        for (std::size_t j = 0; j < all.cols(); ++j)
            all(i, j) = i < above.rows() ? above(i, j) : below(i - above.rows(), j);
    return all;
}

/// E f = factor · projection of the labels.
Real mean_factor(std::size_t samples, std::size_t features) {
    return samples < features ? Real(samples) / Real(features) : 1;
}

Real condition_of(const Matrix& x) {
    return frobenius_norm(x) * frobenius_norm(MinimumNorm::of_full_rank(x).pseudo_inverse());
}

}  // namespace

std::map<std::string, Real> SubspaceTrial::values() const {
    const Data first = data(true), second = data(false);
    std::map<std::string, Real> values;
    const auto add = [&](const std::string& arm, const Vector& fitted,
                         const std::vector<double>& truth, double unexplained, const Vector& mean) {
        values[arm + " excess_risk"] = distance(fitted, scaled(truth, 1)) + Real(unexplained);
        values[arm + " variance"] = distance(fitted, mean);
    };
    const Vector labels = sum(first.truth, first.noise);
    const Vector weak = MinimumNorm::of_full_rank(first.weak).solve(labels);
    const Real kept = mean_factor(labelled.rows, pair.weak);
    add("weak", weak, pair.weak_truth, pair.weak_unexplained, scaled(pair.weak_truth, kept));
    add("baseline", MinimumNorm::of_full_rank(first.strong).solve(labels), pair.strong_truth,
        pair.strong_unexplained,
        scaled(pair.strong_truth, mean_factor(labelled.rows, pair.strong)));
    Vector all = labels;
    const Vector more = sum(second.truth, second.noise);
    all.insert(all.end(), more.begin(), more.end());
    add("ceiling", MinimumNorm::of_full_rank(stacked(first.strong, second.strong)).solve(all),
        pair.strong_truth, pair.strong_unexplained,
        scaled(pair.strong_truth, mean_factor(labelled.rows + pseudo_labelled.rows, pair.strong)));

    const MinimumNorm student = MinimumNorm::of_full_rank(second.strong);
    const Real map = mean_factor(pseudo_labelled.rows, pair.strong);
    const Vector target = scaled(pair.weak_truth, kept);
    const auto onto_strong = [&](const Vector& along) {
        Vector projected(pair.strong);
        for (std::size_t j = 0; j < std::min(pair.weak, pair.strong); ++j)
            projected[j] = map * Real(pair.cosine(j)) * along[j];
        return projected;
    };
    const Vector mean = onto_strong(target);
    const Vector fitted = student.solve(product(second.weak, weak));
    add("w2s", fitted, pair.strong_truth, pair.strong_unexplained, mean);
    values["w2s in_sample_risk"] =
        in_sample_risk(product(second.strong, fitted), second.truth, second.strong, student);
    Vector deviation = weak;
    for (std::size_t j = 0; j < pair.weak; ++j) deviation[j] -= target[j];
    const Vector inherited = onto_strong(deviation);
    values["w2s variance_inherited"] = dot(inherited, inherited);
    values["w2s variance_discrepancy"] =
        distance(student.solve(product(second.weak, deviation)), inherited);
    values["w2s variance_bias_driven"] =
        distance(student.solve(product(second.weak, target)), mean);
    for (std::size_t j = 0; j < pair.weak; ++j) {
        Vector one(pair.weak, 0);
        one[j] = deviation[j];
        const Vector along = onto_strong(one);
        const std::string angle = "_angle_" + std::to_string(j + 1);
        values["w2s variance_inherited" + angle] = dot(along, along);
        values["w2s variance_discrepancy" + angle] =
            distance(student.solve(product(second.weak, one)), along);
    }
    return values;
}

/// Of a sample that a factor stands for, what lies outside of the features' span counts by its
/// mean.
Real SubspaceTrial::in_sample_risk(const Vector& fitted, const Vector& truth,
                                   const Matrix& features, const MinimumNorm& student) const {
    Vector errors = fitted;
    for (std::size_t i = 0; i < errors.size(); ++i) errors[i] -= truth[i];
    const std::size_t width = pair.joint() + (outside > 0 ? 1 : 0) + 1;
    const Real rows = static_cast<Real>(pseudo_labelled.rows);
    if (!pseudo_labelled.factor && pseudo_labelled.rows <= width) return dot(errors, errors) / rows;
    const Vector spanned = product(features, student.solve(errors));
    const Real free = std::max(rows - static_cast<Real>(pair.strong), Real(0));
    return (dot(spanned, spanned) + free * Real(pair.strong_unexplained)) / rows;
}

Real SubspaceTrial::condition() const {
    const Data first = data(true), second = data(false);
    return std::max({condition_of(first.weak), condition_of(first.strong),
                     condition_of(second.strong),
                     condition_of(stacked(first.strong, second.strong))});
}

}  // namespace cucurbit::reference
