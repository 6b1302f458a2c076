// Eigendecompositions that failed, gathers, and the links of gradient descent: predictions and
// residuals with the same bits as on the CPU. Compiled without contraction of products and sums.

#include "kernels/cuda/grid.hpp"

#include <cmath>
#include <limits>

#include "kernels/common/exponential.hpp"
#include "kernels/common/score.hpp"

namespace cucurbit::cuda {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double largest_finite = std::numeric_limits<double>::max();
/// Of kernels with an exponential, on one multiprocessor: left to choose, ptxas aims at more for
/// sm_86, and spills.
constexpr unsigned blocks_at_once = 4;

/// One block, one trial.
__global__ void __launch_bounds__(threads_per_block) replace_by_identity(BatchMatrix g, int* bad) {
    unsigned* found = shared_memory<unsigned>();
    for (std::size_t t = blockIdx.y; t < g.count; t += gridDim.y) {
        if (threadIdx.x == 0) *found = 0;
        __syncthreads();
        for (unsigned j = 0; j < g.cols; ++j)
            for (unsigned i = j + threadIdx.x; i < g.rows; i += blockDim.x)
                if (!(std::abs(item(g, t)[i + j * g.ld]) <= largest_finite)) atomicAdd(found, 1U);
        __syncthreads();
        for (unsigned j = 0; j < g.cols && *found != 0; ++j)
            for (unsigned i = j + threadIdx.x; i < g.rows; i += blockDim.x)
                item(g, t)[i + j * g.ld] = i == j ? 1.0 : 0.0;
        if (threadIdx.x == 0) bad[t] = *found != 0 ? 1 : 0;
        __syncthreads();
    }
}

__global__ void __launch_bounds__(threads_per_block)
    blank_failures(BatchMatrix g, BatchMatrix values, const int* bad, const int* infos) {
    for_entries(g, [&](std::size_t t, unsigned i, unsigned j) {
        if (bad[t] == 0 && infos[t] == 0) return;
        item(g, t)[i + j * g.ld] = not_a_number;
        if (j == 0) item(values, t)[i] = not_a_number;
    });
}

__global__ void __launch_bounds__(threads_per_block)
    gather_entries(BatchMatrix to, BatchMatrix from, BatchMatrix order, bool rows) {
    for_entries(to, [&](std::size_t t, unsigned i, unsigned j) {
        const auto place = static_cast<std::size_t>(item(order, t)[rows ? i : j]);
        item(to, t)[i + j * to.ld] =
            item(from, t)[rows ? place + j * from.ld : i + place * from.ld];
    });
}

/// One row of one model: `count` columns, each `ld` from the one before.
struct ModelRow {
    double* data;
    std::size_t ld;
};

/// Calls body(c, prediction) for the classes of one row of one model, in ascending order; an output
/// is not read after its prediction was handed over.
template <class Body>
__device__ void for_predictions(const DescentLink& link, ModelRow outputs, Body body) {
    const double coldness = 1.0 / link.temperature;
    const double* z = outputs.data;
    if (link.kind != DescentLink::Kind::softmax) {
        const bool identity = link.kind == DescentLink::Kind::identity;
        for (std::size_t c = 0; c < link.classes; ++c) {
            const double cold = z[c * outputs.ld] * coldness;
            body(c, identity ? cold : logistic<ScalarLane>(cold));
        }
        return;
    }
    double largest = z[0], sum = 0.0;
    for (std::size_t c = 1; c < link.classes; ++c)
        if (z[c * outputs.ld] > largest) largest = z[c * outputs.ld];
    const auto power = [&](std::size_t c) {
        return exponential<ScalarLane>((z[c * outputs.ld] - largest) * coldness);
    };
    for (std::size_t c = 0; c < link.classes; ++c) sum = sum + power(c);
    const double share = 1.0 / sum;
    for (std::size_t c = 0; c < link.classes; ++c) body(c, power(c) * share);
}

/// A batch whose entry (i, j) is where row i of model j begins.
BatchMatrix models_of(BatchMatrix m, std::size_t classes) {
    return {m.data, m.rows, m.cols / classes, m.ld * classes, m.stride, m.count};
}

/// One thread, one row of one model of each trial.
__global__ void __launch_bounds__(threads_per_block, blocks_at_once)
    predict_rows(BatchMatrix models, std::size_t ld, BatchMatrix outputs, DescentLink link) {
    for_entries(models, [&](std::size_t t, unsigned i, unsigned j) {
        double* to = item(models, t) + i + j * models.ld;
        double* z = item(outputs, t) + i + j * link.classes * outputs.ld;
        for_predictions(link, {z, outputs.ld},
                        [&](std::size_t c, double prediction) { to[c * ld] = prediction; });
    });
}

/// One thread, one row of one model of each trial.
__global__ void __launch_bounds__(threads_per_block, blocks_at_once)
    subtract_residuals_of(BatchMatrix models, std::size_t ld, BatchMatrix outputs, Losses losses,
                          BatchMatrix rate) {
    for_entries(models, [&](std::size_t t, unsigned i, unsigned j) {
        const std::size_t classes = losses.classes;
        double* to = item(models, t) + i + j * models.ld;
        if (losses.keep != 1.0)
            for (std::size_t c = 0; c < classes; ++c)
                to[c * ld] = losses.keep == 0.0 ? 0.0 : losses.keep * to[c * ld];
        for (unsigned l = 0; l < losses.size; ++l) {
            const DescentLoss& loss = losses.values[l];
            const std::size_t column = j * classes;
            if (column < loss.first || column >= loss.first + loss.targets.cols) continue;
            const double factor = loss.factor * item(rate, t)[0];
            const double* targets =
                item(loss.targets, t) + i + (column - loss.first) * loss.targets.ld;
            for_predictions(loss.link, {item(outputs, t) + i + column * outputs.ld, outputs.ld},
                            [&](std::size_t c, double prediction) {
                                to[c * ld] -= factor * (prediction - targets[c * loss.targets.ld]);
                            });
        }
    });
}

__device__ PointScore score_point(const double* z, std::size_t ld, std::size_t classes,
                                  double label) {
    if (classes > 1) return Logits{z, ld, classes}.score(static_cast<std::size_t>(label));
    const bool correct = (*z > 0.0) == (label == 1.0);
    const Confidence<ScalarLane> sure = confidence_of<ScalarLane>(*z);
    return {correct, sure.value, sure.loss + (correct ? 0.0 : std::abs(*z))};
}

/// One warp, one model of one trial. Shared memory: the bins of every lane, [warp][bin][lane].
__global__ void __launch_bounds__(warp_size* warps_per_block, blocks_at_once)
    score_models(BatchMatrix sums, BatchMatrix outputs, std::size_t classes, BatchMatrix labels,
                 DeviceList of) {
    const unsigned lane = threadIdx.x % warp_size, warp = threadIdx.x / warp_size;
    const unsigned j = blockIdx.x * warps_per_block + warp;
    if (j >= of.size) return;
    double* gaps = shared_memory<double>() + warp * confidence_bins * warp_size + lane;
    for (std::size_t t = blockIdx.y; t < sums.count; t += gridDim.y) {
        const double* z = item(outputs, t) + j * classes * outputs.ld;
        const double* own = item(labels, t) + of.values[j] * labels.ld;
        double* to = item(sums, t) + j * sums.ld;
        double correct = 0.0, loss = 0.0, bad = 0.0;
        for (unsigned b = 0; b < confidence_bins; ++b) gaps[b * warp_size] = 0.0;
        for (unsigned i = lane; i < outputs.rows; i += warp_size) {
            bool finite = true;
            for (std::size_t c = 0; c < classes; ++c)
                finite = finite && std::abs(z[i + c * outputs.ld]) <= largest_finite;
            if (!finite) {
                bad = 1.0;
                continue;
            }
            if (std::isnan(own[i])) continue;
            const PointScore point = score_point(z + i, outputs.ld, classes, own[i]);
            correct += point.correct ? 1.0 : 0.0;
            loss += point.loss;
            gaps[confidence_bin(point.confidence) * warp_size] +=
                point.confidence - (point.correct ? 1.0 : 0.0);
        }
        const double nothing = warp_sum(bad) > 0.0 ? not_a_number : 0.0;
        correct = warp_sum(correct) + nothing;
        loss = warp_sum(loss) + nothing;
        if (lane == 0) {
            to[0] += correct;
            to[1] += loss;
        }
        for (unsigned b = 0; b < confidence_bins; ++b) {
            const double gap = warp_sum(gaps[b * warp_size]) + nothing;
            if (lane == 0) to[2 + b] += gap;
        }
    }
}

__global__ void __launch_bounds__(threads_per_block) add_entries(BatchMatrix to, BatchMatrix from) {
    for_entries(to, [&](std::size_t t, unsigned i, unsigned j) {
        item(to, t)[i + j * to.ld] += item(from, t)[i + j * from.ld];
    });
}

}  // namespace

void replace_not_finite(cudaStream_t stream, BatchMatrix g, int* bad) {
    CUCURBIT_CHECK_CUDA(launch("replace_not_finite", replace_by_identity, grid_for(1, g.count, 1),
                               threads_per_block, sizeof(unsigned), stream, g, bad));
}

void finish_eigen(cudaStream_t stream, BatchMatrix g, BatchMatrix values, const int* bad,
                  const int* infos) {
    launch_on_entries("finish_eigen", blank_failures, stream, g, values, bad, infos);
}

void gather(cudaStream_t stream, BatchMatrix from, BatchMatrix order, bool rows, BatchMatrix to) {
    launch_on_entries("gather", gather_entries, stream, to, from, order, rows);
}

void predict(cudaStream_t stream, const DescentLink& link, BatchMatrix outputs,
             BatchMatrix predictions) {
    launch_on_entries("predict", predict_rows, stream, models_of(predictions, link.classes),
                      predictions.ld, outputs, link);
}

void score(cudaStream_t stream, std::size_t classes, BatchMatrix outputs, BatchMatrix labels,
           DeviceList of, BatchMatrix sums) {
    if (of.size * sums.count == 0) return;
    CUCURBIT_CHECK_CUDA(launch(
        "score", score_models, grid_for(of.size, sums.count, warps_per_block),
        warp_size * warps_per_block, warps_per_block * confidence_bins * warp_size * sizeof(double),
        stream, sums, outputs, classes, labels, of));
}

void subtract_residuals(cudaStream_t stream, const Losses& losses, BatchMatrix rate,
                        BatchMatrix outputs, BatchMatrix out) {
    launch_on_entries("subtract_residuals", subtract_residuals_of, stream,
                      models_of(out, losses.classes), out.ld, outputs, losses, rate);
}

void add(cudaStream_t stream, BatchMatrix from, BatchMatrix to) {
    launch_on_entries("add", add_entries, stream, to, from);
}

}  // namespace cucurbit::cuda
