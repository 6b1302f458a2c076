#pragma once
// Points and series of kind = "gradient_descent", and which model each of them measures.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/studies/descent/spec.hpp"

namespace cucurbit {

/// The models of one design: for each disturbance (noise_std or flip) a teacher at each of its
/// stopping times, a model trained on the labels themselves (one_hot) at each of the student's, and
/// the student of each stopped teacher at each of its own, for each step at which its labels
/// switch. Every model is a column; estimands of all columns make the values of a trial.
class DescentGrid {
public:
    /// The models that a design, possibly restricted, needs.
    DescentGrid(const DescentSpec& spec, const Design& design);

    static std::vector<std::string> parameters(const DescentSpec& spec);
    /// Whether the point has both a teacher's stopping time and a student's.
    static bool is_student(const Point& point);
    /// Adds all points and series of p and n.
    static void fill(const DescentSpec& spec, std::size_t p, std::size_t n, Design& design);

    std::size_t p() const { return p_; }
    std::size_t n() const { return n_; }
    const std::vector<double>& disturbances() const { return disturbances_; }
    const std::vector<double>& teacher_steps() const { return teacher_steps_; }
    const std::vector<double>& student_steps() const { return student_steps_; }
    /// Infinite where labels never switch.
    const std::vector<double>& switches() const { return switches_; }

    std::size_t teacher(std::size_t disturbance, std::size_t step) const {
        return step * disturbances_.size() + disturbance;
    }
    std::size_t teachers() const { return disturbances_.size() * teacher_steps_.size(); }
    /// One-hot models and students of one step lie side by side, the first of them here.
    std::size_t snapshot(std::size_t step) const { return teachers() + step * learners(); }
    std::size_t learners() const { return disturbances_.size() + switches_.size() * teachers(); }
    std::size_t one_hot(std::size_t disturbance, std::size_t step) const {
        return snapshot(step) + disturbance;
    }
    /// Indices of a student.
    struct Student {
        std::size_t disturbance, stop, change, step;
    };
    std::size_t student(const Student& of) const {
        return snapshot(of.step) + disturbances_.size() + of.change * teachers() +
               teacher(of.disturbance, of.stop);
    }
    template <class Body>
    void for_each_student(Body body) const {
        for (std::size_t f = 0; f < disturbances_.size(); ++f)
            for (std::size_t i = 0; i < teacher_steps_.size(); ++i)
                for (std::size_t c = 0; c < switches_.size(); ++c)
                    for (std::size_t j = 0; j < student_steps_.size(); ++j)
                        body(Student{f, i, c, j});
    }
    std::size_t columns() const { return snapshot(student_steps_.size()); }

    /// Which disturbance a column's model was trained at: in each snapshot, as among the teachers,
    /// they change fastest.
    std::size_t disturbance_of(std::size_t column) const {
        const std::size_t within =
            column < teachers() ? column : (column - teachers()) % learners();
        return within % disturbances_.size();
    }

    /// Models stopped where their loss on held-out samples is least, copies of columns: the
    /// teacher, the one-hot model, and the teacher's student at each of its steps.
    std::size_t early_teacher(std::size_t disturbance) const { return columns() + disturbance; }
    std::size_t early_one_hot(std::size_t disturbance) const {
        return columns() + disturbances_.size() + disturbance;
    }
    std::size_t early_student(std::size_t disturbance, std::size_t switch_at,
                              std::size_t step) const {
        return columns() + (2 + switch_at * student_steps_.size() + step) * disturbances_.size() +
               disturbance;
    }
    std::size_t all_columns() const { return early_student(0, switches_.size(), 0); }

    /// Names of the estimands: first those of every model, then those of students alone.
    const std::vector<std::string>& estimands() const { return estimands_; }
    std::size_t estimand(const std::string& name) const;
    std::size_t first_student_estimand() const { return first_student_estimand_; }
    /// Excess risks of all columns, and the gains of students from them.
    void set_risks(const double* risks, std::vector<double>& values) const;
    /// Trials to be taken together: their values fill a line of a cache.
    static constexpr std::size_t trials_per_block = 8;
    /// Takes the series of consecutive trials, the first of them at this place of its batch, from
    /// each one's values of all columns.
    void take(std::span<const std::vector<double>> values, std::size_t first,
              TrialValues& out) const;
    std::size_t values() const { return estimands_.size() * all_columns(); }
    std::size_t at(std::size_t estimand, std::size_t column) const {
        return estimand * all_columns() + column;
    }
    /// Copies all values of a column.
    void copy(std::size_t from, std::size_t to, std::vector<double>& values) const {
        for (std::size_t e = 0; e < estimands_.size(); ++e) values[at(e, to)] = values[at(e, from)];
    }

private:
    std::size_t p_, n_;
    std::vector<double> disturbances_, teacher_steps_, student_steps_, switches_;
    std::vector<std::string> estimands_;
    std::size_t first_student_estimand_;
    std::vector<std::size_t> places_;  ///< of each series' value
};

}  // namespace cucurbit
