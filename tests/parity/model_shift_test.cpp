// Every risk of a model_shift trial, on every engine, against the oracle.

#include <set>

#include "tests/parity/model_shift.hpp"

namespace cucurbit {
namespace {

TEST_P(ModelShiftParity, AwkwardSizes) {
    const std::vector<std::uint64_t> trials{17, 0, 3, std::uint64_t{1} << 40, 2, 1, 64};
    const std::size_t batches[] = {1, 2, 7, 64};
    std::size_t turn = 0;
    for (const std::size_t p : {2, 3, 31, 33, 65})
        for (const LabelNoise mode : both_modes) {
            const std::set<std::size_t> sizes{
                1, 2, 3, std::max<std::size_t>(p / 2, 1), p - 1, p, p + 1, 2 * p, 128, 129};
            auto scenario =
                ModelShiftScenario::power_law(p, 2.0, 1.5, {sizes.begin(), sizes.end()});
            scenario.label_noise = mode;
            for (const Comparison& c : compare(scenario, trials, batches[turn++ % 4]))
                expect_parity(c);
        }
}

// Steeper and steeper spectra: each rung of full rank is used, and right.
TEST_P(ModelShiftParity, EveryRungOfFullRank) {
    std::set<Rung> used;
    for (const double exponent : {2.0, 6.0, 7.0, 9.0, 12.0})
        for (const LabelNoise mode : both_modes) {
            auto scenario =
                ModelShiftScenario::power_law(40, exponent, 1.5, {5, 20, 30, 38, 39, 40, 41, 90});
            scenario.label_noise = mode;
            for (const Comparison& c : compare(scenario, first_trials(6), 4)) {
                expect_parity(c);
                used.insert(c.outcome.rung);
            }
        }
    EXPECT_EQ(used, (std::set{Rung::cholesky, Rung::refined, Rung::orthogonal}));
}

// Twenty directions that double can see and twenty that it cannot: beyond twenty samples the fit
// has rank twenty and stays there, and from n = p on least squares recovers all forty.
TEST_P(ModelShiftParity, TruncatedRungAtTheOraclesRank) {
    for (const LabelNoise mode : both_modes) {
        auto scenario = ModelShiftScenario::spiked(40, 20, 1e-36, {10, 19, 21, 30, 39, 40, 41, 60});
        scenario.label_noise = mode;
        bool truncated = false;
        for (const Comparison& c : compare(scenario, first_trials(5), 3)) {
            EXPECT_EQ(c.outcome.rank_deficit, std::min<std::size_t>(c.samples, 40) - c.rank)
                << c.where;
            expect_parity(c);
            truncated = truncated || c.outcome.rung == Rung::truncated;
        }
        EXPECT_TRUE(truncated) << "nothing here was truncated";
    }
}

// Values are those of the trial, whatever the batch, its order and its company: the same bits but
// on a card.
TEST_P(ModelShiftParity, ATrialAloneIsTheTrialInABatch) {
    const double allowed = allowed_between_batches(GetParam());
    for (const double exponent : {2.0, 7.0, 20.0})
        for (const LabelNoise mode : both_modes) {
            auto scenario =
                ModelShiftScenario::power_law(65, exponent, 1.5, {3, 33, 50, 64, 65, 66, 131});
            scenario.label_noise = mode;
            const Study study = scenario.study();
            const Design design = study.setting->designs().at(0);
            const std::size_t series = design.series.size();
            const auto all = simulate(study, design, *engine_, first_trials(64), 64);
            for (const std::vector<std::uint64_t>& trials :
                 {std::vector<std::uint64_t>{17}, {63, 17, 0, 5, 41, 2, 9}}) {
                const auto some = simulate(study, design, *engine_, trials, 7);
                for (std::size_t s = 0; s < series; ++s)
                    for (std::size_t t = 0; t < trials.size(); ++t) {
                        const std::size_t index = s * trials.size() + t, same = s * 64 + trials[t];
                        ASSERT_TRUE(agree(some.values[index], all.values[same], allowed))
                            << s << " " << trials[t];
                        ASSERT_TRUE(agree(some.outcomes[index], all.outcomes[same], allowed))
                            << s << " " << trials[t];
                    }
            }
        }
}

// Part of a design's points and arms: the same draws, the same risks.
TEST_P(ModelShiftParity, ARestrictedDesignGivesTheSameRisks) {
    for (const LabelNoise mode : both_modes) {
        auto scenario = ModelShiftScenario::power_law(33, 2.0, 1.5, {2, 16, 31, 33, 40});
        scenario.label_noise = mode;
        const Study study = scenario.study();
        const Design design = study.setting->designs().at(0);
        for (const std::vector<std::size_t>& kept :
             {std::vector<std::size_t>{0}, {9, 13}, {5, 2, 39}}) {
            Design part = design;
            part.series.clear();
            for (const std::size_t s : kept) part.series.push_back(design.series[s]);
            const auto trials = first_trials(5);
            const auto values = simulate(study, part, *engine_, trials, 5);
            for (const Comparison& c : scenario.beside_oracle(study, part, trials, values))
                expect_parity(c);
        }
    }
}

CUCURBIT_ON_EVERY_ENGINE(ModelShiftParity);

}  // namespace
}  // namespace cucurbit
