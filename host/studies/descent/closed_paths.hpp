#pragma once
// Exact paths of gradient descent on squared loss along the eigenvectors of one trial's Gram
// matrix.

#include <cstdint>
#include <vector>

#include "host/studies/descent/grid.hpp"

namespace cucurbit {

/// Directions of one trial, the leading one first.
struct ClosedDirections {
    std::vector<double> squares;   ///< s², at least what rounding leaves of zero
    std::vector<double> rates;     ///< logarithm of the residual's factor per step
    std::vector<double> moments;   ///< [disturbance][direction] of the labels, see ClosedPaths
    std::vector<double> progress;  ///< [time][direction] a(t) at the times of ClosedPaths
    std::vector<double> decays;    ///< [switch][student step][direction] from the switch on
};

/// Every model's weights are Σ_k φ_k m_k r_k with r_k = Xᵀu_k for n < p (u_k eigenvectors of XXᵀ,
/// moments m = Uᵀy) and r_k = v_k for n ≥ p (of XᵀX, m = VᵀXᵀy); φ_k = b_k/s_k², b_k the share of
/// the way along v_k that the model has gone: a_k(T) of a teacher, a_k(t) a_k(T) of its student
/// (Nagarajan et al. 2023, section 4). φ stays accurate however small s_k is.
class ClosedPaths {
public:
    ClosedPaths(const DescentSpec& spec, const DescentGrid& grid);

    /// The first `count` directions. eigenvalues: [rank] ascending; moments: [disturbance][rank].
    ClosedDirections directions(const double* eigenvalues, const double* moments,
                                std::size_t count) const;
    /// Columns of numbers by eigenvalue, ascending, whose products are the coefficients φ_k m_k of
    /// every model: shares of the way that labels go, paths towards the labels, and m_k/s_k² at
    /// every disturbance.
    std::size_t shares() const {
        return 1 + (switched_.empty() ? 1 : 2) * grid_.teacher_steps().size();
    }
    std::size_t paths() const {
        return times_.size() + (switched_.empty() ? 0 : 1 + 2 * switched_.size());
    }
    std::size_t factors() const { return shares() + paths() + grid_.disturbances().size(); }
    /// All of them, from all directions; out: [factor][eigenvalue].
    void fill_factors(const ClosedDirections& of, double* out) const;
    /// Of every model: the share, and the path at its disturbance, path · disturbances +
    /// disturbance, whose product is its coefficients.
    struct Products {
        std::vector<std::uint32_t> shares, paths;
    };
    Products models() const;
    /// The products that are added where a student's labels have switched; none where none do.
    Products after_switches() const;
    /// All values of the trial from the excess risks of its columns and the directions that are
    /// measured; values: [grid.values()].
    void measure(const ClosedDirections& of, const double* risks,
                 std::vector<double>& values) const;

private:
    using Student = DescentGrid::Student;

    std::size_t time(double time);
    /// Calls body(column, disturbance, time) for the models that learn from the labels.
    template <class Body>
    void for_each_first_model(Body body) const;
    /// Calls body(student) for the students of one disturbance, which the others' resemble.
    template <class Body>
    void for_each_history(Body body) const;
    std::size_t change_and_step(const Student& student) const {
        return student.change * grid_.student_steps().size() + student.step;
    }
    /// b_k of a student.
    void cover(const ClosedDirections& of, const Student& student,
               std::vector<double>& covered) const;
    /// Where among switched_ a student is; its size where its labels have not switched.
    std::size_t after_switch(const Student& student) const;
    std::size_t violations(const ClosedDirections& of, const Student& student,
                           const std::vector<double>& covered) const;
    /// The student beside its teacher at equal progress along the leading direction, from what both
    /// have covered, for every disturbance.
    void compare(const ClosedDirections& of, const Student& student,
                 const std::vector<double>& covered, std::vector<double>& values) const;

    const DescentSpec& spec_;
    const DescentGrid& grid_;
    bool plain_;  ///< students learn from their teacher alone, as the theorem has it
    std::size_t projection_, ratio_, violations_;
    std::vector<double> times_;  ///< at which some model's progress is needed
    std::vector<std::size_t> teacher_times_, student_times_;  ///< [step] indices into times_
    std::vector<std::size_t> switch_times_;  ///< [switch][student step] of the earlier of both
    std::vector<std::size_t> switched_;      ///< of those, the places with a step after the switch
};

}  // namespace cucurbit
