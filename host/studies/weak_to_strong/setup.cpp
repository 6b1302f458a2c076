#include "host/studies/weak_to_strong/run.hpp"

#include <algorithm>
#include <set>

#include "host/studies/points.hpp"
#include "host/studies/weak_to_strong.hpp"

namespace cucurbit {
namespace {

/// Rows×seconds: the second subspace's principal vectors in coordinates that begin with the
/// first's. Then come the second's parts orthogonal to the first, then what lies outside of both.
std::vector<double> directions(const SubspacePair& pair, std::size_t first, std::size_t second,
                               std::size_t rows) {
    std::vector<double> columns(rows * second, 0.0);
    std::size_t fresh = first;
    for (std::size_t j = 0; j < second; ++j) {
        const double cosine = pair.cosine(j);
        if (j < first) columns[j + j * rows] = cosine;
        if (j < first && cosine == 1.0) continue;
        columns[fresh + j * rows] = std::sqrt(pair.discrepancy(j));
        ++fresh;
    }
    return columns;
}

/// Rows×2: the truth in such coordinates, and the last coordinate, label noise.
std::vector<double> truth_and_noise(const std::vector<double>& along_first,
                                    const std::vector<double>& along_second,
                                    const std::vector<double>& second_directions, double outside,
                                    std::size_t rows) {
    std::vector<double> columns(rows * label_vectors, 0.0);
    std::copy(along_first.begin(), along_first.end(), columns.begin());
    for (std::size_t j = 0; j < along_second.size(); ++j)
        for (std::size_t i = 0; i + 1 < rows; ++i)
            columns[i] += second_directions[i + j * rows] * along_second[j];
    if (outside > 0.0) columns[rows - 2] = outside;
    columns[2 * rows - 1] = 1.0;
    return columns;
}

std::vector<double> scaled(std::vector<double> values, double factor) {
    for (double& value : values) value *= factor;
    return values;
}

/// Base vectors a = T f_θ, b = T f_z, t = T P_wθ*, s_θ = U_sᵀf_θ, s_z = U_sᵀf_z, s_t = U_sᵀP_wθ*,
/// g = U_sᵀθ* (f_θ, f_z: the weak fit to noise-free labels and to unit noise) → error vectors: risk
/// (without, with noise), variance, inherited (2), discrepancy (2), bias-driven.
std::vector<double> student_combinations(double weak_mean, double student_mean) {
    enum Base : std::size_t { a, b, t, s_fit, s_noise, s_target, g };
    const double both = weak_mean * student_mean;
    std::vector<double> c(base_vectors * student_errors, 0.0);
    const auto at = [&](Base base, std::size_t error) -> double& {
        return c[base + error * base_vectors];
    };
    at(a, 0) = 1.0, at(g, 0) = -1.0;
    at(b, 1) = 1.0;
    at(a, 2) = 1.0, at(s_target, 2) = -both;
    at(s_fit, 3) = student_mean, at(s_target, 3) = -both;
    at(s_noise, 4) = student_mean;
    at(a, 5) = 1.0, at(t, 5) = -weak_mean, at(s_fit, 5) = -student_mean, at(s_target, 5) = both;
    at(b, 6) = 1.0, at(s_noise, 6) = -student_mean;
    at(t, 7) = weak_mean, at(s_target, 7) = -both;
    return c;
}

bool measures_directions(const Design& design) {
    return std::any_of(design.series.begin(), design.series.end(), [](const Series& series) {
        return series.estimand.find(direction_suffix) != std::string::npos;
    });
}

}  // namespace

WeakToStrongRun::WeakToStrongRun(const WeakToStrongRecipe& recipe, const Design& design,
                                 Engine* engine, std::size_t batch)
    : LadderSimulation(design,
                       [recipe, engine](const Design& restricted) {
                           return std::make_unique<WeakToStrongRun>(recipe, restricted, engine, 1);
                       }),
      recipe_(recipe),
      weak_(recipe.pair.weak),
      strong_(recipe.pair.strong),
      width_(recipe.pair.joint() + (recipe.truth.outside > 0.0 ? 1 : 0) + 1),
      directions_(measures_directions(design) ? recipe.pair.weak : 0),
      workspace_(engine, batch, design.bytes_per_matrix) {
    collect_samples();
    make_rows();
    make_fits();
    make_constants();
    make_pairs();
    if (directions_ > 0) make_fluctuations();
    for (std::size_t s = 0; s < design.series.size(); ++s) readings_.push_back(reading(s));
}

void WeakToStrongRun::collect_samples() {
    std::set<std::uint64_t> samples, pseudo_samples;
    const auto value = [](const Point& point, WeakToStrong::Parameter which) {
        return static_cast<std::uint64_t>(point.parameters[which]);
    };
    for (const Point& point : design().points) {
        samples.insert(value(point, WeakToStrong::n));
        pseudo_samples.insert(value(point, WeakToStrong::n_pseudo));
    }
    samples_.assign(samples.begin(), samples.end());
    pseudo_samples_.assign(pseudo_samples.begin(), pseudo_samples.end());
    for (const Point& point : design().points) {
        const auto i = std::distance(samples.begin(), samples.find(value(point, WeakToStrong::n)));
        const auto k = std::distance(pseudo_samples.begin(),
                                     pseudo_samples.find(value(point, WeakToStrong::n_pseudo)));
        const auto added = pair_of_.try_emplace({i, k}, pairs_.size()).second;
        if (added) pairs_.push_back({static_cast<std::size_t>(i), static_cast<std::size_t>(k), {}});
    }
}

void WeakToStrongRun::make_rows() {
    RowRequest request;
    request.sampler = recipe_.sampler;
    request.key = design().key;
    request.width = width_;
    request.sizes = samples_;
    request.seen = recipe_.pair.joint();
    for (const std::uint64_t n : samples_)
        request.keys.push_back(factor_key(recipe_.seed, design(), "n", n));
    labelled_.emplace(workspace_, request);
    request.stage = 1;
    request.sizes = pseudo_samples_;
    request.seen = strong_;
    request.keys.clear();
    for (const std::uint64_t n : pseudo_samples_)
        request.keys.push_back(factor_key(recipe_.seed, design(), "n_pseudo", n));
    pseudo_labelled_.emplace(workspace_, request);
}

void WeakToStrongRun::make_fits() {
    std::vector<std::size_t> weak, baseline, student, ceiling;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
        weak.push_back(labelled_->columns_for(i, weak_));
        baseline.push_back(labelled_->columns(i));
        strong_samples_.push_back(workspace_.matrix(baseline[i], strong_ + label_vectors));
    }
    for (std::size_t k = 0; k < pseudo_samples_.size(); ++k)
        student.push_back(pseudo_labelled_->columns_for(k, strong_));
    for (const Pair& pair : pairs_)
        ceiling.push_back(baseline[pair.labelled] + student[pair.pseudo_labelled]);
    const auto most = [](const std::vector<std::size_t>& rows) {
        return *std::max_element(rows.begin(), rows.end());
    };
    const std::size_t student_labels = label_vectors * samples_.size() + 1 + directions_;
    const bool triangular = labelled_->all_triangular(weak_);
    weak_fit_.emplace(workspace_, weak_, label_vectors, weak, triangular);
    baseline_fit_.emplace(workspace_, strong_, label_vectors, baseline);
    student_fit_.emplace(workspace_, strong_, student_labels, student);
    ceiling_fit_.emplace(workspace_, strong_, label_vectors, ceiling);
    // Features, then labels: no features where their triangle is solved as it is drawn.
    weak_sample_ = workspace_.matrix(most(weak), (triangular ? 0 : weak_) + label_vectors);
    student_sample_ = workspace_.matrix(most(student), strong_ + student_labels);
    ceiling_sample_ = workspace_.matrix(most(ceiling), strong_ + label_vectors);
    weak_fits_ = workspace_.matrix(weak_, label_vectors * samples_.size());
    turned_ = workspace_.matrix(label_vectors * samples_.size(), width_);
    student_labels_ = workspace_.matrix(width_, student_labels);
    base_ = workspace_.matrix(strong_, base_vectors);
    turned_base_ = workspace_.matrix(base_vectors, strong_);
    errors_ = workspace_.matrix(std::max(weak_, strong_), student_errors);
    in_sample_ = workspace_.matrix(width_, label_vectors);
    in_sample_errors_ = workspace_.matrix(most(student), label_vectors);
    results_ = workspace_.matrix(first_direction(pseudo_samples_.size()), 1);
    if (directions_ == 0) return;
    direction_pairs_ = workspace_.matrix(strong_, 2 * weak_);
    turned_pairs_ = workspace_.matrix(2 * weak_, strong_);
    fluctuation_ = workspace_.matrix(strong_, weak_);
    turned_fluctuation_ = workspace_.matrix(weak_, strong_);
}

void WeakToStrongRun::make_constants() {
    const SubspacePair& pair = recipe_.pair;
    const SubspaceTruth& truth = recipe_.truth;
    std::vector<double> strong, weak, turned_weak, labelled, pseudo, target;
    if (!workspace_.counting()) {
        strong = directions(pair, weak_, strong_, width_);
        weak = directions(pair, strong_, weak_, width_);
        labelled = truth_and_noise(truth.weak, truth.strong, strong, truth.outside, width_);
        pseudo = truth_and_noise(truth.strong, truth.weak, weak, truth.outside, width_);
        target.assign(width_, 0.0);
        turned_weak.resize(width_ * weak_);
        for (std::size_t j = 0; j < weak_; ++j)
            for (std::size_t i = 0; i < width_; ++i) {
                target[i] += weak[i + j * width_] * pair.weak_truth[j];
                turned_weak[j + i * weak_] = weak[i + j * width_];
            }
    }
    strong_features_ = workspace_.shared(strong, width_, strong_);
    weak_directions_ = workspace_.shared(turned_weak, weak_, width_);
    labelled_truth_ = workspace_.shared(labelled, width_, label_vectors);
    pseudo_labelled_truth_ = workspace_.shared(pseudo, width_, label_vectors);
    weak_target_ = workspace_.shared(target, width_, 1);
    if (directions_ > 0) all_directions_ = workspace_.shared(weak, width_, weak_);
    weak_truth_ = workspace_.shared(pair.weak_truth, weak_, 1);
    strong_truth_ = workspace_.shared(pair.strong_truth, strong_, 1);
    const std::size_t most = std::max(errors_.rows, in_sample_errors_.rows);
    ones_ = workspace_.shared(std::vector<double>(most, 1.0), most, 1);
}

void WeakToStrongRun::make_pairs() {
    const SubspacePair& pair = recipe_.pair;
    for (const std::uint64_t n : samples_) {
        const WeakToStrongLaw law = weak_to_strong_law(pair, n, 1, 0.0);
        weak_means_.push_back(
            workspace_.shared(scaled(pair.weak_truth, law.weak.mean_factor), weak_, 1));
        strong_means_.push_back(
            workspace_.shared(scaled(pair.strong_truth, law.baseline.mean_factor), strong_, 1));
    }
    for (Pair& each : pairs_) {
        const WeakToStrongLaw law = weak_to_strong_law(pair, samples_[each.labelled],
                                                       pseudo_samples_[each.pseudo_labelled], 0.0);
        ceiling_means_.push_back(
            workspace_.shared(scaled(pair.strong_truth, law.ceiling.mean_factor), strong_, 1));
        each.combinations = workspace_.shared(
            student_combinations(law.weak.mean_factor, law.w2s.mean_factor / law.weak.mean_factor),
            base_vectors, student_errors);
    }
}

void WeakToStrongRun::make_fluctuations() {
    for (const std::uint64_t pseudo_rows : pseudo_samples_) {
        const RiskLaw student = weak_to_strong_law(recipe_.pair, weak_, pseudo_rows, 0.0).w2s;
        std::vector<double> difference(2 * weak_ * weak_, 0.0);
        for (std::size_t j = 0; j < weak_; ++j) {
            difference[j + j * 2 * weak_] = 1.0;
            difference[weak_ + j + j * 2 * weak_] = -student.mean_factor;
        }
        fluctuations_.push_back(workspace_.shared(difference, 2 * weak_, weak_));
    }
}

}  // namespace cucurbit
