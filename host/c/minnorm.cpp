// What the Python package calls to fit arrays (python/cucurbit/arrays.py): plain types alone, so
// that one library serves every Python. Both files declare the same arguments in the same order.

#include "cucurbit/minnorm.hpp"

#include <cmath>
#include <cstdint>

#include "host/c/blas_threads.hpp"
#include "host/c/call.hpp"

extern "C" {

[[gnu::visibility("default")]] const char* cucurbit_version() {
    return CUCURBIT_VERSION;
}

/// Arrays as cucurbit::minnorm has them. rcond: NaN for none. status and rung: one byte each.
/// Returns 0, or a Failure whose text is in `message` then.
[[gnu::visibility("default")]] int cucurbit_minnorm(
    std::size_t items, std::size_t rows, std::size_t features, std::size_t labels, const double* x,
    std::size_t x_stride, const double* y, std::size_t y_stride, const std::size_t* n,
    std::size_t n_count, double rcond, const char* device, std::size_t threads,
    double* coefficients, double* residuals, std::int32_t* rank, std::uint8_t* status,
    std::uint8_t* rung, char* message, std::size_t message_size) {
    static_assert(sizeof(cucurbit::Status) == 1 && sizeof(cucurbit::Rung) == 1);
    return cucurbit::c::guarded({message, message_size}, [&] {
        const cucurbit::c::BlasThreads kept;
        cucurbit::MinnormProblem problem{.items = items,
                                         .rows = rows,
                                         .features = features,
                                         .labels = labels,
                                         .x = x,
                                         .y = y,
                                         .x_stride = x_stride,
                                         .y_stride = y_stride,
                                         .n = {n, n + n_count},
                                         .rcond = {}};
        if (!std::isnan(rcond)) problem.rcond = rcond;
        cucurbit::minnorm(
            problem,
            {coefficients, residuals, rank, reinterpret_cast<cucurbit::Status*>(status),
             reinterpret_cast<cucurbit::Rung*>(rung)},
            device, threads);
    });
}
}
