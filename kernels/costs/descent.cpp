// Gradient descent, counted.

#include "kernels/costs/blocks.hpp"
#include "kernels/costs/counting_engine.hpp"

namespace cucurbit {

using costs::columns_named;
using costs::doubles;

void CountingEngine::flow(BatchMatrix values, double, BatchMatrix c) {
    operations_.emplace_back(__func__);
    launch(doubles(values) + doubles(c), doubles(c));
}

void CountingEngine::gather(BatchMatrix, BatchMatrix order, bool, BatchMatrix to) {
    operations_.emplace_back(__func__);
    launch(doubles(to) + doubles(order), doubles(to));
}

void CountingEngine::predict(const DescentLink&, BatchMatrix outputs, BatchMatrix predictions) {
    operations_.emplace_back(__func__);
    launch(doubles(outputs), doubles(predictions));
}

void CountingEngine::score(std::size_t, BatchMatrix outputs, BatchMatrix labels,
                           const IndexList& of, BatchMatrix sums) {
    operations_.emplace_back(__func__);
    launch(doubles(outputs) + columns_named(labels, {&of}) + doubles(sums), doubles(sums));
}

void CountingEngine::margins(std::size_t, BatchMatrix outputs, const IndexList&,
                             BatchMatrix margins) {
    operations_.emplace_back(__func__);
    launch(doubles(outputs), doubles(margins));
}

void CountingEngine::order_rows(BatchMatrix values, BatchMatrix order) {
    operations_.emplace_back(__func__);
    // Every pair of rows is compared twice, at half the rate of multiply-adds.
    launch(doubles(values), doubles(order),
           4.0 * static_cast<double>(values.rows) * doubles(values));
}

void CountingEngine::compare_margins(BatchMatrix margins, BatchMatrix order,
                                     const IndexList& students, const IndexList& teachers,
                                     std::size_t, BatchMatrix out) {
    operations_.emplace_back(__func__);
    launch(columns_named(margins, {&students, &teachers}) + columns_named(order, {&teachers}),
           doubles(out));
}

void CountingEngine::multiply_columns(BatchMatrix a, const IndexList& left, BatchMatrix b,
                                      const IndexList& right, bool adds, BatchMatrix out) {
    operations_.emplace_back(__func__);
    launch(columns_named(a, {&left}) + columns_named(b, {&right}) + (adds ? doubles(out) : 0.0),
           doubles(out));
}

void CountingEngine::subtract_residuals(std::span<const DescentLoss> losses, BatchMatrix,
                                        BatchMatrix outputs, double keep, BatchMatrix out) {
    double targets = 0.0;
    for (const DescentLoss& loss : losses) targets += doubles(loss.targets.trials(out.count));
    launch(targets + doubles(outputs.trials(out.count)) + (keep == 0.0 ? 0.0 : doubles(out)),
           doubles(out));
}

void CountingEngine::add(BatchMatrix from, BatchMatrix to) {
    launch(doubles(from) + doubles(to), doubles(to));
}

}  // namespace cucurbit
