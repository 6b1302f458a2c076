// What the Python package calls for predictions of arrays (python/cucurbit/laws.py), which declares
// the same arguments in the same order.

#include "cucurbit/theory.hpp"

#include <algorithm>
#include <cstdint>

#include "host/c/call.hpp"

extern "C" {

/// cucurbit::target_risk for `count` pairs of n and noise variance. surrogate, truth, spectrum:
/// [p]. value, kind (as TheoryKind is numbered) and relative_error: [count]. Returns 0, or a
/// Failure whose text is in `message` then.
[[gnu::visibility("default")]] int cucurbit_target_risk(
    std::size_t p, const double* surrogate, const double* truth, const double* spectrum,
    std::size_t count, const std::size_t* samples, const double* noise_variance, double* value,
    std::uint8_t* kind, double* relative_error, char* message, std::size_t message_size) {
    return cucurbit::c::guarded({message, message_size}, [&] {
        for (std::size_t i = 0; i < count; ++i) {
            const cucurbit::Prediction risk = cucurbit::target_risk(
                {surrogate, p}, {truth, p}, {spectrum, p}, samples[i], noise_variance[i]);
            value[i] = risk.value;
            kind[i] = static_cast<std::uint8_t>(risk.kind);
            relative_error[i] = risk.relative_error;
        }
    });
}

/// cucurbit::optimal_surrogate for `count` n. truth, spectrum: [p]; surrogates: [count][p].
[[gnu::visibility("default")]] int cucurbit_optimal_surrogate(
    std::size_t p, const double* truth, const double* spectrum, std::size_t count,
    const std::size_t* samples, double* surrogates, char* message, std::size_t message_size) {
    return cucurbit::c::guarded({message, message_size}, [&] {
        for (std::size_t i = 0; i < count; ++i)
            std::ranges::copy(cucurbit::optimal_surrogate({truth, p}, {spectrum, p}, samples[i]),
                              surrogates + i * p);
    });
}
}
