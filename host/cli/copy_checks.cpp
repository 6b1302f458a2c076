// Draws, copies and scalings: the same bits.

#include "host/cli/check_operands.hpp"
#include "host/cli/operation_checks.hpp"

namespace cucurbit::cli {

namespace {

constexpr std::uint64_t key = 0xabcdef;

const std::vector<std::uint64_t>& trials() {
    static const std::vector<std::uint64_t> numbers{17, 0, max_trial};
    return numbers;
}

void check_draw(Worktable& on, std::size_t n) {
    const BatchMatrix plain = on.matrix(wide(n), 4), scaled = on.matrix(n, 4);
    on.engine.draw({key, 3, Purpose::samples}, trials(), 5, nullptr, plain);
    on.engine.draw({key, 2, Purpose::label_noise}, trials(), 0, on.vector(ramp(n)), scaled);
    on.take(plain, 0.0);
    on.take(scaled, 0.0);
}

void check_draw_triangular(Worktable& on, std::size_t n) {
    for (const std::uint64_t samples : {std::uint64_t{n}, std::uint64_t{1000000000}}) {
        const BatchMatrix out = on.matrix(n + 3, n);
        on.engine.draw_triangular(key, 3, trials(), samples, out);
        on.take(out, 0.0);
    }
}

void check_fill(Worktable& on, std::size_t n) {
    const BatchMatrix out = on.matrix(n, 3);
    on.engine.fill(out, 0.1);
    on.take(out, 0.0);
}

void check_copy(Worktable& on, std::size_t n) {
    const BatchMatrix from = on.put(normal_values(n, 3, 1), n, 3), to = on.matrix(n, 3);
    on.engine.copy(from, to);
    on.take(to, 0.0);
}

void check_scale_rows(Worktable& on, std::size_t n) {
    const BatchMatrix m = on.put(normal_values(n, 3, 1), n, 3);
    on.engine.scale_rows(m, on.vector(ramp(n)), m);
    on.take(m, 0.0);
}

void check_transpose(Worktable& on, std::size_t n) {
    const BatchMatrix a = on.put(normal_values(n, 5, 1), n, 5), out = on.matrix(5, n);
    on.engine.transpose(a, out);
    on.take(out, 0.0);
}

void check_diagonal(Worktable& on, std::size_t n) {
    const BatchMatrix g = on.put(normal_values(n, n, 1), n, n), out = on.matrix(n, 1);
    on.engine.diagonal(g, out);
    on.take(out, 0.0);
}

void check_spread(Worktable& on, std::size_t n) {
    const BatchMatrix c = on.put(normal_values(n, 3, 1), n, 3), w = on.matrix(n, 5);
    on.engine.spread(c, on.list({0, 2, 1, 2, 0}), on.list(lengths(n, 5)), w);
    on.take(w, 0.0);
}

void check_subtract(Worktable& on, std::size_t n) {
    const BatchMatrix e = on.put(normal_values(n, 3, 1), n, 3);
    on.engine.subtract(on.vector(ramp(n)), on.list({1, 0, 1}), e);
    on.take(e, 0.0);
}

}  // namespace

std::span<const OperationCheck> copy_checks() {
    static constexpr OperationCheck checks[] = {
        {"draw", largest_checked, check_draw},
        {"draw_triangular", largest_checked, check_draw_triangular},
        {"fill", largest_checked, check_fill},
        {"copy", largest_checked, check_copy},
        {"scale_rows", largest_checked, check_scale_rows},
        {"transpose", largest_checked, check_transpose},
        {"diagonal", largest_checked, check_diagonal},
        {"spread", largest_checked, check_spread},
        {"subtract", largest_checked, check_subtract},
    };
    return checks;
}

}  // namespace cucurbit::cli
