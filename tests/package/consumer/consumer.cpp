// Runs a small study through the public headers alone and compares it with theory.

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>

#include "cucurbit/engine.hpp"
#include "cucurbit/minnorm.hpp"
#include "cucurbit/run.hpp"
#include "cucurbit/store.hpp"
#include "cucurbit/study.hpp"
#include "cucurbit/table.hpp"

namespace {

// Fewer isotropic samples than dimensions: the excess risk has an exact law.
const std::string study_text = R"(
schema = 1
[study]
name = "consumer"
kind = "model_shift"
seed = 7
[population]
p = 40
spectrum = { kind = "isotropic" }
signal = { kind = "uniform" }
[target]
n = 20
noise_std = 0.5
arms = ["standard"]
[precision]
trials = 256
)";

bool near_theory(const cucurbit::Row& row) {
    return std::isfinite(row.estimate) && std::abs(row.estimate - row.theory) < 6 * row.std_err;
}

/// One equation, 3 a + 4 b = 5: the smallest solution.
bool fits_arrays() {
    const double x[] = {3.0, 4.0}, y[] = {5.0};
    cucurbit::MinnormProblem problem;
    problem.items = problem.rows = problem.labels = 1;
    problem.features = 2;
    problem.x = x;
    problem.y = y;
    const cucurbit::MinnormFits fits = cucurbit::minnorm(problem);
    return std::abs(fits.coefficients[0] - 0.6) < 1e-12 &&
           std::abs(fits.coefficients[1] - 0.8) < 1e-12;
}

}  // namespace

int main() {
    if (!fits_arrays()) return 1;
    const auto no_files = [](const std::string& path) -> std::string {
        throw std::runtime_error("the study refers to no file: " + path);
    };
    const cucurbit::Study study = cucurbit::parse_study(study_text, "consumer.toml", no_files);
    cucurbit::RunOptions options;
    options.directory = "consumer-run";
    std::filesystem::remove_all(options.directory);
    options.device = "cpu";
    options.threads = 1;
    if (cucurbit::run(study, options) != cucurbit::RunEnd::complete) return 1;

    const cucurbit::Store store = cucurbit::Store::open_to_read(options.directory);
    const cucurbit::Table table = cucurbit::summarize(store);
    cucurbit::write_table(table, cucurbit::TableFormat::csv, std::cout);
    bool found = false;
    for (const cucurbit::Row& row : table.rows) {
        if (row.arm != "standard" || row.estimand != "excess_risk") continue;
        found = true;
        if (row.n_trials != 256 || !near_theory(row)) return 1;
    }
    return found ? 0 : 1;
}
