// Fits, errors and noise gains along a learning curve.

#include "host/cli/check_operands.hpp"
#include "host/cli/operation_checks.hpp"

namespace cucurbit::cli {

namespace {

void check_project(Worktable& on, std::size_t n) {
    const BatchMatrix a = on.put(normal_values(wide(n), n, 1), wide(n), n), c = on.matrix(n, 5);
    BatchMatrix shared = on.put(normal_values(wide(n), 5, 2), wide(n), 5);
    shared.stride = 0;
    const IndexList& rows = on.list(lengths(n, 5));
    on.engine.project(a, shared, rows, c);
    on.take_columns(c, rows, rounding(wide(n)));
}

void check_gram_and_project(Worktable& on, std::size_t n) {
    const std::size_t p = wide(n), k = 5;
    const BatchMatrix both = on.put(normal_values(p, k + n, 1), p, k + n);
    const BatchMatrix b = both.leading(p, k), a = both.block(0, p, k, n);
    const IndexList& rows = on.list(lengths(n, k));
    const BatchMatrix adjacent = on.matrix(n, k + n);
    const std::pair<BatchMatrix, BatchMatrix> results[] = {
        {on.matrix(n, k), on.matrix(n, n)},
        {adjacent.leading(n, k), adjacent.block(0, n, k, n)},
    };
    for (const auto& [c, g] : results) {
        on.engine.gram_and_project(a, g, b, rows, c);
        on.take_lower(g, rounding(p));
        on.take_columns(c, rows, rounding(p));
    }
}

void check_solve_lower(Worktable& on, std::size_t n) {
    const Values lower = lower_values(n, 1);
    const BatchMatrix l = on.put(lower, n, n), c = on.put(normal_values(n, 5, 2), n, 5);
    const IndexList& rows = on.list(lengths(n, 5));
    on.engine.solve_lower(l, rows, c);
    on.take_columns(c, rows, rounding(n, condition_of_lower(lower, n)));
}

void check_solve_lower_transposed(Worktable& on, std::size_t n) {
    const Values lower = lower_values(n, 1);
    const std::vector<std::uint32_t> ends = lengths(n, 5);
    Values right = normal_values(n, 5, 2);
    for (std::size_t k = 0; k < right.size(); ++k)
        if (k % n >= ends[k / n % 5]) right[k] = 0.0;
    const BatchMatrix l = on.put(lower, n, n), c = on.put(right, n, 5);
    on.engine.solve_lower_transposed(l, on.list(ends), c);
    on.take(c, rounding(n, condition_of_lower(lower, n)));
}

void check_apply(Worktable& on, std::size_t n) {
    constexpr double of_a_few_roundings = 1e-14;
    for (const Entrywise function :
         {Entrywise::rectifier, Entrywise::sign, Entrywise::uniform, Entrywise::laplace}) {
        const BatchMatrix a = on.put(normal_values(n, 3, 1), n, 3);
        on.engine.apply(function, a);
        const bool exact = function == Entrywise::rectifier || function == Entrywise::sign;
        on.take(a, exact ? 0.0 : of_a_few_roundings);
    }
}

void check_add_to_columns(Worktable& on, std::size_t n) {
    const BatchMatrix column = on.put(normal_values(n, 1, 1), n, 1);
    const BatchMatrix c = on.put(normal_values(n, 5, 2), n, 5);
    on.engine.add_to_columns(column, 0.375, c);
    on.take(c, rounding(1));
}

void check_combine(Worktable& on, std::size_t n) {
    const std::vector<std::uint32_t> ends = lengths(n, 5);
    Values weights = normal_values(n, 5, 2);
    for (std::size_t k = 0; k < weights.size(); ++k)
        if (k % n >= ends[k / n % 5]) weights[k] = 0.0;
    const BatchMatrix a = on.put(normal_values(wide(n), n, 1), wide(n), n);
    const BatchMatrix w = on.put(weights, n, 5), e = on.matrix(wide(n), 5);
    on.engine.combine(a, w, on.list(ends), e);
    on.take(e, rounding(n));
}

void check_products(Worktable& on, std::size_t n) {
    const BatchMatrix e = on.put(normal_values(n, 4, 1), n, 4), out = on.matrix(3, 1);
    on.engine.products(e, on.vector(ramp(n)), on.list({0, 1, 3}), on.list({0, 2, 1}), out);
    on.take(out, rounding(n));
}

void check_weighted_norm(Worktable& on, std::size_t n) {
    const BatchMatrix a = on.put(normal_values(n, 4, 1), n, 4), out = on.matrix(1, 1);
    on.engine.weighted_norm(a, on.vector(ramp(n)), out);
    on.take(out, rounding(n));
}

void check_row_norms(Worktable& on, std::size_t n) {
    const BatchMatrix r = on.put(normal_values(n, n, 1), n, n), out = on.matrix(n, 1);
    on.engine.row_norms(r, out);
    on.take(out, rounding(n));
}

void check_gains(Worktable& on, std::size_t n) {
    const BatchMatrix s = on.put(square_values(lower_values(n, 3), n, false), n, n);
    const BatchMatrix lower = on.put(lower_values(n, 1), n, n), out = on.matrix(n, 1);
    const BatchMatrix rows = on.put(normal_values(n, 7, 2), n, 7);
    on.engine.gains(lower, true, s, out);
    on.take(out, rounding(n));
    on.engine.gains(rows, false, s, out);
    on.take(out, rounding(n));
}

void check_prefix_sums(Worktable& on, std::size_t n) {
    const BatchMatrix v = on.put(normal_values(n, 1, 1), n, 1), out = on.matrix(4, 1);
    for (const int power : {1, 2}) {
        on.engine.prefix_sums(v, power, on.list(lengths(n, 4)), out);
        on.take(out, rounding(n));
    }
}

}  // namespace

std::span<const OperationCheck> curve_checks() {
    static constexpr OperationCheck checks[] = {
        {"project", largest_checked, check_project},
        {"gram_and_project", largest_checked, check_gram_and_project},
        {"solve_lower", largest_checked, check_solve_lower},
        {"solve_lower_transposed", largest_checked, check_solve_lower_transposed},
        {"apply", largest_checked, check_apply},
        {"add_to_columns", largest_checked, check_add_to_columns},
        {"combine", largest_checked, check_combine},
        {"products", largest_checked, check_products},
        {"weighted_norm", largest_checked, check_weighted_norm},
        {"row_norms", largest_checked, check_row_norms},
        {"gains", largest_checked, check_gains},
        {"prefix_sums", largest_checked, check_prefix_sums},
    };
    return checks;
}

}  // namespace cucurbit::cli
