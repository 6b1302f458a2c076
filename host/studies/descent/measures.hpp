#pragma once
// What classifiers of one trial do on training and test points: accuracy, calibration, fit of clean
// and flipped labels, and the student's confidence beside its teacher's.

#include <vector>

#include "host/studies/descent/grid.hpp"
#include "host/studies/descent/labels.hpp"

namespace cucurbit {

/// Outputs of all columns of a grid on some points, [column][output][row].
struct DescentOutputs {
    const double* values;
    std::size_t rows;
};

/// A margin is the log odds log(p_y/(1 − p_y)) of a class y, here always the teacher's prediction.
class DescentMeasures {
public:
    DescentMeasures(const DescentSpec& spec, const DescentGrid& grid);

    /// Test points and their labels.
    void add_test(const DescentOutputs& outputs, const std::vector<std::uint32_t>& labels);
    /// The students' training points.
    void add_train(const DescentOutputs& outputs, const ClassLabels& labels,
                   std::vector<double>& values);
    /// The teachers' fit of their own training points, where those differ.
    void fit_teachers(const DescentOutputs& outputs, const ClassLabels& labels,
                      std::vector<double>& values) const;
    /// Held-out points.
    void add_held_out(const DescentOutputs& outputs, const ClassLabels& labels);
    /// Fills in everything but fits and projections, which must be there.
    void finish(std::vector<double>& values);

private:
    /// Equal bins of the confidence in the prediction (Guo et al. 2017, section 2).
    static constexpr std::size_t bins = 15;
    struct Bin {
        double count = 0.0, confidence = 0.0, hits = 0.0;
    };
    struct Column {
        double hits = 0.0, loss = 0.0, held_out_loss = 0.0;
        Bin bin[bins];
    };
    /// Margins of teachers and students on points of one kind.
    struct Margins {
        std::vector<std::vector<double>> teacher;  ///< [teacher column][point]
        std::vector<std::vector<double>> student;  ///< [student column][point]
    };

    /// Which disturbance a column's model was trained at: in each snapshot, as among the teachers,
    /// they change fastest.
    std::size_t disturbance_of(std::size_t at) const {
        const std::size_t within =
            at < grid_.teachers() ? at : (at - grid_.teachers()) % grid_.learners();
        return within % grid_.disturbances().size();
    }
    const double* column(const DescentOutputs& outputs, std::size_t at) const {
        return outputs.values + at * outputs_ * outputs.rows;
    }
    void add_margins(const DescentOutputs& outputs, Margins& margins) const;
    /// Index of the model of least held-out loss among columns first, first + step, …
    std::size_t stop(std::size_t first, std::size_t step, std::size_t count) const;
    void stop_early(std::vector<double>& values) const;
    void compare(const Margins& margins, const char* sample, std::vector<double>& values) const;
    void measure_fit(const DescentOutputs& outputs, const ClassLabels& labels, std::size_t at,
                     std::size_t disturbance, std::vector<double>& values) const;

    const DescentGrid& grid_;
    std::size_t outputs_, margin_bins_;
    bool stops_early_;
    std::vector<Column> columns_;
    double points_ = 0.0;
    Margins test_, train_;
};

}  // namespace cucurbit
