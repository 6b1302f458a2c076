#pragma once
// Minimum-norm least squares on arrays of one's own: stacks of fits, for any numbers of rows and
// features.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cucurbit/study.hpp"

namespace cucurbit {

/// For every item and every n, the coefficients B of the smallest sum of squares among those that
/// minimise the sum of squares of X_n B − Y_n, where X_n and Y_n are the first n rows. Arrays are
/// row-major, as NumPy's, read only, and owned by the caller.
struct MinnormProblem {
    std::size_t items = 0;
    std::size_t rows = 0;
    std::size_t features = 0;
    std::size_t labels = 0;
    const double* x = nullptr;  ///< [item][row][feature]
    const double* y = nullptr;  ///< [item][row][label]
    /// Doubles from one item to the next; 0: all items share the array.
    std::size_t x_stride = 0;
    std::size_t y_stride = 0;
    std::vector<std::size_t> n;  ///< ascending, from 1 to rows; none: all rows
    /// Singular values up to rcond times the largest count as zero. None: the machine's epsilon
    /// times the larger of n and features.
    std::optional<double> rcond;
};

/// Where the fits go; whatever is there is overwritten. Any but coefficients may be null.
struct MinnormOutput {
    double* coefficients = nullptr;  ///< [item][n][feature][label]
    double* residuals = nullptr;     ///< [item][n][label], the norm of X_n b − y_n
    std::int32_t* rank = nullptr;    ///< [item][n], effective
    Status* status = nullptr;        ///< [item][n]
    Rung* rung = nullptr;            ///< [item][n]
};

/// Computes all fits. Each is solved by a Cholesky factor of the smaller of XᵀX and XXᵀ with two
/// steps of refinement, again by Householder reflections where the condition asks for it, and by
/// singular values where the rank may be deficient; which of them depends on the item alone. Items
/// are scaled by powers of two where their squares would leave double precision's range. Where the
/// first n rows hold a number that is not finite, or the result overflows, the status says
/// not_finite and what is not known is NaN; no other item, and no smaller n, notices.
/// device: as choose_devices takes it; threads: workers, 0 for the device's own number. Throws
/// std::invalid_argument where shapes or n do not fit together, DeviceError where the device is
/// absent or too small.
void minnorm(const MinnormProblem& problem, const MinnormOutput& output,
             const std::string& device = "cpu", std::size_t threads = 0);

/// The same in memory of its own.
struct MinnormFits {
    std::vector<double> coefficients;
    std::vector<double> residuals;
    std::vector<std::int32_t> rank;
    std::vector<Status> status;
    std::vector<Rung> rung;
};
MinnormFits minnorm(const MinnormProblem& problem, const std::string& device = "cpu",
                    std::size_t threads = 0);

}  // namespace cucurbit
