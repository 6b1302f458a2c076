#pragma once
// What classifiers of one trial do on training and test points: accuracy, calibration, fit of clean
// and flipped labels, and the student's confidence beside its teacher's.

#include <array>
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
    struct Column {
        double hits = 0.0, loss = 0.0, held_out_loss = 0.0;
        std::array<double, bins> gap{};  ///< Σ confidence − hits
    };
    /// Margins of teachers and their students on points of one kind.
    struct Margins {
        std::size_t most;            ///< points
        std::size_t points = 0;      ///< so far
        std::vector<double> values;  ///< [column][most]
    };

    /// Test points of a model with several outputs, or one.
    void add_classes(const DescentOutputs& outputs, const std::vector<std::uint32_t>& labels,
                     std::size_t at);
    void add_binary(const DescentOutputs& outputs, const std::vector<std::uint32_t>& labels,
                    std::size_t at);
    /// Σ −log p of these labels.
    double loss(const DescentOutputs& outputs, const std::uint32_t* labels, std::size_t at) const;
    bool all_finite(const DescentOutputs& outputs, std::size_t at) const;
    static std::size_t bin_of(double confidence);

    /// Which disturbance a column's model was trained at: in each snapshot, as among the teachers,
    /// they change fastest.
    std::size_t disturbance_of(std::size_t at) const {
        const std::size_t within =
            at < grid_.teachers() ? at : (at - grid_.teachers()) % grid_.learners();
        return within % grid_.disturbances().size();
    }
    const double* column(const DescentOutputs& outputs, std::size_t at) const {
        return outputs.values + at * outputs_ * outputs.ld;
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
    std::size_t fit_;  ///< the estimand fit_clean, before fit_flipped
    bool stops_early_;
    std::vector<Column> columns_;
    double points_ = 0.0;
    Margins test_, train_;
    std::vector<double> confidence_, losses_;  ///< of the points of one call
};

}  // namespace cucurbit
