// What the Python package calls for predictions of arrays (python/cucurbit/laws.py), which declares
// the same arguments in the same order.

#include "cucurbit/theory.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "host/c/call.hpp"

namespace {

void require_finite(std::span<const double> numbers, const char* name) {
    const auto at = std::ranges::find_if_not(numbers, [](double x) { return std::isfinite(x); });
    if (at != numbers.end())
        throw std::invalid_argument(std::string(name) + " must be finite; number " +
                                    std::to_string(at - numbers.begin()) + " is not");
}

template <class Number>
std::size_t size_of(Number n) {
    if (!(n >= 1)) throw std::invalid_argument("n must be whole numbers from 1 on");
    return static_cast<std::size_t>(n);
}

}  // namespace

extern "C" {

/// cucurbit::target_risk for `count` points. surrogate (null: truth), truth, spectrum: [p]; points:
/// n and the noise's standard deviation, [2][count]; predictions: value, relative error and kind
/// (as TheoryKind is numbered), [3][count]. Few arrays, because Python takes longer to hand over
/// one than the law takes for 20 coordinates. Returns 0, or a Failure whose text is in `message`
/// then.
[[gnu::visibility("default")]] int cucurbit_target_risk(std::size_t p, const double* surrogate,
                                                        const double* truth, const double* spectrum,
                                                        std::size_t count, const double* points,
                                                        double* predictions, char* message,
                                                        std::size_t message_size) {
    return cucurbit::c::guarded({message, message_size}, [&] {
        if (surrogate == nullptr) surrogate = truth;
        require_finite({surrogate, p}, "surrogate");
        require_finite({truth, p}, "truth");
        require_finite({spectrum, p}, "spectrum");
        for (std::size_t i = 0; i < count; ++i) {
            const double noise_std = points[count + i];
            if (!(std::isfinite(noise_std) && noise_std >= 0.0))
                throw std::invalid_argument("noise_std must be finite and not negative");
            const cucurbit::Prediction risk =
                cucurbit::target_risk({surrogate, p}, {truth, p}, {spectrum, p}, size_of(points[i]),
                                      noise_std * noise_std);
            predictions[i] = risk.value;
            predictions[count + i] = risk.relative_error;
            predictions[2 * count + i] = static_cast<double>(risk.kind);
        }
    });
}

/// cucurbit::optimal_surrogate for `count` n. truth, spectrum: [p]; surrogates: [count][p].
[[gnu::visibility("default")]] int cucurbit_optimal_surrogate(
    std::size_t p, const double* truth, const double* spectrum, std::size_t count,
    const std::int64_t* samples, double* surrogates, char* message, std::size_t message_size) {
    return cucurbit::c::guarded({message, message_size}, [&] {
        require_finite({truth, p}, "truth");
        require_finite({spectrum, p}, "spectrum");
        for (std::size_t i = 0; i < count; ++i)
            std::ranges::copy(
                cucurbit::optimal_surrogate({truth, p}, {spectrum, p}, size_of(samples[i])),
                surrogates + i * p);
    });
}
}
