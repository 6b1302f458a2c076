// Eigendecompositions and gradient descent.

#include "host/cli/check_operands.hpp"
#include "host/cli/operation_checks.hpp"

namespace cucurbit::cli {

namespace {

constexpr std::size_t classes = 3;

/// Whole numbers below `end`, the same for every trial.
Values order_values(std::size_t size, std::size_t end) {
    Values values;
    for (std::size_t t = 0; t < batch_trials; ++t)
        for (std::size_t i = 0; i < size; ++i)
            values.push_back(static_cast<double>((7 * i + 3 * t + 1) % end));
    return values;
}

/// Eigenvectors have either sign: what they make of the matrix is compared.
void check_eigen(Worktable& on, std::size_t n) {
    const Values lower = lower_values(n, 1);
    const double condition = condition_of_lower(lower, n);
    const BatchMatrix g = on.put(square_values(lower, n, false), n, n);
    const BatchMatrix values = on.matrix(n, 1);
    on.engine.eigen(g, values);
    on.take(values, rounding(n, condition));
    on.take_square(g, rounding(n));
}

void check_flow(Worktable& on, std::size_t n) {
    const BatchMatrix c = on.put(normal_values(n, 3, 1), n, 3);
    on.engine.flow(on.put(ramp(n * batch_trials), n, 1), 0.7, c);
    on.take(c, rounding(1));
}

void check_gather(Worktable& on, std::size_t n) {
    const BatchMatrix from = on.put(normal_values(n, 5, 1), n, 5);
    const BatchMatrix columns = on.matrix(n, 4), rows = on.matrix(n, 5);
    on.engine.gather(from, on.put(order_values(4, 5), 4, 1), false, columns);
    on.engine.gather(from, on.put(order_values(n, n), n, 1), true, rows);
    on.take(columns, 0.0);
    on.take(rows, 0.0);
}

void check_predict(Worktable& on, std::size_t n) {
    using Kind = DescentLink::Kind;
    for (const Kind kind : {Kind::identity, Kind::logistic, Kind::softmax}) {
        const std::size_t columns = kind == Kind::softmax ? 2 * classes : 4;
        const BatchMatrix outputs = on.put(normal_values(n, columns, 1), n, columns);
        const BatchMatrix predictions = on.matrix(n, columns);
        on.engine.predict({kind, kind == Kind::softmax ? classes : 1, 1.5}, outputs, predictions);
        on.take(predictions, 0.0);
    }
}

/// Models of three classes and of one; the second column of labels is the first one's upside down.
void check_score(Worktable& on, std::size_t n) {
    constexpr std::size_t models = 4;
    for (const std::size_t each : {std::size_t{1}, classes}) {
        const BatchMatrix outputs = on.put(normal_values(n, models * each, 1), n, models * each);
        const BatchMatrix labels =
            on.put(order_values(2 * n, std::max<std::size_t>(each, 2)), n, 2);
        const BatchMatrix sums =
            on.put(ramp(score_rows * models * batch_trials), score_rows, models);
        on.engine.score(each, outputs, labels, on.list({0, 1, 1, 0}), sums);
        on.take(sums, rounding(n));
    }
}

/// Two teachers, and four students of either.
void check_margins(Worktable& on, std::size_t n) {
    constexpr std::size_t models = 6;
    for (const std::size_t each : {std::size_t{1}, classes}) {
        const BatchMatrix outputs = on.put(normal_values(n, models * each, 1), n, models * each);
        const BatchMatrix margins = on.matrix(n, models);
        on.engine.margins(each, outputs, on.list({0, 1, 1, 0, 0, 1}), margins);
        on.take(margins, rounding(each));
    }
}

/// Some values are equal.
void check_order_rows(Worktable& on, std::size_t n) {
    const BatchMatrix order = on.matrix(n, 2);
    on.engine.order_rows(on.put(order_values(2 * n, n / 2 + 1), n, 2), order);
    on.take(order, 0.0);
}

void check_compare_margins(Worktable& on, std::size_t n) {
    constexpr std::size_t bins = 3;
    const BatchMatrix margins = on.put(normal_values(n, 5, 1), n, 5);
    const BatchMatrix order = on.matrix(n, 2);
    const BatchMatrix out = on.matrix(comparison_rows(bins), 4);
    on.engine.order_rows(margins.leading(n, 2), order);
    on.engine.compare_margins(margins, order, on.list({2, 3, 4, 1}), on.list({0, 1, 1, 0}), bins,
                              out);
    on.take(out, rounding(n));
}

void check_multiply_columns(Worktable& on, std::size_t n) {
    const BatchMatrix a = on.put(normal_values(n, 3, 1), n, 3);
    const BatchMatrix b = on.put(normal_values(n, 2, 2), n, 2);
    const BatchMatrix out = on.matrix(n, 4);
    on.engine.multiply_columns(a, on.list({0, 2, 1, 1}), b, on.list({1, 0, 0, 1}), false, out);
    on.engine.multiply_columns(a, on.list({1, 2, 0, 2}), b, on.list({0, 0, 1, 1}), true, out);
    on.take(out, rounding(2));
}

void check_descend_in(DescentSpace space, Worktable& on, std::size_t n) {
    const std::size_t p = space == DescentSpace::row ? n : wide(n), k = 2 * classes;
    const Values start = normal_values(p, k, 2);
    for (const double momentum : {0.0, 0.9}) {
        const BatchMatrix samples = on.put(normal_values(p, n, 1), p, n);
        const BatchMatrix iterates = on.put(start, p, k);
        const BatchMatrix velocity = on.put(normal_values(p, k, 3), p, k);
        const DescentLoss loss{{DescentLink::Kind::softmax, classes, 1.0},
                               0,
                               on.put(normal_values(n, k, 4), n, k),
                               0.5};
        const BatchMatrix rate = on.put(ramp(batch_trials), 1, 1);
        on.engine.descend(space, samples, {&loss, 1}, rate, momentum, on.matrix(n, k), velocity,
                          iterates);
        // Softmax amplifies what rounding did to its outputs, sums of p terms.
        on.take(iterates, rounding(p + n, 10.0));
    }
}

void check_descend(Worktable& on, std::size_t n) {
    check_descend_in(DescentSpace::weights, on, n);
    check_descend_in(DescentSpace::row, on, n);
}

}  // namespace

std::span<const OperationCheck> descent_checks() {
    static constexpr OperationCheck checks[] = {
        {"eigen", 100, check_eigen},
        {"flow", largest_checked, check_flow},
        {"gather", largest_checked, check_gather},
        {"predict", largest_checked, check_predict},
        {"score", largest_checked, check_score},
        {"margins", largest_checked, check_margins},
        {"order_rows", largest_checked, check_order_rows},
        {"compare_margins", largest_checked, check_compare_margins},
        {"multiply_columns", largest_checked, check_multiply_columns},
        {"descend", largest_checked, check_descend},
    };
    return checks;
}

}  // namespace cucurbit::cli
