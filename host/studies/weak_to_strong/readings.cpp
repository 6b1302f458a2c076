// Where a series' value lies among a batch's results.

#include <algorithm>

#include "host/studies/weak_to_strong.hpp"
#include "host/studies/weak_to_strong/run.hpp"

namespace cucurbit {

std::size_t WeakToStrongRun::first_result_of_pair(std::size_t pair) const {
    return 2 * supervised_products * samples_.size() +
           (supervised_products + student_products + in_sample_products) * pair;
}

std::size_t WeakToStrongRun::dependence(const Dependence& on) {
    const auto found = std::find(dependences_.begin(), dependences_.end(), on);
    const auto place = static_cast<std::size_t>(found - dependences_.begin());
    if (found == dependences_.end()) dependences_.push_back(on);
    return place;
}

WeakToStrongRun::Reading WeakToStrongRun::reading(std::size_t series) {
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
        reading.fits.fill(dependence({&*weak_fit_, i, i}));
        return reading;
    }
    if (of.arm == "baseline") {
        reading.form = supervised(labelled + supervised_products, recipe_.pair.strong_unexplained);
        reading.fits.fill(dependence({&*baseline_fit_, i, i}));
        return reading;
    }
    if (of.arm == "ceiling") {
        reading.form = supervised(both, recipe_.pair.strong_unexplained);
        reading.fits.fill(dependence({&*ceiling_fit_, pair, i, k}));
        return reading;
    }
    const std::size_t first = both + supervised_products;
    reading.fits = {dependence({&*weak_fit_, i, i}),
                    dependence({&*student_fit_, k, Form::none, k})};
    if (risk || of.estimand == "variance")
        reading.form = supervised(first, recipe_.pair.strong_unexplained);
    else if (of.estimand == "variance_inherited")
        reading.form = {first + 5, first + 6, first + 7, 0.0};
    else if (of.estimand == "variance_discrepancy")
        reading.form = {first + 8, first + 9, first + 10, 0.0};
    else if (of.estimand == "in_sample_risk")
        reading.form = in_sample_form(pair);
    else if (const auto place = of.estimand.find(direction_suffix); place != std::string::npos)
        read_direction(std::stoul(of.estimand.substr(place + direction_suffix.size())) - 1, k,
                       of.estimand.starts_with("variance_inherited"), reading);
    else
        reading.form = {first + 11, Form::none, Form::none, 0.0};
    return reading;
}

/// A factor's rows hold what the student's features can fit; what is orthogonal to them, where the
/// sample has more rows, counts by its mean.
WeakToStrongRun::Form WeakToStrongRun::in_sample_form(std::size_t pair) const {
    const std::size_t k = pairs_[pair].pseudo_labelled;
    const auto rows = static_cast<double>(pseudo_samples_[k]);
    const auto held = static_cast<double>(pseudo_labelled_->columns_for(k, strong_));
    const std::size_t first = first_result_of_pair(pair) + supervised_products + student_products;
    return {first, first + 1, first + 2, (rows - held) / rows * recipe_.pair.strong_unexplained,
            1.0 / rows};
}

void WeakToStrongRun::read_direction(std::size_t j, std::size_t pseudo_labelled, bool inherited,
                                     Reading& reading) const {
    reading.direction = j;
    const std::uint64_t n = samples_[reading.labelled];
    reading.mean =
        recipe_.pair.weak_truth[j] * weak_to_strong_law(recipe_.pair, n, 1, 0.0).weak.mean_factor;
    if (!inherited) {
        reading.form = {first_direction(pseudo_labelled) + j, Form::none, Form::none, 0.0};
        return;
    }
    const WeakToStrongLaw law =
        weak_to_strong_law(recipe_.pair, weak_, pseudo_samples_[pseudo_labelled], 0.0);
    const double kept = law.w2s.mean_factor * recipe_.pair.cosine(j);
    reading.form = {Form::none, Form::none, Form::none, kept * kept};
}

}  // namespace cucurbit
