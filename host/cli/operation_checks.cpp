#include "host/cli/operation_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <exception>
#include <limits>

#include "cucurbit/engine.hpp"

namespace cucurbit::cli {

namespace {

constexpr std::size_t sizes[] = {1, 33, 65, largest_checked};

/// |a − b|, infinite where either is not a number and the other is.
double distance(double a, double b) {
    if (std::isnan(a) && std::isnan(b)) return 0.0;
    const double gap = std::abs(a - b);
    return std::isnan(gap) ? std::numeric_limits<double>::infinity() : gap;
}

struct Difference {
    double error = 0.0;
    double allowed = 0.0;
    bool agrees = true;
};

/// Errors relative to the largest of the wanted numbers.
Difference compare(const Taken& wanted, const Taken& found) {
    Difference result{0.0, wanted.allowed, wanted.values.size() == found.values.size()};
    double largest = 0.0;
    for (const double value : wanted.values) largest = std::max(largest, std::abs(value));
    for (std::size_t k = 0; k < std::min(wanted.values.size(), found.values.size()); ++k) {
        const double a = wanted.values[k], b = found.values[k];
        const double gap = distance(a, b);
        result.error = std::max(result.error, gap == 0.0 ? 0.0 : gap / largest);
        if (wanted.allowed == 0.0)
            result.agrees =
                result.agrees && std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
    }
    if (wanted.allowed > 0.0) result.agrees = result.agrees && result.error <= result.allowed;
    return result;
}

/// The worse of two: one that does not agree, or the larger part of what is allowed.
bool is_worse(const Difference& a, const Difference& b) {
    if (a.agrees != b.agrees) return !a.agrees;
    return a.error * b.allowed > b.error * a.allowed;
}

}  // namespace

std::vector<OperationCheck> operation_checks() {
    std::vector<OperationCheck> all;
    for (const auto& checks :
         {copy_checks(), factorisation_checks(), curve_checks(), descent_checks()})
        all.insert(all.end(), checks.begin(), checks.end());
    return all;
}

Finding examine_operation(const OperationCheck& check, Engine& reference, Engine& engine) {
    Finding finding{std::string(check.name), Health::good, {}};
    Difference worst;
    std::size_t at = 0;
    try {
        for (const std::size_t n : sizes) {
            if (n > check.largest) continue;
            Worktable wanted(reference), found(engine);
            check.run(wanted, n);
            check.run(found, n);
            for (std::size_t k = 0; k < wanted.taken().size(); ++k) {
                const Difference next = compare(wanted.taken()[k], found.taken()[k]);
                if (at != 0 && !is_worse(next, worst)) continue;
                worst = next;
                at = n;
            }
        }
    } catch (const std::exception& error) {
        return {finding.subject, Health::bad, error.what()};
    }
    finding.health = worst.agrees ? Health::good : Health::bad;
    finding.error = worst.error;
    finding.allowed = worst.allowed;
    const char* verdict = !worst.agrees          ? "differs"
                          : worst.allowed == 0.0 ? "the same bits"
                                                 : "within rounding";
    finding.text = worst.error > 0.0 ? fmt::format("{}, worst at n = {}", verdict, at) : verdict;
    return finding;
}

std::vector<Finding> examine_operations(const std::string& device) {
    const EnginePointer reference = make_engine("cpu"), engine = make_engine(device);
    std::vector<Finding> findings;
    for (const OperationCheck& check : operation_checks()) {
        findings.push_back(examine_operation(check, *reference, *engine));
        findings.back().subject = device + " " + findings.back().subject;
    }
    return findings;
}

}  // namespace cucurbit::cli
