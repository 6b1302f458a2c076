#include "host/studies/weak_to_strong_run.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"
#include "host/studies/weak_to_strong.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t supervised_products = 5;
constexpr std::size_t student_products = 12;
constexpr std::size_t base_vectors = 7;
constexpr std::size_t student_errors = 8;
constexpr std::size_t label_vectors = 2;  // noise-free labels of the truth, unit label noise

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

std::uint64_t factor_key(std::uint64_t seed, const Design& design, const char* what,
                         std::uint64_t rows) {
    return hash_text(fmt::format("{} {} {}={}", seed, design.canonical, what, rows));
}

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
      workspace_(engine, batch, design.bytes_per_trial) {
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
    weak_fit_.emplace(workspace_, weak_, label_vectors, weak);
    baseline_fit_.emplace(workspace_, strong_, label_vectors, baseline);
    student_fit_.emplace(workspace_, strong_, student_labels, student);
    ceiling_fit_.emplace(workspace_, strong_, label_vectors, ceiling);
    weak_sample_ = workspace_.matrix(most(weak), weak_ + label_vectors);
    student_sample_ = workspace_.matrix(most(student), strong_ + student_labels);
    ceiling_sample_ = workspace_.matrix(most(ceiling), strong_ + label_vectors);
    weak_fits_ = workspace_.matrix(weak_, label_vectors * samples_.size());
    turned_ = workspace_.matrix(label_vectors * samples_.size(), width_);
    student_labels_ = workspace_.matrix(width_, student_labels);
    base_ = workspace_.matrix(strong_, base_vectors);
    turned_base_ = workspace_.matrix(base_vectors, strong_);
    errors_ = workspace_.matrix(std::max(weak_, strong_), student_errors);
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
    ones_ = workspace_.shared(std::vector<double>(errors_.rows, 1.0), errors_.rows, 1);
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

std::size_t WeakToStrongRun::first_result_of_pair(std::size_t pair) const {
    return 2 * supervised_products * samples_.size() +
           (supervised_products + student_products) * pair;
}

WeakToStrongRun::Reading WeakToStrongRun::reading(std::size_t series) const {
    const Series& of = design().series[series];
    const Point& point = design().points[of.point];
    const auto position = [](const std::vector<std::uint64_t>& sizes, double size) {
        return static_cast<std::size_t>(
            std::lower_bound(sizes.begin(), sizes.end(), static_cast<std::uint64_t>(size)) -
            sizes.begin());
    };
    const std::size_t i = position(samples_, point.parameters[WeakToStrong::n]);
    const std::size_t k = position(pseudo_samples_, point.parameters[WeakToStrong::n_pseudo]);
    const std::size_t pair = pair_of_.at({i, k});
    const std::size_t labelled = 2 * supervised_products * i, both = first_result_of_pair(pair);
    const bool risk = of.estimand == "excess_risk";
    Reading reading;
    reading.noise_std = point.parameters[WeakToStrong::noise_std];
    reading.labelled = i;
    const auto supervised = [&](std::size_t first, double unexplained) {
        return risk ? Form{first, first + 1, first + 2, unexplained}
                    : Form{first + 3, first + 4, first + 2, 0.0};
    };
    if (of.arm == "weak") {
        reading.form = supervised(labelled, recipe_.pair.weak_unexplained);
        reading.fits = {{&*weak_fit_, i}};
        return reading;
    }
    if (of.arm == "baseline") {
        reading.form = supervised(labelled + supervised_products, recipe_.pair.strong_unexplained);
        reading.fits = {{&*baseline_fit_, i}};
        return reading;
    }
    reading.pseudo_labelled = k;
    if (of.arm == "ceiling") {
        reading.form = supervised(both, recipe_.pair.strong_unexplained);
        reading.fits = {{&*ceiling_fit_, pair}};
        return reading;
    }
    const std::size_t first = both + supervised_products;
    reading.fits = {{&*weak_fit_, i}, {&*student_fit_, k}};
    if (risk || of.estimand == "variance")
        reading.form = supervised(first, recipe_.pair.strong_unexplained);
    else if (of.estimand == "variance_inherited")
        reading.form = {first + 5, first + 6, first + 7, 0.0};
    else if (of.estimand == "variance_discrepancy")
        reading.form = {first + 8, first + 9, first + 10, 0.0};
    else if (const auto place = of.estimand.find(direction_suffix); place != std::string::npos)
        read_direction(std::stoul(of.estimand.substr(place + direction_suffix.size())) - 1,
                       of.estimand.starts_with("variance_inherited"), reading);
    else
        reading.form = {first + 11, Form::none, Form::none, 0.0};
    return reading;
}

void WeakToStrongRun::read_direction(std::size_t j, bool inherited, Reading& reading) const {
    reading.direction = j;
    const std::uint64_t n = samples_[reading.labelled];
    reading.mean =
        recipe_.pair.weak_truth[j] * weak_to_strong_law(recipe_.pair, n, 1, 0.0).weak.mean_factor;
    if (!inherited) {
        reading.form = {first_direction(reading.pseudo_labelled) + j, Form::none, Form::none, 0.0};
        return;
    }
    const WeakToStrongLaw law =
        weak_to_strong_law(recipe_.pair, weak_, pseudo_samples_[reading.pseudo_labelled], 0.0);
    const double kept = law.w2s.mean_factor * recipe_.pair.cosine(j);
    reading.form = {Form::none, Form::none, Form::none, kept * kept};
}

void WeakToStrongRun::attempt(std::span<const std::uint64_t> trials, Rung rung, Attempt& out) {
    count_ = trials.size();
    for (std::size_t i = 0; i < samples_.size(); ++i) fit_labelled(i, trials, rung);
    label_for_student();
    for (std::size_t k = 0; k < pseudo_samples_.size(); ++k) {
        fit_pseudo_labelled(k, trials, rung);
        if (directions_ > 0) measure_directions(k);
        for (std::size_t pair = 0; pair < pairs_.size(); ++pair) {
            if (pairs_[pair].pseudo_labelled != k) continue;
            fit_ceiling(pair, rung);
            measure_student(pair);
        }
    }
    collect(trials, rung, out);
}

void WeakToStrongRun::fit_labelled(std::size_t i, std::span<const std::uint64_t> trials,
                                   Rung rung) {
    Engine& engine = workspace_.engine();
    labelled_->draw(i, trials, rung);
    const std::size_t needed = labelled_->columns_for(i, weak_);
    const auto rows = of(labelled_->rows(i)), some = rows.leading(width_, needed);
    const auto weak = of(weak_sample_.leading(needed, weak_ + label_vectors));
    engine.transpose(some.leading(weak_, needed), weak.leading(needed, weak_));
    engine.project(some, labelled_truth_, workspace_.repeated(needed, label_vectors),
                   weak.block(0, needed, weak_, label_vectors));
    weak_fit_->solve(i, weak, count_, rung);
    const auto fitted = of(weak_fits_.block(0, weak_, label_vectors * i, label_vectors));
    engine.copy(of(weak_fit_->coefficients()), fitted);
    measure_supervised(fitted, weak_truth_, weak_means_[i], 2 * supervised_products * i);
    const auto strong = of(strong_samples_[i]);
    engine.project(rows, strong_features_, workspace_.repeated(rows.cols, strong_),
                   strong.leading(rows.cols, strong_));
    engine.project(rows, labelled_truth_, workspace_.repeated(rows.cols, label_vectors),
                   strong.block(0, rows.cols, strong_, label_vectors));
    baseline_fit_->solve(i, strong, count_, rung);
    measure_supervised(of(baseline_fit_->coefficients()), strong_truth_, strong_means_[i],
                       (2 * i + 1) * supervised_products);
}

/// The weak fits, and the mean that they share but for a factor, in coordinates of the
/// pseudo-labelled rows.
void WeakToStrongRun::label_for_student() {
    Engine& engine = workspace_.engine();
    engine.project(of(weak_fits_), weak_directions_, workspace_.repeated(weak_fits_.cols, width_),
                   of(turned_));
    engine.transpose(of(turned_), of(student_labels_.leading(width_, weak_fits_.cols)));
    engine.copy(weak_target_.trials(count_),
                of(student_labels_.block(0, width_, weak_fits_.cols, 1)));
    if (directions_ > 0)
        engine.copy(all_directions_.trials(count_),
                    of(student_labels_.block(0, width_, weak_fits_.cols + 1, weak_)));
}

void WeakToStrongRun::fit_pseudo_labelled(std::size_t k, std::span<const std::uint64_t> trials,
                                          Rung rung) {
    Engine& engine = workspace_.engine();
    pseudo_labelled_->draw(k, trials, rung);
    const std::size_t needed = pseudo_labelled_->columns_for(k, strong_);
    const auto rows = of(pseudo_labelled_->rows(k)).leading(width_, needed);
    const auto sample = of(student_sample_.leading(needed, strong_ + student_labels_.cols));
    engine.transpose(rows.leading(strong_, needed), sample.leading(needed, strong_));
    engine.project(rows, of(student_labels_), workspace_.repeated(needed, student_labels_.cols),
                   sample.block(0, needed, strong_, student_labels_.cols));
    student_fit_->solve(k, sample, count_, rung);
}

void WeakToStrongRun::measure_directions(std::size_t k) {
    Engine& engine = workspace_.engine();
    const std::size_t first = weak_fits_.cols + 1;
    engine.copy(of(student_fit_->coefficients().block(0, strong_, first, weak_)),
                of(direction_pairs_.leading(strong_, weak_)));
    engine.copy(of(student_labels_.block(0, strong_, first, weak_)),
                of(direction_pairs_.block(0, strong_, weak_, weak_)));
    engine.transpose(of(direction_pairs_), of(turned_pairs_));
    engine.project(of(turned_pairs_), fluctuations_[k], workspace_.repeated(strong_, weak_),
                   of(fluctuation_));
    engine.transpose(of(fluctuation_), of(turned_fluctuation_));
    engine.row_norms(of(turned_fluctuation_), of(results_.block(first_direction(k), weak_, 0, 1)));
}

void WeakToStrongRun::fit_ceiling(std::size_t pair, Rung rung) {
    Engine& engine = workspace_.engine();
    const auto [i, k, unused] = pairs_[pair];
    const auto top = of(strong_samples_[i]);
    const std::size_t below = pseudo_labelled_->columns_for(k, strong_);
    const auto rows = of(pseudo_labelled_->rows(k)).leading(width_, below);
    const auto sample = of(ceiling_sample_.leading(top.rows + below, strong_ + label_vectors));
    engine.copy(top, sample.leading(top.rows, top.cols));
    engine.copy(of(student_sample_.leading(below, strong_)),
                sample.block(top.rows, below, 0, strong_));
    engine.project(rows, pseudo_labelled_truth_, workspace_.repeated(below, label_vectors),
                   sample.block(top.rows, below, strong_, label_vectors));
    ceiling_fit_->solve(pair, sample, count_, rung);
    measure_supervised(of(ceiling_fit_->coefficients()), strong_truth_, ceiling_means_[pair],
                       first_result_of_pair(pair));
}

void WeakToStrongRun::measure_student(std::size_t pair) {
    Engine& engine = workspace_.engine();
    const auto [i, k, combinations] = pairs_[pair];
    const auto put = [&](BatchMatrix from, std::size_t column) {
        engine.copy(from, of(base_.block(0, strong_, column, from.cols)));
    };
    const auto student = of(student_fit_->coefficients());
    const auto labels = of(student_labels_.leading(strong_, student_labels_.cols));
    const std::size_t first = label_vectors * i, target = label_vectors * samples_.size();
    put(student.block(0, strong_, first, label_vectors), 0);
    put(student.block(0, strong_, target, 1), 2);
    put(labels.block(0, strong_, first, label_vectors), 3);
    put(labels.block(0, strong_, target, 1), 5);
    put(strong_truth_.trials(count_), 6);
    engine.transpose(of(base_), of(turned_base_));
    const auto errors = of(errors_.leading(strong_, student_errors));
    engine.project(of(turned_base_), combinations, workspace_.repeated(strong_, student_errors),
                   errors);
    static constexpr std::array<std::uint32_t, student_products> left{0, 0, 1, 2, 2, 3,
                                                                      3, 4, 5, 5, 6, 7};
    static constexpr std::array<std::uint32_t, student_products> right{0, 1, 1, 2, 1, 3,
                                                                       4, 4, 5, 6, 6, 7};
    engine.products(errors, ones_.data, workspace_.kept({left.begin(), left.end()}),
                    workspace_.kept({right.begin(), right.end()}),
                    of(results_.block(first_result_of_pair(pair) + supervised_products,
                                      student_products, 0, 1)));
}

void WeakToStrongRun::measure_supervised(BatchMatrix coefficients, BatchMatrix truth,
                                         BatchMatrix mean, std::size_t first_result) {
    Engine& engine = workspace_.engine();
    const std::size_t features = coefficients.rows;
    const auto errors = of(errors_.leading(features, 3));
    engine.copy(coefficients, errors.leading(features, label_vectors));
    engine.copy(coefficients.leading(features, 1), errors.block(0, features, 2, 1));
    engine.subtract(truth.data, workspace_.kept({1, 0, 0}), errors);
    engine.subtract(mean.data, workspace_.kept({0, 0, 1}), errors);
    engine.products(errors, ones_.data, workspace_.kept({0, 0, 1, 2, 2}),
                    workspace_.kept({0, 1, 1, 2, 1}),
                    of(results_.block(first_result, supervised_products, 0, 1)));
}

void WeakToStrongRun::collect(std::span<const std::uint64_t> trials, Rung rung, Attempt& out) {
    for (auto* fit : {&*weak_fit_, &*baseline_fit_, &*student_fit_, &*ceiling_fit_})
        fit->read(count_);
    labelled_->read(count_);
    pseudo_labelled_->read(count_);
    workspace_.download(results_, count_, read_results_);
    if (directions_ > 0) {
        BatchMatrix all = weak_fits_;
        all.rows *= all.cols;
        all.cols = 1;
        workspace_.download(all, count_, read_weak_fits_);
    }
    out.resize(readings_.size() * trials.size());
    for (std::size_t s = 0; s < readings_.size(); ++s)
        for (std::size_t t = 0; t < trials.size(); ++t) {
            const std::size_t index = s * trials.size() + t;
            out.values[index] = value(readings_[s], t);
            judge(readings_[s], t, rung, out.demanded[index], out.rank_deficit[index]);
        }
}

double WeakToStrongRun::value(const Reading& reading, std::size_t trial) const {
    const double sigma = reading.noise_std;
    const auto part = [&](double factor, std::size_t index) {
        return index == Form::none ? 0.0 : factor * read_results_[trial * results_.rows + index];
    };
    const double form = reading.form.constant + part(1.0, reading.form.square) +
                        part(2.0 * sigma, reading.form.cross) +
                        part(sigma * sigma, reading.form.noise);
    if (reading.direction == Form::none) return form;
    const std::size_t j = reading.direction;
    const double* fitted = read_weak_fits_.data() + trial * weak_fits_.rows * weak_fits_.cols +
                           label_vectors * reading.labelled * weak_;
    const double deviation = fitted[j] - reading.mean + sigma * fitted[weak_ + j];
    return form * deviation * deviation;
}

/// The highest rung that one of the value's fits needs, and the largest deficit.
void WeakToStrongRun::judge(const Reading& reading, std::size_t trial, Rung used, Rung& demanded,
                            std::uint16_t& rank_deficit) const {
    demanded = Rung::cholesky;
    rank_deficit = 0;
    for (const Dependence& on : reading.fits) {
        demanded = std::max(demanded, on.fit->demanded(on.index, trial, used));
        rank_deficit = std::max(rank_deficit, on.fit->rank_deficit(on.index, trial, used));
    }
    const bool reduced = labelled_->reduced(reading.labelled, trial) &&
                         (reading.pseudo_labelled == Form::none ||
                          pseudo_labelled_->reduced(reading.pseudo_labelled, trial));
    if (!reduced) demanded = std::max(demanded, Rung::orthogonal);
}

}  // namespace cucurbit
