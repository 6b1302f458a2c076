#pragma once
// What classifiers of one trial do on training and test points: accuracy, calibration, fit of clean
// and flipped labels, and the student's confidence beside its teacher's.

#include <vector>

#include "host/studies/descent/grid.hpp"
#include "host/studies/descent/labels.hpp"

namespace cucurbit {

/// Outputs of all columns of a grid on some points: [column][output], `rows` of them every `ld`
/// numbers.
struct DescentOutputs {
    const double* values;
    std::size_t rows;
    std::size_t ld;
};

/// A margin is the log odds log(p_y/(1 − p_y)) of a class y, here always the teacher's prediction.
class DescentMeasures {
public:
    DescentMeasures(const DescentSpec& spec, const DescentGrid& grid);

    /// Forgets a trial. Must be called before the first one.
    void clear();

    /// Test points.
    void add_test(const DescentOutputs& outputs) { add_margins(outputs, test_); }
    /// The students' training points.
    void add_train(const DescentOutputs& outputs, const ClassLabels& labels,
                   std::vector<double>& values);
    /// The teachers' fit of their own training points, where those differ.
    void fit_teachers(const DescentOutputs& outputs, const ClassLabels& labels,
                      std::vector<double>& values) const;
    /// Fills in everything but fits and projections, which must be there. test, held_out:
    /// [column][score_rows] of Engine::score; held_out is read where models stop early.
    void finish(const double* test, const double* held_out, std::vector<double>& values) const;

private:
    /// Margins of teachers and their students on points of one kind.
    struct Margins {
        std::size_t most;            ///< points
        std::size_t points = 0;      ///< so far
        std::vector<double> values;  ///< [column][most]
    };

    bool all_finite(const DescentOutputs& outputs, std::size_t at) const;

    const double* column(const DescentOutputs& outputs, std::size_t at) const {
        return outputs.values + at * outputs_ * outputs.ld;
    }
    void add_margins(const DescentOutputs& outputs, Margins& margins) const;
    void stop_early(const double* held_out, std::vector<double>& values) const;
    void compare(const Margins& margins, const char* sample, std::vector<double>& values) const;
    void measure_fit(const DescentOutputs& outputs, const ClassLabels& labels, std::size_t at,
                     std::size_t disturbance, std::vector<double>& values) const;

    const DescentGrid& grid_;
    std::size_t outputs_, margin_bins_;
    std::size_t fit_;  ///< the estimand fit_clean, before fit_flipped
    bool stops_early_;
    Margins test_, train_;
};

}  // namespace cucurbit
