// Fewer samples than dimensions: fits in the row space of X, all n from one nested factorisation X
// = L Q.

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/studies/fits/stage_fits.hpp"

namespace cucurbit {
namespace {

/// The distinct fits that the products name, ascending in n.
std::vector<Fit> distinct_fits(const StageRequest& request) {
    std::vector<Fit> fits;
    for (const auto& [left, right] : request.products) fits.insert(fits.end(), {left, right});
    const auto key = [](const Fit& fit) { return std::pair(fit.sample, fit.label); };
    std::sort(fits.begin(), fits.end(),
              [&](const Fit& a, const Fit& b) { return key(a) < key(b); });
    fits.erase(std::unique(fits.begin(), fits.end(),
                           [&](const Fit& a, const Fit& b) { return key(a) == key(b); }),
               fits.end());
    return fits;
}

class RowSpaceFits final : public StageFits {
public:
    RowSpaceFits(Workspace& workspace, const StageRequest& request)
        : StageFits(workspace, request),
          p_(request.truth.size()),
          rows_(request.samples.back()),
          integrate_(request.label_noise == LabelNoise::integrate),
          fits_(distinct_fits(request)),
          labels_(request.against_truth.size()),
          second_(workspace.aligned(rows_, rows_)),
          spread_(workspace.aligned(rows_, fits_.size())),
          errors_(workspace.aligned(p_, fits_.size())),
          diagonal_(workspace.matrix(rows_, 1)),
          per_row_(workspace.matrix(rows_, 1)),
          scale_(workspace.shared(square_roots(request.spectrum), p_, 1)),
          test_scale_(workspace.shared(square_roots(request.test_spectrum), p_, 1)),
          weights_(workspace.shared(request.test_spectrum, p_, 1)),
          truth_(workspace.shared(request.truth, p_, 1)) {
        make_samples();
        if (integrate_) scaled_ = workspace.aligned(p_, rows_);
        if (request.inherited > 0) inherited_ = workspace.aligned(rows_, request.inherited);
        make_index_lists();
    }

    void run(std::span<const std::uint64_t> trials, Rung rung, BatchMatrix labels,
             BatchMatrix root) override {
        count_ = trials.size();
        Engine& engine = workspace_.engine();
        engine.draw({request_.key, request_.stage, Purpose::samples}, trials, 0, scale_.data,
                    of(xt_));
        formed_ = integrate_ || rung != Rung::cholesky;
        factorise(rung, of(labels));
        solve(trials, of(labels));
        engine.products(of(errors_), weights_.data, *left_, *right_,
                        of(result(layout_.first_product(), request_.products.size())));
        if (integrate_) integrate(rung, of(root));
    }

    BatchMatrix fit(const Fit& which) const override {
        return errors_.block(0, p_, position(which), 1);
    }
    BatchMatrix root() override {
        workspace_.engine().multiply(of(xt_), false, of(factor_), of(scaled_));
        return scaled_;
    }
    std::size_t root_columns() const override { return rows_; }

private:
    BatchMatrix of(BatchMatrix m) const { return m.trials(count_); }

    /// Xᵀ and G with the coefficients and room for the labels directly before them, where the
    /// engine prefers that. Memory that is counted before there is an engine allows for it.
    void make_samples() {
        const std::size_t columns = labels_ + 1;
        adjacent_ =
            !integrate_ && (workspace_.counting() || workspace_.engine().prefers_adjacent_labels());
        if (!adjacent_) {
            xt_ = workspace_.aligned(p_, rows_);
            factor_ = workspace_.aligned(rows_, rows_);
            coefficients_ = workspace_.aligned(rows_, columns);
            return;
        }
        const BatchMatrix samples = workspace_.aligned(p_, columns + rows_);
        const BatchMatrix products = workspace_.aligned(rows_, columns + rows_);
        xt_ = samples.block(0, p_, columns, rows_);
        factor_ = products.block(0, rows_, columns, rows_);
        coefficients_ = products.leading(rows_, columns);
        labels_before_ = samples.leading(p_, columns);
        // What is made of the last column gives way to noise.
        if (!workspace_.counting()) workspace_.engine().fill(labels_before_, 0.0);
    }

    /// Leaves X = L Q: for the Cholesky rung with sampled noise Xᵀ, L and the labels of its rows,
    /// otherwise Qᵀ and R = L⁻¹.
    void factorise(Rung rung, BatchMatrix labels) {
        Engine& engine = workspace_.engine();
        const auto done = samples_result(layout_.first_rows_done());
        if (rung == Rung::orthogonal || rung == Rung::truncated) {
            engine.orthogonal_columns(of(xt_), of(factor_));
            engine.row_norms(of(factor_), of(diagonal_));
            engine.fill(done, static_cast<double>(rows_));
        } else {
            if (formed_)
                engine.gram(of(xt_), of(factor_));
            else
                multiply_by_samples(labels);
            engine.diagonal(of(factor_), of(diagonal_));
            engine.cholesky(of(factor_), done);
        }
        engine.prefix_sums(of(diagonal_), 1, *ends_, samples_result(layout_.first_trace()));
        if (rung == Rung::truncated) {
            const double cut_off = std::numeric_limits<double>::epsilon() * static_cast<double>(p_);
            engine.truncate(of(xt_), of(factor_), cut_off, of(result(layout_.rank_at(), 1)));
            return;
        }
        if (formed_) engine.invert_lower(of(factor_));
        if (formed_ && rung != Rung::orthogonal)
            engine.multiply_by_transposed_lower(of(factor_), of(xt_));
        if (rung == Rung::refined) orthogonalise_again();
    }

    /// Gram matrix and projections of the labels.
    void multiply_by_samples(BatchMatrix labels) {
        Engine& engine = workspace_.engine();
        if (!adjacent_)
            return engine.gram_and_project(of(xt_), of(factor_), labels, *label_rows_,
                                           of(coefficients_));
        engine.copy(labels, of(labels_before_.leading(p_, labels_)));
        engine.gram_and_project(of(xt_), of(factor_), of(labels_before_), *coefficient_rows_,
                                of(coefficients_));
    }

    /// Cholesky of Q Qᵀ, which is the identity but for the first factorisation's rounding
    /// (CholeskyQR2).
    void orthogonalise_again() {
        Engine& engine = workspace_.engine();
        engine.gram(of(xt_), of(second_));
        engine.cholesky(of(second_), of(per_row_.block(0, 1, 0, 1)));
        engine.invert_lower(of(second_));
        engine.multiply_by_transposed_lower(of(second_), of(xt_));
        engine.multiply_by_lower(of(second_), of(factor_));
    }

    /// Coefficients of every label column in the rows of Q, and the fits' errors.
    void solve(std::span<const std::uint64_t> trials, BatchMatrix labels) {
        Engine& engine = workspace_.engine();
        const auto noise = of(coefficients_.block(0, rows_, labels_, 1));
        const auto inverse_trace = samples_result(layout_.first_inverse_trace());
        if (formed_) engine.project(of(xt_), labels, *label_rows_, of(coefficients_));
        if (!integrate_) {
            const auto drawn = formed_ ? of(per_row_) : noise;
            engine.draw({request_.key, request_.stage, Purpose::label_noise}, trials, 0, nullptr,
                        drawn);
            if (formed_) engine.multiply(of(factor_), false, drawn, noise);
            if (request_.noise_in_labels > 0.0)
                engine.add_to_columns(noise, request_.noise_in_labels,
                                      of(coefficients_.leading(rows_, labels_)));
        }
        if (formed_) {
            engine.row_norms(of(factor_), of(per_row_));
            engine.prefix_sums(of(per_row_), 1, *ends_, inverse_trace);
        } else {
            engine.solve_lower(of(factor_), *coefficient_rows_, of(coefficients_));
            // E (L⁻¹z)² summed over rows is tr G⁻¹: the noise doubles as the probe of the
            // condition.
            engine.prefix_sums(noise, 2, *ends_, inverse_trace);
        }
        engine.spread(of(coefficients_), *source_, *fit_rows_, of(spread_));
        if (!formed_) engine.solve_lower_transposed(of(factor_), *fit_rows_, of(spread_));
        engine.combine(of(xt_), of(spread_), *fit_rows_, of(errors_));
        engine.subtract(truth_.data, *subtracted_, of(errors_));
    }

    void integrate(Rung rung, BatchMatrix root) {
        Engine& engine = workspace_.engine();
        engine.scale_rows(of(xt_), test_scale_.data, of(scaled_));
        engine.gram(of(scaled_), of(second_));
        engine.gains(of(factor_), rung != Rung::truncated, of(second_), of(per_row_));
        engine.prefix_sums(of(per_row_), 1, *ends_, samples_result(layout_.first_gain()));
        if (request_.inherited == 0) return;
        engine.multiply(of(xt_), true, root, of(inherited_));
        engine.gains(of(inherited_), false, of(second_), of(per_row_));
        engine.prefix_sums(of(per_row_), 1, *ends_, samples_result(layout_.first_inherited()));
    }

    BatchMatrix samples_result(std::size_t first) const {
        return of(result(first, request_.samples.size()));
    }

    std::size_t position(const Fit& which) const {
        return static_cast<std::size_t>(std::find_if(fits_.begin(), fits_.end(),
                                                     [&](const Fit& fit) {
                                                         return fit.label == which.label &&
                                                                fit.sample == which.sample;
                                                     }) -
                                        fits_.begin());
    }

    void make_index_lists() {
        const auto& samples = request_.samples;
        const auto narrow = [](std::size_t value) { return static_cast<std::uint32_t>(value); };
        std::vector<std::uint32_t> ends, source, rows, subtracted, left, right;
        std::vector<std::uint32_t> label_rows(labels_, 0);
        for (std::size_t n : samples) ends.push_back(narrow(n));
        for (const Fit& fit : fits_) {
            const bool own = fit.label == own_noise;
            source.push_back(narrow(own ? labels_ : fit.label));
            rows.push_back(ends[fit.sample]);
            subtracted.push_back(!own && request_.against_truth[fit.label] ? 1 : 0);
            if (!own) label_rows[fit.label] = std::max(label_rows[fit.label], ends[fit.sample]);
        }
        for (std::size_t j = 1; j < label_rows.size(); ++j)
            label_rows[j] = std::max(label_rows[j], label_rows[j - 1]);
        for (const auto& [a, b] : request_.products) {
            left.push_back(narrow(position(a)));
            right.push_back(narrow(position(b)));
        }
        ends_ = &workspace_.indices(ends);
        source_ = &workspace_.indices(source);
        fit_rows_ = &workspace_.indices(rows);
        subtracted_ = &workspace_.indices(subtracted);
        left_ = &workspace_.indices(left);
        right_ = &workspace_.indices(right);
        label_rows_ = &workspace_.indices(label_rows);
        label_rows.push_back(narrow(rows_));
        coefficient_rows_ = &workspace_.indices(label_rows);
    }

    std::size_t p_, rows_;
    bool integrate_;
    bool adjacent_ = false;
    bool formed_ = false;
    std::size_t count_ = 0;
    std::vector<Fit> fits_;
    std::size_t labels_;
    BatchMatrix xt_, factor_, second_, coefficients_, spread_, errors_, diagonal_, per_row_;
    BatchMatrix scaled_, inherited_, labels_before_;
    BatchMatrix scale_, test_scale_, weights_, truth_;
    const IndexList *ends_, *source_, *fit_rows_, *subtracted_, *left_, *right_, *label_rows_,
        *coefficient_rows_;
};

}  // namespace

std::unique_ptr<StageFits> make_row_space_fits(Workspace& workspace, const StageRequest& request) {
    return std::make_unique<RowSpaceFits>(workspace, request);
}

}  // namespace cucurbit
