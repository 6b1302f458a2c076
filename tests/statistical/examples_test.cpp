// Every example that has a law: the run confirms it, and would not a law that is slightly wrong.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "cucurbit/run.hpp"
#include "tests/support/folder.hpp"

namespace cucurbit {
namespace {

class Examples : public testing::TestWithParam<std::string> {
protected:
    /// After its whole run.
    static Table table_of(const std::string& name) {
        const Study study = read_study(fmt::format("{}/examples/{}.toml", CUCURBIT_SOURCE, name));
        const Folder folder;
        RunOptions options;
        options.directory = folder.path();
        options.device = "cpu";
        EXPECT_EQ(run(study, options), RunEnd::complete);
        return summarize(Store::open_to_read(folder.path()), study);
    }
};

std::size_t count(const std::vector<Verdict>& verdicts, Verdict::Kind kind) {
    return static_cast<std::size_t>(
        std::count_if(verdicts.begin(), verdicts.end(),
                      [&](const Verdict& verdict) { return verdict.kind == kind; }));
}

/// Rows of this kind that fail when the theory of all of them is off by this factor.
std::size_t failures(Table table, TheoryKind kind, double factor) {
    for (Row& row : table.rows)
        if (row.theory_kind == kind) row.theory *= factor;
    return count(compare(table), Verdict::Kind::failed);
}

TEST_P(Examples, ConfirmTheirTheoryAndNoOther) {
    const Table table = table_of(GetParam());
    const std::vector<Verdict> verdicts = compare(table);
    EXPECT_EQ(count(verdicts, Verdict::Kind::failed), 0u);
    std::size_t judged = 0;
    for (const auto& [kind, error] : {std::pair{TheoryKind::exact, 0.03},
                                      std::pair{TheoryKind::deterministic_equivalent, 0.10}}) {
        std::size_t rows = 0;
        for (std::size_t k = 0; k < verdicts.size(); ++k)
            rows += verdicts[k].kind != Verdict::Kind::none && table.rows[k].theory_kind == kind;
        judged += rows;
        if (rows == 0) continue;
        for (const double factor : {1.0 + error, 1.0 - error}) {
            const std::size_t failed = failures(table, kind, factor);
            std::cout << fmt::format("{} theory × {}: {} of {} rows fail\n", to_string(kind),
                                     factor, failed, rows);
            EXPECT_GT(failed, 0u) << to_string(kind) << " × " << factor;
        }
    }
    EXPECT_GT(judged, 0u);
}

INSTANTIATE_TEST_SUITE_P(WithALaw, Examples,
                         testing::Values("dong2025_recovery", "dong2025_risk",
                                         "dong2025_variance_split", "five_generations",
                                         "ildiz2025_figure1",
                                         "ildiz2025_more_samples_than_dimensions",
                                         "ildiz2025_scaling_law", "ildiz2025_two_stage",
                                         "ildiz2025_two_stage_covariance_shift",
                                         "self_distillation"),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace cucurbit
