// What a table says where means say little: heavy tails, few trials, quantiles, every trial.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "host/run/summary.hpp"
#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

using fake::Options;
using fake::rows_of;

// One value in a hundred that is a million times the others, of a law that says nothing of tails.
TEST(Table, AHeavyTailGivesQuantilesInsteadOfIntervals) {
    Options options;
    options.arms = {"standard"};
    options.samples = {10};
    EXPECT_EQ(rows_of(options, 100).front().flags, "");
    options.outlier = 37;
    const std::vector<Row> rows = rows_of(options, 100);
    ASSERT_EQ(rows.size(), 5u);
    EXPECT_EQ(rows[0].flags, "heavy_tail");
    EXPECT_GT(rows[0].estimate, 1e3);
    for (const double number : {rows[0].std_err, rows[0].z, rows[0].ci95_low, rows[0].ci95_high})
        EXPECT_TRUE(std::isnan(number));
    EXPECT_EQ(rows[2].estimand, "excess_risk_median");
    EXPECT_NEAR(rows[2].estimate, 1.0, 0.2);
    // Where the law knows that tails are light, an outlier is an error that a verdict must see.
    options.tail_exponent = std::numeric_limits<double>::infinity();
    const Row known = rows_of(options, 100).front();
    EXPECT_EQ(known.flags, "");
    EXPECT_TRUE(std::isfinite(known.z));
}

TEST(HeavyTail, LightTailsAreNotTakenForHeavyOnes) {
    std::mt19937_64 random(3);
    std::exponential_distribution<double> exponential;
    std::uniform_real_distribution<double> uniform;
    for (const std::size_t trials : {8, 30, 300}) {
        int light = 0, heavy = 0;
        for (int k = 0; k < 2000; ++k) {
            SeriesSummary of_light, of_heavy;
            for (std::size_t t = 0; t < trials; ++t) {
                of_light.values.push_back(exponential(random));
                of_heavy.values.push_back(std::pow(uniform(random), -1.0 / 0.4));
                of_light.moments.add(of_light.values.back());
                of_heavy.moments.add(of_heavy.values.back());
            }
            light += has_heavy_tail(of_light);
            heavy += has_heavy_tail(of_heavy);
        }
        // Light ones: 4.9 %, 2.7 % and none, by 20,000 others; heavy ones seen: 1,560, 1,829, more.
        EXPECT_LE(light, trials < 30 ? 130 : 85) << trials;
        EXPECT_GE(heavy, trials < 30 ? 1500 : 1780) << trials;
    }
    // A share of one in many is rare, not heavy.
    SeriesSummary rare;
    for (int t = 0; t < 64; ++t) {
        rare.values.push_back(t == 5 ? 0.3 : 0.0);
        rare.moments.add(rare.values.back());
    }
    EXPECT_FALSE(has_heavy_tail(rare));
}

TEST(HeavyTail, RatiosWithADenominatorAroundZeroAreFoundByTheirTail) {
    std::mt19937_64 random(5);
    std::normal_distribution<double> normal;
    std::exponential_distribution<double> exponential;
    std::student_t_distribution<double> three(3.0);
    std::uniform_real_distribution<double> uniform;
    const auto found = [](std::size_t trials, const std::function<double()>& draw) {
        int count = 0;
        for (int k = 0; k < 500; ++k) {
            SeriesSummary summary;
            for (std::size_t t = 0; t < trials; ++t) {
                summary.values.push_back(draw());
                summary.moments.add(summary.values.back());
            }
            count += has_heavy_tail(summary);
        }
        return count;
    };
    const auto ratio = [&] {
        const double above = normal(random);
        return above / normal(random);
    };
    // Seen: 83 % and 95 %; two thirds by the share of one trial alone.
    EXPECT_GE(found(256, ratio), 380);
    EXPECT_GE(found(1024, ratio), 450);
    // What has a variance: 2.8 % and 1.2 %, none of the others.
    EXPECT_LE(found(256, [&] { return three(random); }), 30);
    EXPECT_LE(found(1024, [&] { return three(random); }), 15);
    EXPECT_EQ(found(1024, [&] { return exponential(random); }), 0);
    EXPECT_LE(found(256, [&] { return std::pow(normal(random), 2.0); }), 3);
    EXPECT_EQ(found(256, [&] { return uniform(random) < 0.1 ? exponential(random) : 0.0; }), 0);
}

TEST(Table, FewTrialsOfAHeavyTailHaveNoInterval) {
    Options options;
    options.arms = {"standard"};
    options.tail_exponent = 3.5;  // |n − p| = 6: 512 trials
    const Row few = rows_of(options, 511).front(), enough = rows_of(options, 512).front();
    EXPECT_EQ(few.flags, "few_trials");
    EXPECT_TRUE(std::isfinite(few.std_err));
    EXPECT_TRUE(std::isnan(few.z));
    EXPECT_TRUE(std::isnan(few.ci95_low));
    EXPECT_EQ(enough.flags, "");
    EXPECT_TRUE(std::isfinite(enough.ci95_low));
}

TEST(Table, QuantilesOfEverySeriesOnRequest) {
    Options options;
    options.samples = {10, 20};
    options.near_interpolation = 20;
    const Folder folder;
    const Study study = fake::study(options, 128);
    fake::run_into(folder.path(), study);
    const Table table =
        summarize(Store::open_to_read(folder.path()), study, {0.0, 0.025, 0.5, 0.9, 1.0});
    std::vector<std::string> names;
    for (std::size_t i = 0; i < 6; ++i) names.push_back(table.rows[i].estimand);
    EXPECT_EQ(names, (std::vector<std::string>{"excess_risk", "excess_risk_q00", "excess_risk_q025",
                                               "excess_risk_median", "excess_risk_q90",
                                               "excess_risk_q100"}));
    EXPECT_EQ(table.rows.size(), 4u * 6u + 2u);
    std::vector<double> values;
    for (std::uint64_t t = 0; t < 128; ++t)
        values.push_back(
            fake::value_of(options, study.setting->designs().front().key, 10, "standard", t));
    EXPECT_EQ(table.rows[2].estimate, quantile(values, 0.025));
    EXPECT_EQ(table.rows[5].estimate, *std::max_element(values.begin(), values.end()));
}

TEST(Table, EveryTrialIsARow) {
    Options options;
    options.samples = {10, 20};
    options.outcomes[3] = {Status::not_converged, Rung::truncated, 2};
    const Folder folder;
    const Study study = fake::study(options, 70);
    fake::run_into(folder.path(), study);
    const std::vector<Column> columns = trial_columns(Store::open_to_read(folder.path()), study);
    std::vector<std::string> names;
    for (const Column& column : columns) names.push_back(column.name);
    EXPECT_EQ(names, (std::vector<std::string>{"p", "n", "arm", "estimand", "design", "trial",
                                               "value", "status", "rung", "rank_deficit"}));
    EXPECT_EQ(std::get<std::vector<std::int64_t>>(columns[4].values)[3], 1);
    const auto numbers = std::get<std::vector<double>>(columns[6].values);
    const auto arms = std::get<std::vector<std::string>>(columns[2].values);
    ASSERT_EQ(numbers.size(), 4u * 70u);
    const std::uint64_t key = study.setting->designs().front().key;
    for (const std::uint64_t t : {0, 69})
        for (std::size_t s = 0; s < 4; ++s)
            EXPECT_EQ(numbers[s * 70 + t],
                      fake::value_of(options, key, s < 2 ? 10 : 20, arms[s * 70], t));
    EXPECT_TRUE(std::isnan(numbers[3]));
    EXPECT_EQ(std::get<std::vector<std::string>>(columns[7].values)[3], "not_converged");
    EXPECT_EQ(std::get<std::vector<std::int64_t>>(columns[8].values)[3], 4);
    EXPECT_EQ(std::get<std::vector<std::int64_t>>(columns[9].values)[3], 2);
    // A study that asks for fewer trials.
    const Study shorter = fake::study(options, 5);
    const auto few = trial_columns(Store::open_to_read(folder.path()), shorter);
    EXPECT_EQ(std::get<std::vector<double>>(few[6].values).size(), 4u * 5u);
}

}  // namespace
}  // namespace cucurbit
