#pragma once
// What classifiers of one trial do on training and test points: accuracy, calibration, fit of clean
// and flipped labels, and the student's confidence beside its teacher's.

#include <vector>

#include "host/studies/descent/grid.hpp"
#include "host/studies/descent/labels.hpp"

namespace cucurbit {

/// What the engine sums up of one trial's models, as they lie in one matrix: of each of these
/// samples score_rows numbers for every column of the grid (Engine::score).
enum class DescentScore : std::size_t {
    test,
    held_out,
    fit,       ///< of the model's own training points, with their observed labels
    fit_clean  ///< of those of them whose label was not flipped
};
inline constexpr std::size_t descent_scores = 4;

/// Engine::compare_margins of all students, in the order of DescentGrid::for_each_student: on their
/// training points, then on test points.
inline constexpr std::size_t descent_comparisons = 2;

class DescentMeasures {
public:
    DescentMeasures(const DescentSpec& spec, const DescentGrid& grid);

    /// Fills in everything but projections and what is made of them.
    /// scores: [DescentScore][column][score_rows]; comparisons: [training, test][student]
    /// [comparison_rows]; own_labels, input_labels: of the teachers' training points and of the
    /// students'.
    void measure(const double* scores, const double* comparisons, const ClassLabels& own_labels,
                 const ClassLabels& input_labels, std::vector<double>& values) const;

private:
    const double* of(const double* scores, DescentScore which) const {
        return scores + static_cast<std::size_t>(which) * grid_.columns() * score_rows;
    }
    void stop_early(const double* held_out, std::vector<double>& values) const;
    /// Fits of columns first .. end − 1, whose training points these are.
    void measure_fits(const double* scores, const ClassLabels& labels, std::size_t first,
                      std::size_t end, std::vector<double>& values) const;

    const DescentGrid& grid_;
    std::size_t test_samples_, comparison_rows_;
    bool stops_early_;
};

}  // namespace cucurbit
