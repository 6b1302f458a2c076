#pragma once
// The ridgeless fits of one stage for every n of its grid, from one factorisation of nested rows.

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/studies/fits/workspace.hpp"

namespace cucurbit {

/// A fit on the first samples[sample] rows: to the noise-free labels X b of label column b, or
/// (own_noise) to the stage's label noise alone, of unit variance.
struct Fit {
    std::size_t label = 0;
    std::size_t sample = 0;
    auto operator<=>(const Fit&) const = default;
};
inline constexpr std::size_t own_noise = static_cast<std::size_t>(-1);

/// What a stage draws, and which quantities of its fits are wanted. Fits are linear in their
/// labels, so the risk of any noise level and arm is a quadratic form in a few products of fits.
struct StageRequest {
    std::uint64_t key = 0;
    std::uint8_t stage = 0;
    std::vector<double> spectrum;       ///< [p] covariance of the stage's samples
    std::vector<double> test_spectrum;  ///< [p] weights of all products and gains
    std::vector<double> truth;          ///< [p]
    std::vector<std::size_t> samples;   ///< n, ascending; all below p or all at least p
    /// Per label column: whether its fits are taken as errors, minus the truth.
    std::vector<bool> against_truth;
    std::vector<std::pair<Fit, Fit>> products;  ///< Σ_i test_i left_i right_i
    LabelNoise label_noise = LabelNoise::integrate;
    /// Standard deviation of sampled noise that every label column carries; 0: fits of noise are
    /// kept apart, as several noise levels and integrated noise need them. Row space only.
    double noise_in_labels = 0.0;
    std::size_t inherited = 0;  ///< columns of the previous stage's noise root; 0: none
};

/// Per-trial results as they come back from the engine.
class StageResults {
public:
    StageResults() = default;
    StageResults(std::size_t products, std::size_t samples)
        : products_(products), samples_(samples) {}

    std::size_t size() const { return first_product() + products_; }
    std::size_t first_gain() const { return 0; }
    std::size_t first_inherited() const { return samples_; }
    std::size_t first_trace() const { return 2 * samples_; }
    std::size_t first_inverse_trace() const { return 3 * samples_; }
    std::size_t first_rows_done() const { return 4 * samples_; }
    std::size_t rank_at() const { return 5 * samples_; }
    std::size_t first_product() const { return 5 * samples_ + 1; }

    std::vector<double> values;  ///< [trial][size()]

    /// From first_gain(): tr(Σ_test X⁺X⁺ᵀ) for each n, the risk that unit label noise adds, of
    /// integrated noise only; from first_inherited(): the same for the previous stage's unit label
    /// noise, through this stage's fit; from first_product(): the products.
    double result(std::size_t trial, std::size_t k) const { return at(trial, k); }
    /// tr G · tr G⁻¹ / order of the Gram matrix G, its order times the ratio of its eigenvalues'
    /// arithmetic and harmonic mean: within that factor of the condition number, and closer than it
    /// to the relative error of a Cholesky fit's risk. Infinite where a pivot
    /// failed among the rows that the fit needs.
    double condition(std::size_t trial, std::size_t n, std::size_t rows_needed) const;
    /// The effective rank, where the truncated rung was run last.
    double rank(std::size_t trial) const { return at(trial, rank_at()); }

private:
    double at(std::size_t trial, std::size_t k) const { return values[trial * size() + k]; }
    std::size_t products_ = 0;
    std::size_t samples_ = 0;
};

/// Fits of one stage. Rungs: cholesky, refined, orthogonal, truncated (one n only, below p).
class StageFits {
public:
    virtual ~StageFits() = default;

    /// Draws the stage's samples for these trials and fits them to `labels` (p×label columns,
    /// shared or per trial). root: p×inherited, the previous stage's noise root with root rootᵀ the
    /// covariance of its unit-noise fit. Results stay in engine memory until read().
    virtual void run(std::span<const std::uint64_t> trials, Rung rung, BatchMatrix labels,
                     BatchMatrix root) = 0;
    /// The fit vectors, p×1 for each trial, of a fit named in the request's products.
    virtual BatchMatrix fit(const Fit& which) const = 0;
    /// X⁺'s columns (p×k): the root of the covariance of the fit to unit label noise at the largest
    /// n. Integrated noise only; overwrites workspace of the last run.
    virtual BatchMatrix root() = 0;
    /// Columns of root().
    virtual std::size_t root_columns() const = 0;

    /// What lies where among the results, without values.
    const StageResults& layout() const { return layout_; }
    /// Downloads the results of the last run; waits for it.
    void read(std::size_t trials, StageResults& out) const;

protected:
    StageFits(Workspace& workspace, const StageRequest& request);
    BatchMatrix result(std::size_t first, std::size_t count) const {
        return results_.block(first, count, 0, 1);
    }

    Workspace& workspace_;
    StageRequest request_;
    StageResults layout_;
    BatchMatrix results_;
};

/// Fits in the row space of X (n < p): X⁺ = Qᵀ R with X = L Q, R = L⁻¹ (row_space.cpp), or least
/// squares in whitened coordinates (n ≥ p, least_squares.cpp).
std::unique_ptr<StageFits> make_stage_fits(Workspace& workspace, const StageRequest& request);
std::unique_ptr<StageFits> make_row_space_fits(Workspace& workspace, const StageRequest& request);
std::unique_ptr<StageFits> make_least_squares_fits(Workspace& workspace,
                                                   const StageRequest& request);

}  // namespace cucurbit
