// Every example that has a law: the run confirms it, and would not a law that is slightly wrong.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <utility>

#include "cucurbit/run.hpp"
#include "tests/support/folder.hpp"

namespace cucurbit {
namespace {

Study study_named(const std::string& name) {
    return read_study(fmt::format("{}/examples/{}.toml", CUCURBIT_SOURCE, name));
}

bool has_law(const Row& row) {
    return !row.arm.empty() && row.theory != 0.0 &&
           (row.theory_kind == TheoryKind::exact ||
            row.theory_kind == TheoryKind::deterministic_equivalent);
}

std::vector<std::string> names_with_a_law() {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(CUCURBIT_SOURCE) / "examples")) {
        if (entry.path().extension() != ".toml") continue;
        const std::string name = entry.path().stem();
        const Table table = theory_table(study_named(name));
        if (std::any_of(table.rows.begin(), table.rows.end(), has_law)) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

/// After its whole run.
Table table_of(const std::string& name) {
    const Study study = study_named(name);
    const Folder folder;
    RunOptions options;
    options.directory = folder.path();
    options.device = "cpu";
    EXPECT_EQ(run(study, options), RunEnd::complete);
    return summarize(Store::open_to_read(folder.path()), study);
}

using Examples = testing::TestWithParam<std::string>;

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
    std::size_t all = 0;
    for (const auto& [kind, error] : {std::pair{TheoryKind::exact, 0.03},
                                      std::pair{TheoryKind::deterministic_equivalent, 0.10}}) {
        std::size_t rows = 0;
        for (std::size_t k = 0; k < verdicts.size(); ++k)
            rows += verdicts[k].kind != Verdict::Kind::none && has_law(table.rows[k]) &&
                    table.rows[k].theory_kind == kind;
        all += rows;
        if (rows == 0) continue;
        for (const double factor : {1.0 + error, 1.0 - error}) {
            const std::size_t failed = failures(table, kind, factor);
            std::cout << fmt::format("{} theory × {}: {} of {} rows fail\n", to_string(kind),
                                     factor, failed, rows);
            EXPECT_GT(4 * failed, rows) << to_string(kind) << " × " << factor;
        }
    }
    EXPECT_GT(all, 0u);
}

double parameter_of(const Table& table, const Row& row, const std::string& name) {
    const auto found = std::find(table.parameters.begin(), table.parameters.end(), name);
    return row.parameters.at(static_cast<std::size_t>(found - table.parameters.begin()));
}

// What a reader might take for the law of Dong et al.: the factor in sample, d_s/N, for the one in
// population; and the two parts of the variance for one another.
TEST(WrongLaws, OfTheDiscrepancyFail) {
    const Table right = table_of("dong2025_variance_split");
    EXPECT_EQ(count(compare(right), Verdict::Kind::failed), 0u);
    Table in_sample = right, swapped = right;
    std::size_t changed = 0;
    for (std::size_t i = 0; i < right.rows.size(); ++i) {
        const Row& row = right.rows[i];
        if (row.estimand != "variance_discrepancy" || !std::isfinite(row.theory)) continue;
        const double d = parameter_of(right, row, "strong_d");
        const double n = parameter_of(right, row, "n_pseudo");
        if (n > d + 1.0) in_sample.rows[i].theory *= (n - d - 1.0) / n;
        for (Row& other : swapped.rows)
            if (other.estimand == "variance_inherited" && other.parameters == row.parameters)
                std::swap(other.theory, swapped.rows[i].theory);
        ++changed;
    }
    EXPECT_GT(changed, 0u);
    EXPECT_GT(count(compare(in_sample), Verdict::Kind::failed), 0u);
    EXPECT_GT(2 * count(compare(swapped), Verdict::Kind::failed), changed);
}

INSTANTIATE_TEST_SUITE_P(WithALaw, Examples, testing::ValuesIn(names_with_a_law()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace cucurbit
