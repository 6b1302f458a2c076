// What theory says at a study's points: known values of the papers' populations, and formulas
// written out.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/settings/studies.hpp"
#include "tests/support/npy.hpp"

namespace cucurbit {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

const TheoryRow& row(const std::vector<TheoryRow>& rows, const std::string& arm,
                     const std::string& estimand = "excess_risk") {
    for (const TheoryRow& candidate : rows)
        if (candidate.arm == arm && candidate.estimand == estimand) return candidate;
    throw std::out_of_range("no theory for " + arm + " " + estimand);
}

std::vector<TheoryRow> theory(const Study& study) {
    return study.setting->theory(study.setting->designs().at(0).points.at(0));
}

void expect_digits(double actual, double expected) {
    EXPECT_LE(std::abs(actual - expected), 1e-9 * std::abs(expected)) << actual;
}

std::string power_law(double exponent) {
    return fmt::format("{{ kind = \"power_law\", exponent = {} }}", exponent);
}

// λ_i = i^-α, λ_i β*_i² = i^-β, p = 500; noise variances as given. Ten digits, computed apart from
// this code.
TEST(ModelShiftTheory, KnownValues) {
    struct Known {
        double alpha, beta, n, noise_variance, xi, omega, amplified, kept, standard, optimal, mask;
    };
    for (const Known& known : {Known{2, 1.5, 200, 0, 3.973373216e-05, 0.6129848549, 126, 203,
                                     0.1193669839, 0.08325095954, 0.08966240321},
                               Known{2, 1.5, 100, 0.05, 0.0002028645352, 0.5457943717, 64, 100,
                                     0.3025529582, 0.2213121519, 0.2303286380},
                               Known{1.5, 2, 300, 0.1, 0.0001995794984, 0.6760616526, 179, 352,
                                     0.2125927354, 0.2120255290, 0.2124076620}}) {
        ModelShiftText text;
        text.p = "500";
        text.n = fmt::format("{}", static_cast<int>(known.n));
        text.noise_std = fmt::format("{:.17g}", std::sqrt(known.noise_variance));
        text.spectrum = power_law(known.alpha);
        text.signal = power_law(known.beta);
        text.arms = R"(["standard", "optimal_surrogate", "mask"])";
        const auto rows = theory(text.study());
        expect_digits(row(rows, "", "xi").prediction.value, known.xi);
        expect_digits(row(rows, "", "omega").prediction.value, known.omega);
        EXPECT_EQ(row(rows, "", "amplified").prediction.value, known.amplified);
        EXPECT_EQ(row(rows, "", "kept").prediction.value, known.kept);
        expect_digits(row(rows, "standard").prediction.value, known.standard);
        expect_digits(row(rows, "optimal_surrogate").prediction.value, known.optimal);
        expect_digits(row(rows, "mask").prediction.value, known.mask);
        for (const char* arm : {"standard", "optimal_surrogate", "mask"}) {
            EXPECT_EQ(row(rows, arm).prediction.kind, TheoryKind::deterministic_equivalent);
            EXPECT_EQ(row(rows, arm).flags, "");
        }
    }
}

// n ≥ p + 2: σ² p/(n − p − 1) = 0.04 · 6/13.
TEST(ModelShiftTheory, LeastSquaresIsExact) {
    ModelShiftText text;
    text.n = "20";
    text.noise_std = "0.2";
    const auto rows = theory(text.study());
    for (const char* arm : {"standard", "mask"}) {
        expect_digits(row(rows, arm).prediction.value, 0.04 * 6.0 / 13.0);
        EXPECT_EQ(row(rows, arm).prediction.kind, TheoryKind::exact);
    }
}

TEST(ModelShiftTheory, FlagsThePointsAroundInterpolation) {
    ModelShiftText text;
    text.p = "10";
    text.noise_std = "0.2";
    for (int n = 5; n <= 15; ++n) {
        text.n = std::to_string(n);
        const TheoryRow standard = row(theory(text.study()), "standard");
        EXPECT_EQ(standard.flags, std::abs(n - 10) <= 3 ? "near_interpolation" : "") << n;
        EXPECT_EQ(standard.prediction.value == infinity, std::abs(n - 10) <= 1) << n;
    }
}

TEST(ModelShiftTheory, CoordinatesAreThoseOfFigureOne) {
    ModelShiftText text;
    text.p = "500";
    text.n = "200";
    const Study study = text.study();
    const auto table = study.setting->coordinates(study.setting->designs().at(0).points.at(0));
    ASSERT_EQ(table.names, (std::vector<std::string>{"index", "spectrum", "zeta", "truth",
                                                     "optimal_surrogate", "mask"}));
    const auto column = [&](std::size_t k) { return table.columns.at(k); };
    std::size_t amplified = 0, kept = 0;
    for (std::size_t i = 0; i < 500; ++i) {
        const double lambda = std::pow(static_cast<double>(i + 1), -2.0);
        EXPECT_EQ(column(0)[i], static_cast<double>(i + 1));
        EXPECT_NEAR(column(2)[i], 3.973373216e-05 / (lambda + 3.973373216e-05), 1e-9);
        EXPECT_NEAR(lambda * column(3)[i] * column(3)[i],
                    std::pow(static_cast<double>(i + 1), -1.5), 1e-12);
        amplified += column(4)[i] > column(3)[i];
        kept += column(5)[i] != 0.0;
        EXPECT_TRUE(column(5)[i] == 0.0 || column(5)[i] == column(3)[i]) << i;
    }
    EXPECT_EQ(amplified, 126u);
    EXPECT_EQ(kept, 203u);
}

// p = 300, λˢ_i = i^-αs, λᵗ_i = i^-αt, λᵗ_i β*_i² = i^-b.
TEST(TwoStageTheory, KnownValues) {
    struct Known {
        double surrogate_alpha, target_alpha, b, m, n, surrogate_variance, variance, target,
            surrogate;
    };
    for (const Known& known :
         {Known{1.5, 1.5, 1.5, 150, 100, 0, 0, 0.2037044866, 0.1072852576},
          Known{0.5, 1.5, 1.5, 200, 150, 0.05, 0.05, 0.3870677411, 0.2384140199},
          Known{2, 1, 1.6, 600, 120, 0.2, 0, 18.03607165, 30.20066890}}) {
        TwoStageText text;
        text.p = "300";
        text.m = fmt::format("{}", static_cast<int>(known.m));
        text.n = fmt::format("{}", static_cast<int>(known.n));
        text.surrogate_noise_std = fmt::format("{:.17g}", std::sqrt(known.surrogate_variance));
        text.noise_std = fmt::format("{:.17g}", std::sqrt(known.variance));
        text.surrogate_spectrum = power_law(known.surrogate_alpha);
        text.spectrum = power_law(known.target_alpha);
        text.signal = power_law(known.b);
        const auto rows = theory(text.study());
        expect_digits(row(rows, "target").prediction.value, known.target);
        expect_digits(row(rows, "surrogate").prediction.value, known.surrogate);
    }
}

// m, n ≥ p + 2: σ_s² Σ λᵗ_i/λˢ_i/(m − p − 1) + σ_t² p/(n − p − 1), exactly; standard has the second
// term alone.
TEST(TwoStageTheory, LeastSquaresInBothStages) {
    TwoStageText text;
    text.m = "11";
    text.n = "20";
    text.surrogate_noise_std = "0.5";
    text.noise_std = "0.2";
    const auto rows = theory(text.study());
    double surrogate = 0.0;
    for (int i = 1; i <= 6; ++i) surrogate += 0.25 / (4.0 * i);
    const double own = 0.04 * 6.0 / 13.0;
    expect_digits(row(rows, "surrogate").prediction.value, surrogate);
    expect_digits(row(rows, "target").prediction.value, surrogate + own);
    expect_digits(row(rows, "standard").prediction.value, own);
    for (const char* arm : {"surrogate", "target", "standard"})
        EXPECT_EQ(row(rows, arm).prediction.kind, TheoryKind::exact) << arm;
}

TEST(TwoStageTheory, FlagsThePointsAroundInterpolationInEitherStage) {
    TwoStageText text;
    text.p = "10";
    for (const auto& [m, n] : {std::pair{4, 5}, {8, 5}, {4, 12}, {10, 10}, {20, 30}}) {
        text.m = std::to_string(m);
        text.n = std::to_string(n);
        const auto rows = theory(text.study());
        const bool near_m = std::abs(m - 10) <= 3, near_n = std::abs(n - 10) <= 3;
        const auto flag = [](bool near) { return near ? "near_interpolation" : ""; };
        EXPECT_EQ(row(rows, "surrogate").flags, flag(near_m)) << m << " " << n;
        EXPECT_EQ(row(rows, "target").flags, flag(near_m || near_n)) << m << " " << n;
        EXPECT_EQ(row(rows, "standard").flags, flag(near_n)) << m << " " << n;
    }
}

// 2/(n(1 − Ω)), the largest over the stages that an arm goes through; of an isotropic spectrum n(1
// − Ω) is n(p − n)/p.
TEST(EquivalentError, IsThatOfTheStagesAnArmSees) {
    ModelShiftText one;
    one.p = "500";
    one.n = "200";
    const auto error = [](const std::vector<double>& spectrum, std::size_t samples) {
        return 2.0 / solve_fixed_point(spectrum, samples).effective_excess;
    };
    const auto powers = [](std::size_t p, double exponent) {
        std::vector<double> spectrum(p);
        for (std::size_t i = 0; i < p; ++i)
            spectrum[i] = std::pow(static_cast<double>(i + 1), -exponent);
        return spectrum;
    };
    const auto relative = [](const std::vector<TheoryRow>& rows, const char* arm) {
        return row(rows, arm).prediction.relative_error;
    };
    const std::vector<double> flat(500, 1.0);
    EXPECT_NEAR(error(flat, 200), 2.0 * 500 / (200.0 * 300.0), 1e-12);
    one.spectrum = R"({ kind = "power_law", exponent = 2.0 })";
    const auto rows = theory(one.study());
    EXPECT_NEAR(relative(rows, "standard"), error(powers(500, 2.0), 200), 1e-12);
    one.n = "600";
    EXPECT_EQ(relative(theory(one.study()), "standard"), 0.0);
    TwoStageText two;
    two.p = "300";
    two.m = "150";
    two.n = "290";
    const auto stages = theory(two.study());
    EXPECT_GT(relative(stages, "standard"), relative(stages, "surrogate"));
    EXPECT_EQ(relative(stages, "target"), relative(stages, "standard"));
}

// Σ over all but the noise-free: (|n − p| + 1)/2 of the stage nearest to interpolation.
TEST(TailExponent, IsThatOfTheNearestNoisyStage) {
    ModelShiftText one;
    one.p = "30";
    one.n = "24";
    one.noise_std = "[0.0, 0.5]";
    const Study study = one.study();
    const Design design = study.setting->designs().at(0);
    EXPECT_EQ(row(study.setting->theory(design.points[0]), "standard").tail_exponent,
              std::numeric_limits<double>::infinity());
    EXPECT_EQ(row(study.setting->theory(design.points[1]), "standard").tail_exponent, 3.5);
}

std::vector<TheoryRow> chain_theory(const std::string& features, const std::string& file = "") {
    return theory(study_of(fmt::format(R"(
        schema = 1
        study = {{ name = "features", kind = "chain", seed = 1 }}
        population = {{ p = 9, spectrum = {}, signal = {{ kind = "uniform" }} }}
        stage = [{{ n = 30, noise_std = 0.3, features = {} }}, {{ n = 4, noise_std = 0.1 }}]
        precision = {{ trials = 64 }}
    )",
                                       power_law(1.0), features),
                           {{"rows.npy", file}}));
}

void expect_same(const std::vector<TheoryRow>& rows, const std::vector<TheoryRow>& expected) {
    ASSERT_EQ(rows.size(), expected.size());
    for (std::size_t k = 0; k < rows.size(); ++k) {
        EXPECT_GT(rows[k].prediction.value, 0.0);
        expect_digits(rows[k].prediction.value, expected[k].prediction.value);
    }
}

// Features are what AᵀA says they are: a file's rows may depend on one another.
TEST(ChainTheory, FeaturesOfAFileAreThoseOfItsRows) {
    const std::string file = R"({ kind = "file", file = "rows.npy" })";
    constexpr std::size_t p = 9;
    std::vector<double> leading(3 * p, 0.0), repeated(4 * p, 0.0), all(p * p, 0.0);
    for (std::size_t i = 0; i < 3; ++i) leading[i * p + i] = repeated[i * p + i] = 1.0;
    repeated[2 * p + 2] = repeated[3 * p + 2] = std::sqrt(0.5);
    for (std::size_t i = 0; i < p; ++i) all[i * p + p - 1 - i] = 1.0;
    const auto mask = chain_theory(R"({ kind = "mask", keep = 3 })");
    expect_same(chain_theory(file, npy_file(3, p, leading)), mask);
    expect_same(chain_theory(file, npy_file(4, p, repeated)), mask);
    expect_same(chain_theory(file, npy_file(p, p, all)), chain_theory(R"({ kind = "identity" })"));
}

}  // namespace
}  // namespace cucurbit
