#include "host/studies/descent/confidence.hpp"

#include <array>
#include <cmath>

#include "kernels/common/exponential.hpp"

namespace cucurbit {

void measure_confidence(const double* z, std::size_t count, double* confidence, double* loss) {
    constexpr double ln_2 = 0x1.62e42fefa39efp-1, root_2_minus_1 = 0x1.a827999fcef32p-2;
    for (std::size_t i = 0; i < count; ++i) {
        const double odds = exponential<ScalarLane>(-std::abs(z[i]));
        confidence[i] = 1.0 / (1.0 + odds);
        // ln(1 + e) = ln m + k ln 2 with m = (1 + e)/2^k between √½ and √2; ln m = 2 artanh((m −
        // 1)/(m + 1)).
        const double k = odds > root_2_minus_1 ? 1.0 : 0.0;
        const double ratio = (odds - k) / (odds + (2.0 + k));
        loss[i] = k * ln_2 - 0.5 * mantissa_term<ScalarLane>(ratio);
    }
}

double sum(const double* values, std::size_t count) {
    std::array<double, 8> sums{};
    std::size_t i = 0;
    for (; i + sums.size() <= count; i += sums.size())
        for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += values[i + k];
    for (std::size_t k = 0; i < count; ++i, ++k) sums[k] += values[i];
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
           ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

}  // namespace cucurbit
