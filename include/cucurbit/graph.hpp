#pragma once
// The law of any graph of ridge and ridgeless fits on groups of rows: shared or not, labelled by
// the truth, by observations and by other fits, also by fits that were trained on these very rows.
//
// Derived by leaving one row out of all fits at once (docs/theory.md, "Graphs of fits").

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "cucurbit/chain.hpp"
#include "cucurbit/theory.hpp"

namespace cucurbit {

struct Eigen;

/// E r rᵀ of rows r, D×D. Eigenvectors of what fits see of it are found when they are first asked
/// for: not by several threads at once.
class SecondMoments {
public:
    explicit SecondMoments(DenseMatrix values) : values_(std::move(values)) {}
    const DenseMatrix& values() const { return values_; }
    /// Of `count` entries of r from `first` on, without what rounding makes of zeros.
    const Eigen& eigen(std::size_t first, std::size_t count) const;

private:
    DenseMatrix values_;
    mutable std::map<std::pair<std::size_t, std::size_t>, std::shared_ptr<const Eigen>> known_;
};

/// Independent rows r = (x, further features of x) with x ~ N(0, diag(spectrum)), each observed
/// once as xᵀβ + noise_std·z, β: the rows' truth.
struct GraphRows {
    std::size_t count = 0;
    std::vector<double> spectrum;  ///< [p], positive
    double noise_std = 0.0;
    /// Of r, D ≥ p; rows alike share them. Where the leading p×p block is not diag(spectrum), x is
    /// rotated. None: r = x.
    std::shared_ptr<const SecondMoments> moments = nullptr;
    /// [p]; none: β*. With an initial value, since lists of initial values may end before it.
    std::vector<double> truth = {};  // NOLINT(readability-redundant-member-init)
};

/// A row's label: observed · its observation + from_truth · xᵀβ + Σ weight · xᵀb of earlier fits.
/// Weights may have any sign.
struct GraphLabels {
    double observed = 0.0;
    double from_truth = 0.0;
    std::vector<std::pair<std::size_t, double>> from_fits;  ///< earlier fits and their weights
};

/// What a fit's labels are made of: outputs as they are, or the sign of each source's: hard labels.
enum class GraphLink { identity, sign };

/// One fit of `features` coordinates of r, one after another, on the rows of some groups: ridge
/// (penalty 0: of minimum norm) or, with a time, gradient flow from zero on ‖Xb − y‖²/(2n), which
/// stops then. A group's squares may have a weight in the sum.
struct GraphFit {
    std::vector<std::size_t> rows;         ///< groups; of random features, of one spectrum
    std::size_t features = 0;              ///< how many
    double penalty = 0.0;                  ///< on the sum of squares; 0 of a flow
    std::vector<GraphLabels> labels;       ///< of the rows of each of its groups
    double noise_std = 0.0;                ///< of a further noise of its own on every label
    GraphLink link = GraphLink::identity;  ///< sign: of the observation, of xᵀβ, of each fit's xᵀb
    double time = 0.0;                     ///< of a flow; 0: none
    std::size_t first = 0;                 ///< of the features, among those of r
    /// Of the squares of each group's rows; none: all 1.
    std::vector<double> row_weights = {};  // NOLINT(readability-redundant-member-init)
    /// [p] what its labels take for β; none: its rows' truth. Known to fresh_laws alone.
    std::vector<double> truth = {};  // NOLINT(readability-redundant-member-init)
};

/// All rows that a fit is trained on.
std::size_t samples_of(const GraphFit& fit, const std::vector<GraphRows>& rows);

/// Whether something holds for a fit or for one that it learns from.
template <class Holds>
bool holds_behind(const std::vector<GraphFit>& fits, std::size_t fit, Holds holds) {
    std::vector<bool> behind(fit + 1, false);
    behind[fit] = true;
    for (std::size_t a = fit + 1; a-- > 0;) {
        if (!behind[a]) continue;
        if (holds(a)) return true;
        for (const GraphLabels& labels : fits[a].labels)
            for (const auto& [from, weight] : labels.from_fits)
                if (weight != 0.0) behind[from] = true;
    }
    return false;
}

/// Whether a fit, or one that it learns from, was trained on the rows of a group. The law knows no
/// signs of such a fit's outputs on these rows.
bool has_seen(const std::vector<GraphFit>& fits, std::size_t fit, std::size_t group);

/// A graph whose fixed point or moments are not found, as with as many rows as features and no
/// penalty.
class NoGraphLaw : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Second moments of all fits' errors.
class GraphLaw {
public:
    /// All that is read off.
    struct Solved;
    explicit GraphLaw(std::shared_ptr<const Solved> solved) : solved_(std::move(solved)) {}

    /// E (b_a − β*)ᵀ Σ (b_c − β*), Σ of the test rows.
    double moment(std::size_t a, std::size_t c) const;
    /// What each coordinate adds to moment(fit, fit).
    CoordinateRisks by_coordinate(std::size_t fit) const;
    /// E (b_a − β*)ᵀ Σ (b_a − β*); 0 where it is no more than rounding; none of a flow
    /// and what learns from one below 1e-14 of β*ᵀΣβ*, which is not resolved. Throws NoGraphLaw
    /// where rounding has left a negative number.
    Prediction excess_risk(std::size_t fit) const;
    /// E (b_a − b_c)ᵀ Σ (b_a − b_c), likewise.
    Prediction misfit(std::size_t a, std::size_t c) const;
    /// E b_aᵀ Σ b_a, the variance of a fit's outputs on fresh inputs; 0 likewise.
    Prediction output_variance(std::size_t fit) const;
    /// E ‖X(b_a − β*)‖²/n_a on the fit's own rows, likewise.
    Prediction in_sample_risk(std::size_t fit) const;
    /// How often xᵀb_a and xᵀβ* differ in sign.
    Prediction error_rate(std::size_t fit) const;
    /// How often xᵀb_a and xᵀb_c agree in sign.
    Prediction agreement(std::size_t a, std::size_t c) const;

private:
    /// Zero for values that rounding may have made, NaN where these may be of the scale of the
    /// truth's outputs; cancelled: the sum that the value is left of.
    static double at_least_rounding(double value, double cancelled, double scale);
    Prediction prediction(std::size_t a, std::size_t c, double value, double scale,
                          double larger = 1.0, double steep = 0.0) const;
    /// What the mean of a fit's angles may be off by beside what its risk may, relative.
    double of_angles(std::size_t fit) const;

    double output(std::size_t fit) const;

    std::shared_ptr<const Solved> solved_;
};

/// How often xᵀb and xᵀc differ in sign, x Gaussian: their angle over π. squares: E (xᵀb)² and
/// E (xᵀc)², misfit: E (xᵀb − xᵀc)². Zero where rounding may have made the angle; one half where an
/// output is always zero; NaN where one is 1e9 times the other, which leaves no digits of the
/// misfit.
double sign_error(double square, double other_square, double misfit);

/// The law, a deterministic equivalent for all fits, in O(p F³) a round of the fixed point (F fits)
/// and O(p M²) for its moments, M the pairs of fits that share a group. truth: [p]; test: rows that
/// risks are measured on. Throws std::invalid_argument where shapes do not fit, one of a fit's
/// groups appears twice or has no positive weight, or it takes labels from itself or a later one;
/// NoGraphLaw, also where a fit of random features has rows of several spectra, and where a fit
/// learns the sign of one that has seen, or learnt from one that has seen, its rows.
GraphLaw graph_law(const std::vector<GraphRows>& rows, const std::vector<GraphFit>& fits,
                   std::span<const double> truth, const GraphRows& test);

/// Whether a fit alone has a fixed point, which graph_law needs of every fit: fits on rows of
/// several spectra or weights may have none, as where these are 1e100 apart.
bool has_fixed_point(const std::vector<GraphRows>& rows, const GraphFit& fit);

/// What fit a of a graph sees of its rows, as linear features of one covariance; none where it sees
/// something else.
using FeatureMapOf = std::function<std::shared_ptr<const FeatureMap>(std::size_t fit)>;

/// The laws of those fits, in `rows` as graph_law takes them, that are as if alone: ridge and
/// ridgeless fits of leading coordinates on rows of one kind, with labels from the truth and from
/// such fits, none of which share rows with it or each other (cucurbit::fit, of which they have
/// the exact cases and the errors). They agree with graph_law. None of the others.
std::vector<std::optional<FitLaw>> fresh_laws(const std::vector<GraphRows>& rows,
                                              const std::vector<GraphFit>& fits,
                                              std::span<const double> truth);
/// The same of linear features and rotated rows (FeatureMap::fit).
std::vector<std::optional<DenseLaw>> fresh_laws(const std::vector<GraphRows>& rows,
                                                const std::vector<GraphFit>& fits,
                                                std::span<const double> truth,
                                                const FeatureMapOf& map);

}  // namespace cucurbit
