#pragma once
// Exact paths of gradient descent on squared loss along the eigenvectors of one trial's Gram
// matrix.

#include <vector>

#include "host/studies/descent/grid.hpp"

namespace cucurbit {

/// Directions of one trial, the leading one first.
struct ClosedDirections {
    std::vector<double> squares;  ///< s², at least what rounding leaves of zero
    std::vector<double> rates;    ///< logarithm of the residual's factor per step
    std::vector<double> moments;  ///< [disturbance][direction] of the labels, see ClosedPaths
};

/// Every model's weights are Σ_k φ_k m_k r_k with r_k = Xᵀu_k for n < p (u_k eigenvectors of XXᵀ,
/// moments m = Uᵀy) and r_k = v_k for n ≥ p (of XᵀX, m = VᵀXᵀy); φ_k = b_k/s_k², b_k the share of
/// the way along v_k that the model has gone: a_k(T) of a teacher, a_k(t) a_k(T) of its student
/// (Nagarajan et al. 2023, section 4). φ stays accurate however small s_k is.
class ClosedPaths {
public:
    ClosedPaths(const DescentSpec& spec, const DescentGrid& grid);

    /// eigenvalues: [rank] ascending; moments: [disturbance][rank].
    ClosedDirections directions(const double* eigenvalues, const double* moments) const;
    /// φ_k m_k of every model, [column][eigenvalue, ascending].
    void fill_coefficients(const ClosedDirections& of, double* out) const;
    /// All values of the trial from the excess risks of its columns; values: [grid.values()].
    void measure(const ClosedDirections& of, const double* risks,
                 std::vector<double>& values) const;

private:
    using Student = DescentGrid::Student;

    template <class Body>
    void for_each_model(Body body) const;
    double student_progress(double rate, const Student& student) const;
    bool violates(const ClosedDirections& of, std::size_t stronger, std::size_t weaker,
                  const Student& student) const;
    /// The student beside its teacher at equal progress along the leading direction.
    void compare(const ClosedDirections& of, const Student& student,
                 std::vector<double>& values) const;

    const DescentSpec& spec_;
    const DescentGrid& grid_;
    bool plain_;  ///< students learn from their teacher alone, as the theorem has it
    std::size_t projection_, ratio_, violations_;
};

}  // namespace cucurbit
