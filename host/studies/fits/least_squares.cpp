// At least as many samples as dimensions: least squares. The fit does not depend on the scale of
// the features, so it is solved with whitened samples, whose condition the spectrum cannot spoil,
// and reaches the noise-free labels exactly.

#include <algorithm>
#include <cmath>

#include "host/studies/fits/stage_fits.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t block_columns = 128;

class LeastSquaresFits final : public StageFits {
public:
    LeastSquaresFits(Workspace& workspace, const StageRequest& request)
        : StageFits(workspace, request),
          p_(request.truth.size()),
          sampled_(request.label_noise == LabelNoise::sample),
          order_(p_ + (sampled_ ? 1 : 0)),
          labels_(request.against_truth.size()),
          wide_(workspace.aligned(order_, order_ + block_columns)),
          gram_(workspace.aligned(order_, order_)),
          factor_(workspace.aligned(order_, order_)),
          errors_(workspace.aligned(p_, labels_ + (sampled_ ? request.samples.size() : 0))),
          vector_(workspace.matrix(order_, 1)),
          whiten_(workspace.shared(inverse_square_roots(request.spectrum), p_, 1)),
          weights_(workspace.shared(request.test_spectrum, p_, 1)),
          truth_(workspace.shared(request.truth, p_, 1)) {
        if (sampled_)
            noise_ = workspace.matrix(request.samples.back(), 1);
        else
            root_ = workspace.aligned(p_, p_);
        make_index_lists();
    }

    void run(std::span<const std::uint64_t> trials, Rung rung, BatchMatrix labels,
             BatchMatrix root) override {
        count_ = trials.size();
        Engine& engine = workspace_.engine();
        engine.copy(of(labels), of(errors_.block(0, p_, 0, labels_)));
        engine.subtract(truth_.data, *subtracted_, of(errors_.block(0, p_, 0, labels_)));
        if (sampled_)
            engine.draw({request_.key, request_.stage, Purpose::label_noise}, trials, 0, nullptr,
                        of(noise_));
        start(rung);
        std::size_t rows = 0;
        for (std::size_t n = 0; n < request_.samples.size(); ++n) {
            while (rows < request_.samples[n]) {
                const auto width = std::min(block_columns, request_.samples[n] - rows);
                add_rows(trials, rows, width, rung);
                rows += width;
            }
            factorise(n, rung);
            if (sampled_) fit_noise(n);
            invert(n);
            if (!sampled_) integrate(n, of(root));
        }
        engine.products(of(errors_), weights_.data, *left_, *right_,
                        of(result(layout_.first_product(), request_.products.size())));
    }

    BatchMatrix fit(const Fit& which) const override {
        return errors_.block(0, p_, position(which), 1);
    }
    BatchMatrix root() override { return root_; }
    std::size_t root_columns() const override { return p_; }

private:
    static std::vector<double> inverse_square_roots(std::vector<double> values) {
        for (double& value : values) value = 1.0 / std::sqrt(value);
        return values;
    }

    BatchMatrix of(BatchMatrix m) const { return m.trials(count_); }

    void start(Rung rung) {
        Engine& engine = workspace_.engine();
        BatchMatrix& sum = rung == Rung::cholesky ? gram_ : factor_;
        engine.fill(of(sum), 0.0);
        // The noise row's own pivot is the residual, zero at n = p; it is not used, so keep it away
        // from zero.
        if (sampled_) engine.fill(of(sum.block(p_, 1, p_, 1)), 1.0);
    }

    /// Adds whitened samples (and their label noise as one more row) to the Gram matrix, or by
    /// Householder to the factor: [L A] = L' Q.
    void add_rows(std::span<const std::uint64_t> trials, std::size_t first, std::size_t width,
                  Rung rung) {
        Engine& engine = workspace_.engine();
        const auto samples = wide_.block(0, order_, order_, width);
        engine.draw({request_.key, request_.stage, Purpose::samples}, trials, first, nullptr,
                    of(samples.leading(p_, width)));
        if (sampled_)
            engine.transpose(of(noise_.block(first, width, 0, 1)),
                             of(samples.block(p_, 1, 0, width)));
        if (rung == Rung::cholesky) {
            engine.add_outer(of(samples), of(gram_));
            return;
        }
        engine.copy(of(factor_), of(wide_.leading(order_, order_)));
        engine.lower_factor(of(wide_.leading(order_, order_ + width)), of(factor_));
    }

    /// Leaves the factor of all rows so far in gram_ (orthogonal rung: a copy) for this n.
    void factorise(std::size_t n, Rung rung) {
        Engine& engine = workspace_.engine();
        const auto done = of(result(layout_.first_rows_done() + n, 1));
        const auto diagonal = of(vector_.leading(p_, 1));
        if (rung == Rung::cholesky) {
            engine.diagonal(of(gram_.leading(p_, p_)), diagonal);
            engine.copy(of(gram_), of(factor_));
            engine.cholesky(of(factor_), done);
        } else {
            engine.copy(of(factor_), of(gram_));
            engine.row_norms(of(gram_.leading(p_, p_)), diagonal);
            engine.fill(done, static_cast<double>(p_));
        }
        engine.prefix_sums(diagonal, 1, *whole_, of(result(layout_.first_trace() + n, 1)));
        current_ = rung == Rung::cholesky ? factor_ : gram_;
    }

    /// The fit to the label noise alone: with v = L⁻¹Zᵀz (the factor's noise row), Λ^-1/2 L⁻ᵀv.
    void fit_noise(std::size_t n) {
        Engine& engine = workspace_.engine();
        const auto v = of(vector_.leading(p_, 1));
        const auto error = of(errors_.block(0, p_, labels_ + n, 1));
        engine.transpose(of(current_.block(p_, 1, 0, p_)), v);
        engine.solve_lower_transposed(of(current_.leading(p_, p_)), *whole_, v);
        engine.scale_rows(v, whiten_.data, error);
    }

    void invert(std::size_t n) {
        Engine& engine = workspace_.engine();
        const auto inverse = of(current_.leading(p_, p_));
        const auto norms = of(vector_.leading(p_, 1));
        engine.invert_lower(inverse);
        engine.row_norms(inverse, norms);
        engine.prefix_sums(norms, 1, *whole_, of(result(layout_.first_inverse_trace() + n, 1)));
    }

    void integrate(std::size_t n, BatchMatrix root) {
        Engine& engine = workspace_.engine();
        engine.transpose(of(current_.leading(p_, p_)), of(root_));
        engine.scale_rows(of(root_), whiten_.data, of(root_));
        engine.weighted_norm(of(root_), weights_.data, of(result(layout_.first_gain() + n, 1)));
        if (request_.inherited > 0)
            engine.weighted_norm(root, weights_.data, of(result(layout_.first_inherited() + n, 1)));
    }

    std::size_t position(const Fit& which) const {
        return which.label == own_noise ? labels_ + which.sample : which.label;
    }

    void make_index_lists() {
        const auto narrow = [](std::size_t value) { return static_cast<std::uint32_t>(value); };
        std::vector<std::uint32_t> subtracted, left, right;
        for (const bool flag : request_.against_truth) subtracted.push_back(flag ? 1 : 0);
        for (const auto& [a, b] : request_.products) {
            left.push_back(narrow(position(a)));
            right.push_back(narrow(position(b)));
        }
        subtracted_ = &workspace_.indices(subtracted);
        left_ = &workspace_.indices(left);
        right_ = &workspace_.indices(right);
        whole_ = &workspace_.indices({narrow(p_)});
    }

    std::size_t p_;
    bool sampled_;
    std::size_t order_, labels_;
    std::size_t count_ = 0;
    BatchMatrix wide_, gram_, factor_, errors_, vector_;
    BatchMatrix noise_, root_, current_;
    BatchMatrix whiten_, weights_, truth_;
    const IndexList *subtracted_, *left_, *right_, *whole_;
};

}  // namespace

std::unique_ptr<StageFits> make_least_squares_fits(Workspace& workspace,
                                                   const StageRequest& request) {
    return std::make_unique<LeastSquaresFits>(workspace, request);
}

}  // namespace cucurbit
