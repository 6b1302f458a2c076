#include "host/studies/fits/curve.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace cucurbit {
namespace {
constexpr std::size_t no_product = static_cast<std::size_t>(-1);
}

Curve::Curve(Workspace& workspace, const CurveStage& stage, std::vector<CurveTerm> terms)
    : stage_(stage), terms_(std::move(terms)) {
    forms_.reserve(terms_.size());
    std::vector<std::size_t> samples;
    bool noisy = false;
    for (const CurveTerm& term : terms_) {
        samples.push_back(term.samples);
        noisy = noisy || term.noise_std > 0.0 || (term.inherits && term.inherited_std > 0.0);
    }
    std::sort(samples.begin(), samples.end());
    samples.erase(std::unique(samples.begin(), samples.end()), samples.end());
    // Without noise there is nothing to integrate: the cheaper path serves.
    const bool sampled = stage.label_noise == LabelNoise::sample || !noisy;
    request_ = {stage.key,
                stage.stage,
                stage.spectrum,
                stage.test_spectrum,
                stage.truth,
                samples,
                std::vector<bool>(stage.labels, true),
                {},
                sampled ? LabelNoise::sample : LabelNoise::integrate,
                sampled ? common_noise() : 0.0,
                sampled ? 0 : stage.root_columns};
    if (stage.inherited_label < stage.labels) request_.against_truth[stage.inherited_label] = false;
    std::map<std::pair<Fit, Fit>, std::size_t> index_of;  // in the request's products
    const auto product = [&](const Fit& left, const Fit& right) {
        const auto [place, added] = index_of.try_emplace({left, right}, request_.products.size());
        if (added) request_.products.emplace_back(left, right);
        return place->second;
    };
    for (const CurveTerm& term : terms_) {
        const auto sample = static_cast<std::size_t>(
            std::lower_bound(samples.begin(), samples.end(), term.samples) - samples.begin());
        const Fit mean{term.label, sample}, noise{own_noise, sample};
        const Fit inherited{stage.inherited_label, sample};
        const bool own =
            sampled && term.noise_std > 0.0 && term.noise_std != request_.noise_in_labels;
        const bool from_before = sampled && term.inherits && term.inherited_std > 0.0;
        sample_of_.push_back(sample);
        forms_.push_back({product(mean, mean),
                          from_before ? product(inherited, inherited) : no_product,
                          own ? product(noise, noise) : no_product,
                          from_before ? product(mean, inherited) : no_product,
                          own ? product(mean, noise) : no_product,
                          own && from_before ? product(inherited, noise) : no_product});
    }
    fits_ = make_stage_fits(workspace, request_);
    results_ = fits_->layout();
    find_parts();
}

double Curve::common_noise() const {
    const double noise_std = terms_.front().noise_std;
    const bool common =
        stage_.last && std::all_of(terms_.begin(), terms_.end(), [&](const CurveTerm& term) {
            return term.noise_std == noise_std && !term.inherits &&
                   term.samples < stage_.truth.size();
        });
    return common ? noise_std : 0.0;
}

void Curve::find_parts() {
    for (std::size_t k = 0; k < terms_.size(); ++k) {
        const CurveTerm& t = terms_[k];
        const Form& form = forms_[k];
        const double own = t.noise_std, before = t.inherits ? t.inherited_std : 0.0;
        const auto add = [&](double factor, std::size_t result) {
            if (result != no_product) parts_.push_back({factor, result});
        };
        add(1.0, form.mean);
        if (integrates()) {
            if (own > 0.0) add(own * own, results_.first_gain() + sample_of_[k]);
            if (before > 0.0) add(before * before, results_.first_inherited() + sample_of_[k]);
        } else {
            add(own * own, form.noise);
            add(before * before, form.inherited);
            add(2.0 * own, form.mean_noise);
            add(2.0 * before, form.mean_inherited);
            add(2.0 * own * before, form.inherited_noise);
        }
        parts_end_.push_back(parts_.size());
    }
}

void Curve::run(std::span<const std::uint64_t> trials, Rung rung, BatchMatrix labels,
                BatchMatrix root) {
    fits_->run(trials, rung, labels, root);
    fits_->read(trials.size(), results_);
}

void Curve::read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const {
    const std::size_t p = stage_.truth.size();
    std::vector<Rung> demanded(end - first);  // by all terms with one n, which follow each other
    for (std::size_t k = 0; k < terms_.size(); ++k) {
        const std::size_t n = sample_of_[k], needed = std::min(terms_[k].samples, p);
        if (k == 0 || n != sample_of_[k - 1])
            for (std::size_t t = first; t < end; ++t)
                demanded[t - first] =
                    demanded_rung(rung, results_.condition(t, n, needed), terms_[k].samples < p, p);
        const std::size_t begin = k > 0 ? parts_end_[k - 1] : 0;
        const std::span parts(parts_.data() + begin, parts_end_[k] - begin);
        for (std::size_t t = first; t < end; ++t) {
            Fitted& fitted = out(terms_[k].series, t - first);
            fitted.value = 0.0;
            for (const Part& part : parts)
                fitted.value += part.factor * results_.result(t, part.result);
            fitted.demanded = demanded[t - first];
            // A rank of −1 marks an iteration that did not converge: the value is NaN then.
            const double rank = rung == Rung::truncated ? results_.rank(t) : -1.0;
            fitted.rank_deficit = static_cast<std::uint16_t>(
                rank >= 0.0 ? std::clamp(static_cast<double>(needed) - rank, 0.0, 65535.0) : 0.0);
        }
    }
}

double curve_flops(std::size_t p, std::span<const std::size_t> samples, std::size_t fits,
                   LabelNoise label_noise) {
    const auto dimension = static_cast<double>(p);
    double row_space = 0.0, rows = 0.0, flops = 0.0;
    for (const std::size_t n : samples) {
        if (n < p) row_space = std::max(row_space, static_cast<double>(n));
        if (n >= p) flops += dimension * dimension * dimension;
        rows = std::max(rows, static_cast<double>(n));
    }
    if (rows >= dimension) flops += rows * dimension * dimension;
    const double n = row_space;
    flops += n * n * dimension + n * n * n / 3.0 + 4.0 * n * dimension * static_cast<double>(fits);
    if (label_noise == LabelNoise::integrate)
        flops += 2.0 * n * n * dimension + n * n * n * 2.0 / 3.0;
    return flops;
}

}  // namespace cucurbit
