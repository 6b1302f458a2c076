#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "cucurbit/population.hpp"
#include "cucurbit/theory.hpp"
#include "tests/unit/theory_random.hpp"

namespace cucurbit {
namespace {

std::size_t amplified(const std::vector<double>& surrogate, const std::vector<double>& truth) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        if (std::abs(surrogate[i]) > std::abs(truth[i]) * (1.0 + 1e-12)) ++count;
    }
    return count;
}

std::size_t kept(const std::vector<double>& surrogate) {
    return surrogate.size() -
           static_cast<std::size_t>(std::count(surrogate.begin(), surrogate.end(), 0.0));
}

TEST(Surrogate, KnownValues) {
    struct Known {
        double alpha, beta;
        std::size_t n;
        double noise_variance;
        std::size_t amplified, kept;
        double optimal, mask;
    };
    for (const Known& known : {Known{2.0, 1.5, 200, 0.0, 126, 203, 0.08325095954, 0.08966240321},
                               Known{2.0, 1.5, 100, 0.05, 64, 100, 0.2213121519, 0.2303286380},
                               Known{1.5, 2.0, 300, 0.1, 179, 352, 0.2120255290, 0.2124076620}}) {
        const auto spectrum = power_law_spectrum(500, known.alpha);
        const auto truth = power_law_truth(spectrum, known.beta);
        const auto optimal = optimal_surrogate(truth, spectrum, known.n);
        const auto mask = masked_surrogate(truth, spectrum, known.n);
        const auto risk = [&](const std::vector<double>& surrogate) {
            return target_risk(surrogate, truth, spectrum, known.n, known.noise_variance).value;
        };
        EXPECT_NEAR(risk(optimal), known.optimal, 5.1e-10 * known.optimal);
        EXPECT_NEAR(risk(mask), known.mask, 5.1e-10 * known.mask);
        const SurrogateCounts counts = count_surrogate(solve_fixed_point(spectrum, known.n));
        EXPECT_EQ(counts.amplified, known.amplified);
        EXPECT_EQ(counts.kept, known.kept);
        EXPECT_EQ(amplified(optimal, truth), known.amplified);
        EXPECT_EQ(kept(mask), known.kept);
    }
}

TEST(Surrogate, FromInterpolationOnTheTruthIsBest) {
    const auto spectrum = power_law_spectrum(30, 2.0);
    const auto truth = power_law_truth(spectrum, 1.5);
    for (const std::size_t n : {30, 31, 32, 300}) {
        EXPECT_EQ(optimal_surrogate(truth, spectrum, n), truth);
        EXPECT_EQ(masked_surrogate(truth, spectrum, n), truth);
        const SurrogateCounts counts = count_surrogate(solve_fixed_point(spectrum, n));
        EXPECT_EQ(counts.amplified, 0u);
        EXPECT_EQ(counts.kept, 30u);
    }
}

TEST(Surrogate, IsotropicSpectraGainNothing) {
    for (const std::size_t p : {2, 7, 500}) {
        for (const std::size_t n : {std::size_t{1}, p / 2, p - 1}) {
            const std::vector<double> spectrum(p, 0.7);
            const auto truth = power_law_truth(spectrum, 1.5);
            const auto optimal = optimal_surrogate(truth, spectrum, n);
            for (std::size_t i = 0; i < p; ++i) EXPECT_NEAR(optimal[i], truth[i], 1e-12);
            EXPECT_EQ(masked_surrogate(truth, spectrum, n), truth);
            const SurrogateCounts counts = count_surrogate(solve_fixed_point(spectrum, n));
            EXPECT_EQ(counts.amplified, 0u);
            EXPECT_EQ(counts.kept, p);
        }
    }
}

TEST(Surrogate, RefusesDifferentLengths) {
    const std::vector<double> two{1.0, 0.5};
    const std::vector<double> three{1.0, 0.5, 0.25};
    EXPECT_THROW(optimal_surrogate(two, three, 1), std::invalid_argument);
    EXPECT_THROW(masked_surrogate(two, three, 1), std::invalid_argument);
    EXPECT_THROW(optimal_surrogate(two, two, 0), std::invalid_argument);
}

RC_GTEST_PROP(SurrogateProperty, OptimalIsAStationaryMinimum, ()) {
    const auto p = draw_count(3, 30);
    const auto spectrum = draw_spectrum(p, 4.0);
    const auto truth = draw_coefficients(p);
    const auto n = draw_count(1, p - 1);
    auto surrogate = optimal_surrogate(truth, spectrum, n);
    const auto risk = [&] { return target_risk(surrogate, truth, spectrum, n, 0.1).value; };
    const double least = risk();
    for (std::size_t i = 0; i < p; ++i) {
        const double best = surrogate[i];
        const double step = 0.5 * std::abs(best) + 0.5;
        surrogate[i] = best + step;
        const double above = risk();
        surrogate[i] = best - step;
        const double below = risk();
        surrogate[i] = best;
        // A quadratic in each coordinate: equal rises on both sides mean that the slope is zero.
        RC_ASSERT(above > least);
        RC_ASSERT(std::abs(above - below) <= 1e-9 * (above - least) + 1e-13 * above);
    }
}

RC_GTEST_PROP(SurrogateProperty, MaskBeatsEveryOtherMask, ()) {
    const auto p = draw_count(3, 10);
    const auto spectrum = draw_spectrum(p, 4.0);
    const auto truth = draw_coefficients(p);
    const auto n = draw_count(1, p - 1);
    const auto mask = masked_surrogate(truth, spectrum, n);
    const double least = target_risk(mask, truth, spectrum, n, 0.1).value;
    for (std::size_t choice = 0; choice < (std::size_t{1} << p); ++choice) {
        std::vector<double> other(truth);
        for (std::size_t i = 0; i < p; ++i) {
            if ((choice >> i & 1) == 0) other[i] = 0.0;
        }
        const double risk = target_risk(other, truth, spectrum, n, 0.1).value;
        RC_ASSERT(least <= risk * (1.0 + 1e-13));
    }
}

RC_GTEST_PROP(SurrogateProperty, FlippingAnyCoordinateOfTheMaskIsWorse, ()) {
    const auto p = draw_count(3, 100);
    const auto spectrum = draw_spectrum(p, 12.0);
    const auto truth = draw_coefficients(p);
    const auto n = draw_count(1, p - 1);
    auto mask = masked_surrogate(truth, spectrum, n);
    const double least = target_risk(mask, truth, spectrum, n, 0.0).value;
    for (std::size_t i = 0; i < p; ++i) {
        const double own = mask[i];
        mask[i] = own == 0.0 ? truth[i] : 0.0;
        RC_ASSERT(target_risk(mask, truth, spectrum, n, 0.0).value >= least * (1.0 - 1e-12));
        mask[i] = own;
    }
}

RC_GTEST_PROP(SurrogateProperty, AmplifiesWhatIsKeptMoreThanOmega, ()) {
    const auto p = draw_count(3, 60);
    const auto spectrum = draw_spectrum(p, 12.0);
    const auto truth = draw_coefficients(p);
    const auto n = draw_count(1, p);
    const FixedPoint fixed = solve_fixed_point(spectrum, n);
    const auto optimal = optimal_surrogate(truth, spectrum, n);
    std::size_t sure = 0;
    std::size_t ties = 0;
    for (std::size_t i = 0; i < p; ++i) {
        const double margin = 1.0 - fixed.zeta[i] - fixed.omega;
        if (std::abs(margin) < 1e-9) {
            ++ties;
            continue;
        }
        if (margin > 0.0) ++sure;
        if (truth[i] == 0.0) continue;
        RC_ASSERT((std::abs(optimal[i]) > std::abs(truth[i])) == (margin > 0.0));
    }
    const std::size_t counted = count_surrogate(fixed).amplified;
    RC_ASSERT(counted >= sure);
    RC_ASSERT(counted <= sure + ties);
}

RC_GTEST_PROP(SurrogateProperty, OrderOfTheArms, ()) {
    const auto p = draw_count(3, 100);
    const auto spectrum = draw_spectrum(p, 12.0);
    const auto truth = draw_coefficients(p);
    const auto n = draw_count(1, p - 1);
    const auto risk = [&](const std::vector<double>& surrogate) {
        return target_risk(surrogate, truth, spectrum, n, 0.2).value;
    };
    const double optimal = risk(optimal_surrogate(truth, spectrum, n));
    const double mask = risk(masked_surrogate(truth, spectrum, n));
    RC_ASSERT(optimal <= mask * (1.0 + 1e-12));
    RC_ASSERT(mask <= risk(truth) * (1.0 + 1e-12));
}

}  // namespace
}  // namespace cucurbit
