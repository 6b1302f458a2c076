#include "host/studies/fits/curve.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace cucurbit {
Curve::Curve(Workspace& workspace, StageRequest request, std::vector<CurveTerm> terms)
    : terms_(std::move(terms)), request_(std::move(request)) {
    std::stable_sort(terms_.begin(), terms_.end(),
                     [](const CurveTerm& a, const CurveTerm& b) { return a.samples < b.samples; });
    std::vector<std::size_t>& samples = request_.samples;
    bool noisy = false;
    for (const CurveTerm& term : terms_) {
        samples.push_back(term.samples);
        noisy = noisy || term.noise_std > 0.0 || term.inherited_std > 0.0;
    }
    samples.erase(std::unique(samples.begin(), samples.end()), samples.end());
    // Without noise there is nothing to integrate: the cheaper path serves.
    const bool sampled = request_.label_noise == LabelNoise::sample || !noisy;
    if (sampled) {
        request_.label_noise = LabelNoise::sample;
        request_.noise_in_labels = common_noise();
        request_.inherited = 0;
    }
    const auto of_noise = static_cast<std::size_t>(
        std::find(request_.against_truth.begin(), request_.against_truth.end(), false) -
        request_.against_truth.begin());
    const StageResults layout(0, samples.size());
    std::map<std::pair<Fit, Fit>, std::size_t> index_of;  // in the request's products
    for (const CurveTerm& term : terms_) {
        const auto sample = static_cast<std::size_t>(
            std::lower_bound(samples.begin(), samples.end(), term.samples) - samples.begin());
        const auto add = [&](double factor, const Fit& left, const Fit& right) {
            if (factor == 0.0) return;
            const auto [place, added] =
                index_of.try_emplace({left, right}, request_.products.size());
            if (added) request_.products.emplace_back(left, right);
            parts_.push_back({factor, layout.first_product() + place->second});
        };
        const Fit mean{term.label, sample}, noise{own_noise, sample}, inherited{of_noise, sample};
        const double own = term.noise_std == request_.noise_in_labels ? 0.0 : term.noise_std;
        const double before = term.inherited_std;
        add(1.0, mean, mean);
        if (sampled) {
            add(own * own, noise, noise);
            add(before * before, inherited, inherited);
            add(2.0 * own, mean, noise);
            add(2.0 * before, mean, inherited);
            add(2.0 * own * before, inherited, noise);
        } else {
            if (own > 0.0) parts_.push_back({own * own, layout.first_gain() + sample});
            if (before > 0.0)
                parts_.push_back({before * before, layout.first_inherited() + sample});
        }
        sample_of_.push_back(sample);
        parts_end_.push_back(parts_.size());
    }
    fits_ = make_stage_fits(workspace, request_);
    results_ = fits_->layout();
}

bool Curve::teaches() const {
    return std::any_of(terms_.begin(), terms_.end(),
                       [](const CurveTerm& term) { return term.teaches; });
}

double Curve::flops() const {
    const auto p = static_cast<double>(request_.truth.size());
    const auto n = static_cast<double>(request_.samples.back());
    if (n >= p) return n * p * p + static_cast<double>(request_.samples.size()) * p * p * p;
    const auto fits =
        std::count_if(request_.products.begin(), request_.products.end(),
                      [](const auto& product) { return product.first == product.second; });
    double flops = n * n * p + n * n * n / 3.0 + 4.0 * n * p * static_cast<double>(fits);
    if (integrates()) flops += 2.0 * n * n * p + n * n * n * 2.0 / 3.0;
    return flops;
}

double Curve::common_noise() const {
    const double noise_std = terms_.front().noise_std;
    const bool common =
        !teaches() && std::all_of(terms_.begin(), terms_.end(), [&](const CurveTerm& term) {
            return term.noise_std == noise_std && term.inherited_std == 0.0 &&
                   term.samples < request_.truth.size();
        });
    return common ? noise_std : 0.0;
}

void Curve::run(std::span<const std::uint64_t> trials, Rung rung, BatchMatrix labels,
                BatchMatrix root) {
    fits_->run(trials, rung, labels, root);
    fits_->read(trials.size(), results_);
}

void Curve::read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const {
    const std::size_t p = request_.truth.size();
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
            fitted.demanded = std::max(fitted.demanded, demanded[t - first]);
            if (terms_[k].teaches) continue;
            for (const Part& part : parts)
                fitted.value += part.factor * results_.result(t, part.result);
            // A rank of −1 marks an iteration that did not converge: the value is NaN then.
            const double rank = rung == Rung::truncated ? results_.rank(t) : -1.0;
            fitted.rank_deficit = static_cast<std::uint16_t>(
                rank >= 0.0 ? std::clamp(static_cast<double>(needed) - rank, 0.0, 65535.0) : 0.0);
        }
    }
}

}  // namespace cucurbit
