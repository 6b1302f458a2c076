// Eigendecompositions and gradient descent of the CPU engine.

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/common/flow.hpp"
#include "kernels/common/score.hpp"
#include "kernels/common/sums.hpp"
#include "kernels/cpu/engine.hpp"
#include "kernels/cpu/lapack.hpp"

namespace cucurbit {
namespace {

/// Whether a matrix's lower triangle is.
bool is_finite(BatchMatrix g, std::size_t trial) {
    for (std::size_t j = 0; j < g.cols; ++j) {
        const double* column = g.item(trial) + j * g.ld;
        if (!std::all_of(column + j, column + g.rows, [](double x) { return std::isfinite(x); }))
            return false;
    }
    return true;
}

}  // namespace

void CpuEngine::eigen(BatchMatrix g, BatchMatrix values) {
    const int n = static_cast<int>(g.rows), ld = static_cast<int>(g.ld);
    const int query = -1;
    int info = 0, index_size = 0;
    double size = 0.0;
    CUCURBIT_CHECK_LAPACK(lapack::dsyevd_("V", "L", &n, nullptr, &ld, nullptr, &size, &query,
                                          &index_size, &query, &info),
                          info);
    const int work_size = static_cast<int>(size);
    double* work = workspace(static_cast<std::size_t>(work_size)).data();
    std::vector<int> indices(static_cast<std::size_t>(index_size));
    for (std::size_t b = 0; b < g.count; ++b) {
        const bool finite = is_finite(g, b);
        // LAPACK takes some matrices that are not for a wrong call.
        if (finite)
            CUCURBIT_CHECK_LAPACK(
                lapack::dsyevd_("V", "L", &n, g.item(b), &ld, values.item(b), work, &work_size,
                                indices.data(), &index_size, &info),
                info);
        if (finite && info == 0) continue;
        constexpr double missing = std::numeric_limits<double>::quiet_NaN();
        std::fill_n(values.item(b), g.rows, missing);
        for (std::size_t j = 0; j < g.cols; ++j) std::fill_n(g.item(b) + j * g.ld, g.rows, missing);
    }
}

void CpuEngine::flow(BatchMatrix values, double rate, BatchMatrix c) {
    for (std::size_t b = 0; b < c.count; ++b) {
        const double* value = values.item(b);
        for (std::size_t i = 0; i < c.rows; ++i) {
            const double factor = flow_factor(value[i], rate);
            for (std::size_t j = 0; j < c.cols; ++j) c.item(b)[i + j * c.ld] *= factor;
        }
    }
}

void CpuEngine::gather(BatchMatrix from, BatchMatrix order, bool rows, BatchMatrix to) {
    for (std::size_t b = 0; b < to.count; ++b) {
        const double* places = order.item(b);
        for (std::size_t j = 0; j < to.cols; ++j) {
            double* column = to.item(b) + j * to.ld;
            const double* source = from.item(b);
            if (!rows) {
                std::copy_n(source + static_cast<std::size_t>(places[j]) * from.ld, to.rows,
                            column);
                continue;
            }
            source += j * from.ld;
            for (std::size_t i = 0; i < to.rows; ++i)
                column[i] = source[static_cast<std::size_t>(places[i])];
        }
    }
}

void CpuEngine::predict(const DescentLink& link, BatchMatrix outputs, BatchMatrix predictions) {
    const auto scratch = workspace(outputs.rows * outputs.cols + link.classes * link_lanes);
    double* made = scratch.data() + link.classes * link_lanes;
    for (std::size_t b = 0; b < outputs.count; ++b) {
        std::fill_n(made, outputs.rows * outputs.cols, 0.0);
        descent_.link->add_residual(
            link, {outputs.item(b), outputs.ld, nullptr, 0, made, outputs.rows, outputs.rows,
                   outputs.cols, 1.0, scratch.data()});
        for (std::size_t j = 0; j < outputs.cols; ++j)
            std::copy_n(made + j * outputs.rows, outputs.rows,
                        predictions.item(b) + j * predictions.ld);
    }
}

namespace {

/// One model's outputs for the points of a trial.
struct ModelOutputs {
    const double* z;
    std::size_t ld, rows, classes;
};

bool all_finite(const ModelOutputs& of) {
    std::size_t not_finite = 0;
    for (std::size_t c = 0; c < of.classes; ++c)
        for (std::size_t i = 0; i < of.rows; ++i)
            not_finite += std::isfinite(of.z[i + c * of.ld]) ? 0 : 1;
    return not_finite == 0;
}

/// scratch: [2 · rows].
void score_binary(const LinkKernel& link, const ModelOutputs& of, const double* labels,
                  double* scratch, double* sums) {
    double *const confidence = scratch, *const losses = scratch + of.rows;
    link.measure_confidence(of.z, of.rows, confidence, losses);
    std::size_t hits = 0;
    for (std::size_t i = 0; i < of.rows; ++i) {
        if (std::isnan(labels[i])) {
            losses[i] = 0.0;
            continue;
        }
        const bool hit = (of.z[i] > 0.0) == (labels[i] == 1.0);
        sums[2 + confidence_bin(confidence[i])] += confidence[i] - (hit ? 1.0 : 0.0);
        losses[i] += hit ? 0.0 : std::abs(of.z[i]);
        hits += hit ? 1 : 0;
    }
    sums[0] += static_cast<double>(hits);
    sums[1] += sum(losses, of.rows);
}

void score_classes(const ModelOutputs& of, const double* labels, double* sums) {
    for (std::size_t i = 0; i < of.rows; ++i) {
        if (std::isnan(labels[i])) continue;
        const PointScore score =
            Logits{of.z + i, of.ld, of.classes}.score(static_cast<std::size_t>(labels[i]));
        sums[0] += score.correct ? 1.0 : 0.0;
        sums[1] += score.loss;
        sums[2 + confidence_bin(score.confidence)] +=
            score.confidence - (score.correct ? 1.0 : 0.0);
    }
}

}  // namespace

void CpuEngine::score(std::size_t classes, BatchMatrix outputs, BatchMatrix labels,
                      const IndexList& of, BatchMatrix sums) {
    double* const scratch = workspace(2 * outputs.rows).data();
    for (std::size_t b = 0; b < sums.count; ++b)
        for (std::size_t j = 0; j < sums.cols; ++j) {
            const ModelOutputs model{outputs.item(b) + j * classes * outputs.ld, outputs.ld,
                                     outputs.rows, classes};
            const double* const own = labels.item(b) + of.host()[j] * labels.ld;
            double* const to = sums.item(b) + j * sums.ld;
            if (!all_finite(model))
                std::fill_n(to, sums.rows, std::numeric_limits<double>::quiet_NaN());
            else if (classes == 1)
                score_binary(*descent_.link, model, own, scratch, to);
            else
                score_classes(model, own, to);
        }
}

void CpuEngine::multiply_columns(BatchMatrix a, const IndexList& left, BatchMatrix b,
                                 const IndexList& right, bool adds, BatchMatrix out) {
    for (std::size_t t = 0; t < out.count; ++t)
        for (std::size_t j = 0; j < out.cols; ++j) {
            const double* const x = a.item(t) + left.host()[j] * a.ld;
            const double* const y = b.item(t) + right.host()[j] * b.ld;
            double* const to = out.item(t) + j * out.ld;
            for (std::size_t i = 0; i < out.rows; ++i)
                to[i] = adds ? to[i] + x[i] * y[i] : x[i] * y[i];
        }
}

namespace {

/// Columns of whole models that are descended together: their weights and gradient stay in the
/// first-level cache.
std::size_t group_columns(std::span<const DescentLoss> losses) {
    constexpr std::size_t most = 16;
    std::size_t classes = 1;
    for (const DescentLoss& loss : losses) classes = std::max(classes, loss.link.classes);
    return std::max(classes, most / classes * classes);
}

/// Columns first .. first + count − 1 of the weights.
struct Columns {
    std::size_t first, count;
};

/// The part of a loss that falls on these columns and on rows from `row` on.
LinkTask part_of(const DescentLoss& loss, std::size_t trial, Columns columns, std::size_t row) {
    const std::size_t begin = std::max(loss.first, columns.first);
    const std::size_t end = std::min(loss.first + loss.targets.cols, columns.first + columns.count);
    LinkTask task{};
    task.cols = end > begin ? end - begin : 0;
    task.targets = loss.targets.item(trial) + row + (begin - loss.first) * loss.targets.ld;
    task.targets_ld = loss.targets.ld;
    return task;
}

}  // namespace

void CpuEngine::descend(DescentSpace space, BatchMatrix samples,
                        std::span<const DescentLoss> losses, BatchMatrix rate, double momentum,
                        BatchMatrix, BatchMatrix velocity, BatchMatrix iterates) {
    const std::size_t dimension = iterates.rows, group = group_columns(losses);
    const bool of_weights = space == DescentSpace::weights;
    const auto scratch = workspace((2 * block_samples + link_lanes) * group);
    double* outputs = scratch.data();
    const Panel residuals{outputs + block_samples * group, block_samples};
    for (std::size_t b = 0; b < iterates.count; ++b)
        for (std::size_t first = 0; first < iterates.cols; first += group) {
            const Columns columns{first, std::min(group, iterates.cols - first)};
            const Panel w{iterates.item(b) + first * iterates.ld, iterates.ld};
            const Panel v{velocity.item(b) + first * velocity.ld, velocity.ld};
            for (std::size_t j = 0; j < columns.count; ++j)
                for (std::size_t i = 0; i < dimension; ++i)
                    v.data[i + j * v.ld] = momentum == 0.0 ? 0.0 : momentum * v.data[i + j * v.ld];
            for (std::size_t row = 0; row < samples.cols; row += block_samples) {
                const std::size_t rows = std::min(block_samples, samples.cols - row);
                const Panel block{samples.item(b) + row * samples.ld, samples.ld};
                descent_.steps->outputs(block, dimension, rows, w, columns.count,
                                        {outputs, block_samples});
                // In the row space the residuals of a block are its rows of the velocity's change.
                const Panel to = of_weights ? residuals : Panel{v.data + row, v.ld};
                if (of_weights) std::fill_n(to.data, block_samples * columns.count, 0.0);
                for (const DescentLoss& loss : losses) {
                    LinkTask task = part_of(loss, b, columns, row);
                    if (task.cols == 0) continue;
                    const std::size_t skipped = std::max(loss.first, first) - first;
                    task.outputs = outputs + skipped * block_samples;
                    task.ld = block_samples;
                    task.to = to.data + skipped * to.ld;
                    task.to_ld = to.ld;
                    task.rows = rows;
                    task.factor = (of_weights ? 1.0 : -1.0) * loss.factor * rate.item(b)[0];
                    task.scratch = residuals.data + block_samples * group;
                    descent_.link->add_residual(loss.link, task);
                }
                if (of_weights)
                    descent_.steps->descend(block, dimension, rows, residuals, columns.count, v);
            }
            for (std::size_t j = 0; j < columns.count; ++j)
                for (std::size_t i = 0; i < dimension; ++i)
                    w.data[i + j * w.ld] += v.data[i + j * v.ld];
        }
}

}  // namespace cucurbit
