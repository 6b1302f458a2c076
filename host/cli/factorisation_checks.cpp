// Gram matrices, factorisations and products by matrices.

#include "host/cli/check_operands.hpp"
#include "host/cli/operation_checks.hpp"

namespace cucurbit::cli {

namespace {

/// Of the normal matrices here, with twice as many columns as rows, at most.
constexpr double condition_of_normals = 40.0;

void check_gram(Worktable& on, std::size_t n) {
    const BatchMatrix a = on.put(normal_values(wide(n), n, 1), wide(n), n), g = on.matrix(n, n);
    on.engine.gram(a, g);
    on.take_lower(g, rounding(wide(n)));
}

void check_add_outer(Worktable& on, std::size_t n) {
    const BatchMatrix a = on.put(normal_values(n, wide(n), 1), n, wide(n)), g = on.matrix(n, n);
    on.engine.fill(g, 1.0);
    on.engine.add_outer(a, g);
    on.take_lower(g, rounding(wide(n)));
}

void check_cholesky(Worktable& on, std::size_t n) {
    const Values lower = lower_values(n, 1);
    const double condition = condition_of_lower(lower, n);
    const BatchMatrix g = on.put(square_values(lower, n, false), n, n), done = on.matrix(2, 1);
    on.engine.cholesky(g, done);
    on.take_lower(g, rounding(n, condition * condition));
    on.take(done, 0.0);
    const BatchMatrix bad = on.put(square_values(lower, n, true), n, n);
    on.engine.cholesky(bad, done);
    on.take(done, 0.0);
}

void check_invert_lower(Worktable& on, std::size_t n) {
    const Values lower = lower_values(n, 1);
    const BatchMatrix l = on.put(lower, n, n);
    on.engine.invert_lower(l);
    on.take(l, rounding(n, condition_of_lower(lower, n)));
}

void check_orthogonal_columns(Worktable& on, std::size_t n) {
    const BatchMatrix a = on.put(normal_values(wide(n), n, 1), wide(n), n), l = on.matrix(n, n);
    on.engine.orthogonal_columns(a, l);
    on.take(a, rounding(wide(n), condition_of_normals));
    on.take(l, rounding(wide(n), condition_of_normals));
}

void check_lower_factor(Worktable& on, std::size_t n) {
    const BatchMatrix broad = on.put(normal_values(n, wide(n), 1), n, wide(n));
    const BatchMatrix tall = on.put(normal_values(n + 5, n, 2), n + 5, n);
    const BatchMatrix square = on.matrix(n, n), trapezoid = on.matrix(n + 5, n);
    on.engine.lower_factor(broad, square);
    on.engine.lower_factor(tall, trapezoid);
    on.take(square, rounding(wide(n), condition_of_normals));
    // Its corner is the factor of a square matrix of normals: only the whole is well determined.
    on.take_square(trapezoid, rounding(n));
}

/// Singular vectors have either sign: the pseudo-inverse is compared, of rank (n + 1)/2.
void check_truncate(Worktable& on, std::size_t n) {
    const std::size_t p = wide(n), rank = (n + 1) / 2;
    const BatchMatrix q = on.put(
        product_values(normal_values(p, rank, 1), normal_values(rank, n, 2), p, rank, n, false), p,
        n);
    const BatchMatrix l = on.matrix(n, n), found = on.matrix(1, 1);
    on.engine.orthogonal_columns(q, l);
    on.engine.truncate(q, l, 1e-11, found);
    on.take_product(q, l, rounding(p, condition_of_normals * condition_of_normals));
    on.take(found, 0.0);
}

void check_multiply(Worktable& on, std::size_t n) {
    const BatchMatrix a = on.put(normal_values(n, n, 1), n, n);
    const BatchMatrix b = on.put(normal_values(n, 5, 2), n, 5), out = on.matrix(n, 5);
    for (const bool transposed : {false, true}) {
        on.engine.multiply(a, transposed, b, out);
        on.take(out, rounding(n));
    }
}

void check_multiply_by_transposed_lower(Worktable& on, std::size_t n) {
    const BatchMatrix r = on.put(lower_values(n, 1), n, n),
                      a = on.put(normal_values(5, n, 2), 5, n);
    on.engine.multiply_by_transposed_lower(r, a);
    on.take(a, rounding(n));
}

void check_multiply_by_lower(Worktable& on, std::size_t n) {
    const BatchMatrix r = on.put(lower_values(n, 1), n, n),
                      a = on.put(normal_values(n, 5, 2), n, 5);
    on.engine.multiply_by_lower(r, a);
    on.take(a, rounding(n));
}

}  // namespace

std::span<const OperationCheck> factorisation_checks() {
    static constexpr OperationCheck checks[] = {
        {"gram", largest_checked, check_gram},
        {"add_outer", largest_checked, check_add_outer},
        {"cholesky", largest_checked, check_cholesky},
        {"invert_lower", largest_checked, check_invert_lower},
        {"orthogonal_columns", largest_checked, check_orthogonal_columns},
        {"lower_factor", largest_checked, check_lower_factor},
        {"truncate", 65, check_truncate},
        {"multiply", largest_checked, check_multiply},
        {"multiply_by_transposed_lower", largest_checked, check_multiply_by_transposed_lower},
        {"multiply_by_lower", largest_checked, check_multiply_by_lower},
    };
    return checks;
}

}  // namespace cucurbit::cli
