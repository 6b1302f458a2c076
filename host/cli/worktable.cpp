#include "host/cli/worktable.hpp"

#include <algorithm>

#include "cucurbit/random.hpp"
#include "host/studies/fits/workspace.hpp"

namespace cucurbit::cli {

namespace {

/// Calls body(trial's first element) for every trial of matrices of this size.
template <class Body>
void for_trials(std::size_t size, Body body) {
    for (std::size_t t = 0; t < batch_trials; ++t) body(t * size);
}

double squared_norm(const double* values, std::size_t size) {
    double sum = 0.0;
    for (std::size_t i = 0; i < size; ++i) sum += values[i] * values[i];
    return sum;
}

/// ‖L⁻¹‖², by solving for its columns.
double squared_inverse_norm(const double* l, std::size_t n) {
    double sum = 0.0;
    Values x(n);
    for (std::size_t k = 0; k < n; ++k) {
        std::fill(x.begin(), x.end(), 0.0);
        x[k] = 1.0;
        for (std::size_t j = k; j < n; ++j) {
            x[j] /= l[j + j * n];
            for (std::size_t i = j + 1; i < n; ++i) x[i] -= l[i + j * n] * x[j];
        }
        sum += squared_norm(x.data(), n);
    }
    return sum;
}

}  // namespace

Values normal_values(std::size_t rows, std::size_t cols, std::uint64_t seed) {
    Values values(rows * cols * batch_trials);
    for (std::size_t k = 0; k < cols * batch_trials; ++k)
        draw_normals({seed, 0, Purpose::samples}, k / cols, k % cols,
                     std::span(values).subspan(k * rows, rows));
    return values;
}

Values lower_values(std::size_t n, std::uint64_t seed) {
    Values values = normal_values(n, n, seed);
    for_trials(n * n, [&](std::size_t first) {
        for (std::size_t j = 0; j < n; ++j) {
            std::fill_n(&values[first + j * n], j, 0.0);
            values[first + j + j * n] = 2.0 * std::sqrt(static_cast<double>(n));
        }
    });
    return values;
}

Values product_values(const Values& a, const Values& b, std::size_t rows, std::size_t inner,
                      std::size_t cols, bool transpose_b) {
    Values c(rows * cols * batch_trials, 0.0);
    for (std::size_t t = 0; t < batch_trials; ++t)
        for (std::size_t j = 0; j < cols; ++j)
            for (std::size_t k = 0; k < inner; ++k) {
                const double factor =
                    b[t * inner * cols + (transpose_b ? j + k * cols : k + j * inner)];
                const double* from = &a[t * rows * inner + k * rows];
                double* to = &c[t * rows * cols + j * rows];
                for (std::size_t i = 0; i < rows; ++i) to[i] += from[i] * factor;
            }
    return c;
}

double condition_of_lower(const Values& lower, std::size_t n) {
    double worst = 0.0;
    for_trials(n * n, [&](std::size_t first) {
        const double* l = &lower[first];
        worst = std::max(worst, squared_norm(l, n * n) * squared_inverse_norm(l, n));
    });
    return std::sqrt(worst) / static_cast<double>(n);
}

BatchMatrix Worktable::matrix(std::size_t rows, std::size_t cols) {
    return put(Values(rows * cols * batch_trials, 0.0), rows, cols);
}

BatchMatrix Worktable::put(const Values& values, std::size_t rows, std::size_t cols) {
    buffers_.push_back(engine.allocate(values.size()));
    engine.upload(values, buffers_.back()->data());
    return {buffers_.back()->data(), rows, cols, rows, rows * cols, batch_trials};
}

const double* Worktable::vector(const Values& values) {
    buffers_.push_back(engine.allocate(values.size()));
    engine.upload(values, buffers_.back()->data());
    return buffers_.back()->data();
}

const IndexList& Worktable::list(std::vector<std::uint32_t> values) {
    lists_.push_back(engine.indices(std::move(values)));
    return *lists_.back();
}

template <class Keep>
void Worktable::take_where(BatchMatrix m, double allowed, Keep keep) {
    const Values all = fetch(engine, m);
    Taken taken{{}, allowed};
    for (std::size_t k = 0; k < all.size(); ++k)
        if (keep(k % m.rows, k / m.rows % m.cols)) taken.values.push_back(all[k]);
    taken_.push_back(std::move(taken));
}

void Worktable::take(BatchMatrix m, double allowed) {
    take_where(m, allowed, [](std::size_t, std::size_t) { return true; });
}

void Worktable::take_lower(BatchMatrix m, double allowed) {
    take_where(m, allowed, [](std::size_t i, std::size_t j) { return i >= j; });
}

void Worktable::take_columns(BatchMatrix m, const IndexList& rows, double allowed) {
    take_where(m, allowed, [&](std::size_t i, std::size_t j) { return i < rows.host()[j]; });
}

void Worktable::take_product(BatchMatrix a, BatchMatrix b, double allowed) {
    taken_.push_back(
        {product_values(fetch(engine, a), fetch(engine, b), a.rows, a.cols, b.cols, false),
         allowed});
}

void Worktable::take_square(BatchMatrix a, double allowed) {
    const Values values = fetch(engine, a);
    taken_.push_back({product_values(values, values, a.rows, a.cols, a.rows, true), allowed});
}

}  // namespace cucurbit::cli
