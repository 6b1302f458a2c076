// kind = "features" on every engine against the oracle, and what a trial's values depend on.

#include <algorithm>
#include <set>

#include "tests/reference/features.hpp"
#include "tests/support/engines.hpp"
#include "tests/support/gaussian_features.hpp"

namespace cucurbit {
namespace {

using reference::FeatureTrial;
using reference::Matrix;
using reference::Real;

Matrix matrix(std::size_t rows, std::size_t cols, const std::vector<double>& values) {
    Matrix m(rows, cols);
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < cols; ++j) m(i, j) = values[i * cols + j];
    return m;
}

FeatureTrial oracle(const GaussianFeatures& of, Real tau) {
    FeatureTrial trial;
    trial.weak = truncate_features(matrix(of.samples, of.weak, of.weak_features()), tau);
    trial.strong = truncate_features(matrix(of.samples, of.strong, of.strong_features()), tau);
    const std::vector<double> labels = of.labels();
    if (!of.classes) {
        trial.labels = matrix(of.samples, of.outputs, labels);
    } else {
        trial.labels = Matrix(of.samples, of.outputs);
        for (std::size_t i = 0; i < of.samples; ++i) {
            trial.classes.push_back(static_cast<std::size_t>(labels[i]));
            trial.labels(i, trial.classes.back()) = 1;
        }
    }
    trial.test = of.test;
    return trial;
}

class FeaturesParity : public OnEngine {
protected:
    /// Compares every value of some trials, in a batch that is not full at its end.
    void compare(const GaussianFeatures& of, Real tau = 0) {
        const Study study = of.study();
        const Design design = study.setting->designs().at(0);
        const std::vector<std::uint64_t> trials{3, 0, 17};
        const TrialValues values = simulate(study, design, *engine_, trials, 2);
        FeatureTrial trial = oracle(of, tau);
        trial.key = design.key;
        for (std::size_t point = 0; point < design.points.size(); ++point)
            for (std::size_t t = 0; t < trials.size(); ++t) {
                const std::vector<double>& at = design.points[point].parameters;
                trial.n = static_cast<std::size_t>(at[0]);
                trial.n_pseudo = static_cast<std::size_t>(at[1]);
                trial.penalty = at[2];
                trial.trial = trials[t];
                const auto expected = trial.values();
                for (std::size_t s = 0; s < design.series.size(); ++s) {
                    const Series& series = design.series[s];
                    if (series.point != point) continue;
                    const std::string name = series.arm + " " + series.estimand;
                    const auto right = static_cast<double>(expected.at(name));
                    EXPECT_NEAR(values.values[s * trials.size() + t], right, 1e-9 * right)
                        << name << " at n = " << at[0] << ", n_pseudo = " << at[1]
                        << ", penalty = " << at[2] << ", trial " << trials[t];
                    EXPECT_EQ(values.outcomes[s * trials.size() + t].status, Status::ok) << name;
                }
            }
    }
};

GaussianFeatures small() {
    GaussianFeatures of;
    of.samples = 150;
    of.test = 30;
    of.n_pseudo = "[15, 70]";
    of.surrogates = R"(["mask", "optimal_surrogate"])";
    return of;
}

TEST_P(FeaturesParity, Regression) {
    compare(small());
}

TEST_P(FeaturesParity, RidgeAndFewerSamplesThanFeatures) {
    GaussianFeatures of = small();
    of.weak = 14;
    of.strong = 20;
    of.shared = 5;
    of.decay = 0.8;
    of.n = "[5, 9, 40]";
    of.n_pseudo = "[12, 60]";
    of.penalty = "[0.0, 0.7]";
    compare(of);
}

TEST_P(FeaturesParity, Classes) {
    GaussianFeatures of = small();
    of.classes = true;
    of.outputs = 3;
    of.n = "[4, 30]";
    compare(of);
}

TEST_P(FeaturesParity, TruncatedAndMoreFeaturesThanSamples) {
    GaussianFeatures of = small();
    of.samples = 70;
    of.test = 20;
    of.weak = 12;
    of.strong = 90;
    of.decay = 0.7;
    of.n = "[4, 20]";
    of.n_pseudo = "[25]";
    of.tau = "0.01";
    compare(of, 0.01L);
}

// A feature that most samples lack: where all of a trial's labelled or unlabelled ones do, its
// coefficients are not determined.
TEST_P(FeaturesParity, SamplesOfLessThanFullRank) {
    GaussianFeatures of = small();
    of.n = "12";
    of.n_pseudo = "15";
    of.rare = 12;
    const Study study = of.study();
    const Design design = study.setting->designs().at(0);
    const std::vector<std::uint64_t> trials = first_trials(20);
    const TrialValues values = simulate(study, design, *engine_, trials, 20);
    FeatureTrial trial = oracle(of, 0);
    trial.key = design.key;
    trial.n = 12;
    trial.n_pseudo = 15;
    trial.truncated = true;
    std::size_t deficient = 0;
    for (std::size_t t = 0; t < trials.size(); ++t) {
        trial.trial = trials[t];
        const auto expected = trial.values();
        for (std::size_t s = 0; s < design.series.size(); ++s) {
            const Outcome& outcome = values.outcomes[s * trials.size() + t];
            const auto right =
                static_cast<double>(expected.at(design.series[s].arm + " test_error"));
            EXPECT_NEAR(values.values[s * trials.size() + t], right, 1e-9 * right)
                << design.series[s].arm << " of trial " << t;
            EXPECT_EQ(outcome.status, Status::ok);
            deficient += outcome.rank_deficit;
        }
    }
    EXPECT_GT(deficient, 10u);
    EXPECT_LT(deficient, 60u);
}

TEST_P(FeaturesParity, ATrialAndASizeDoNotDependOnTheOthers) {
    GaussianFeatures grown = small();
    grown.n = "[8, 12, 40]";
    grown.n_pseudo = "[9, 15, 30, 70]";
    GaussianFeatures alone = grown;
    alone.n = "12";
    alone.n_pseudo = "30";
    const Study all = grown.study(), one = alone.study();
    const Design many = all.setting->designs().at(0), few = one.setting->designs().at(0);
    EXPECT_EQ(many.key, few.key);
    const TrialValues first = simulate(all, many, *engine_, first_trials(20), 20);
    const TrialValues second = simulate(one, few, *engine_, {19, 7}, 2);
    const double allowed = allowed_between_batches(GetParam()), close = std::max(1e-12, allowed);
    std::size_t compared = 0;
    for (std::size_t s = 0; s < many.series.size(); ++s)
        for (std::size_t r = 0; r < few.series.size(); ++r) {
            const Series &a = many.series[s], &b = few.series[r];
            if (!(many.points[a.point] == few.points[b.point]) || a.arm != b.arm) continue;
            ++compared;
            EXPECT_NEAR(first.values[s * 20 + 19], second.values[r * 2], close) << a.arm;
            EXPECT_NEAR(first.values[s * 20 + 7], second.values[r * 2 + 1], close) << a.arm;
        }
    EXPECT_EQ(compared, few.series.size());
    const TrialValues single = simulate(all, many, *engine_, {19}, 1);
    for (std::size_t s = 0; s < many.series.size(); ++s)
        EXPECT_TRUE(agree(single.values[s], first.values[s * 20 + 19], allowed));
}

// Comparisons of two students, of the same features in other files, or of truncations are paired:
// a trial's samples are the same. Another seed or number of samples splits otherwise.
TEST_P(FeaturesParity, SplitsDependOnTheSeedAndTheSamplesAlone) {
    const GaussianFeatures of = small();
    // Values that single precision holds too.
    std::vector<double> weak = of.weak_features();
    for (double& value : weak) value = static_cast<float>(value);
    const auto with_weak = [&](bool single, bool fortran) {
        auto files = of.files();
        files["weak.npy"] = npy_file(of.samples, of.weak, weak, single, fortran);
        return study_of(of.text(), files);
    };
    /// Values of trials 0 and 1, of these arms.
    const auto values = [&](const Study& study, const std::set<std::string>& arms) {
        const Design design = study.setting->designs().at(0);
        const TrialValues all = simulate(study, design, *engine_, first_trials(2), 2);
        std::vector<double> chosen;
        for (std::size_t s = 0; s < design.series.size(); ++s)
            if (arms.empty() || arms.contains(design.series[s].arm))
                chosen.insert(chosen.end(), &all.values[2 * s], &all.values[2 * s] + 2);
        return chosen;
    };
    const Study plain = with_weak(false, false);
    EXPECT_EQ(values(with_weak(true, false), {}), values(plain, {}));
    EXPECT_EQ(values(with_weak(false, true), {}), values(plain, {}));
    EXPECT_EQ(values(with_weak(true, true), {}), values(plain, {}));

    const std::vector<double> weak_arm = values(of.study(), {"weak"});
    GaussianFeatures other = of;
    other.decay = 0.9;
    other.strong = 7;
    other.shared = of.shared;
    auto files = of.files();
    files["strong.npy"] = other.files()["strong.npy"];
    const Study student = study_of(of.text(), files);
    EXPECT_EQ(values(student, {"weak"}), weak_arm);
    EXPECT_NE(values(student, {"baseline"}), values(of.study(), {"baseline"}));
    const auto key = [](const GaussianFeatures& features) {
        return features.study().setting->designs().at(0).key;
    };
    GaussianFeatures truncated = of;
    truncated.tau = "0.3";
    EXPECT_EQ(key(truncated), key(of));
    truncated.test = 20;
    EXPECT_EQ(key(truncated), key(of));

    GaussianFeatures another = of;
    another.split_seed += 1;
    EXPECT_NE(values(another.study(), {"weak"}), weak_arm);
    another = of;
    another.samples += 1;
    EXPECT_NE(key(another), key(of));
    // Trials of other files are never taken for this study's own.
    EXPECT_NE(student.identity, of.study().identity);
    EXPECT_NE(with_weak(true, false).identity, plain.identity);
}

// Features whose scales fall over six decades, with fewer samples than features.
TEST_P(FeaturesParity, ClimbsTheLadder) {
    GaussianFeatures of = small();
    of.weak = 40;
    of.strong = 30;
    of.decay = 0.6;
    of.n = "[6, 34]";
    of.n_pseudo = "[20]";
    const Study study = of.study();
    const Design design = study.setting->designs().at(0);
    const TrialValues values = simulate(study, design, *engine_, first_trials(12), 12);
    std::set<Rung> used;
    for (const Outcome& outcome : values.outcomes) {
        EXPECT_EQ(outcome.status, Status::ok);
        used.insert(outcome.rung);
    }
    EXPECT_TRUE(used.contains(Rung::orthogonal));
}

CUCURBIT_ON_EVERY_ENGINE(FeaturesParity);

}  // namespace
}  // namespace cucurbit
