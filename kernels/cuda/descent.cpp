// Gradient descent on the CUDA engine.

#include <algorithm>
#include <cassert>

#include "kernels/cuda/engine.hpp"
#include "kernels/cuda/kernels.hpp"

namespace cucurbit {

void CudaEngine::flow(BatchMatrix values, double rate, BatchMatrix c) {
    cuda::flow(context_.stream(), values, rate, c);
}

void CudaEngine::gather(BatchMatrix from, BatchMatrix order, bool rows, BatchMatrix to) {
    cuda::gather(context_.stream(), from, order, rows, to);
}

void CudaEngine::predict(const DescentLink& link, BatchMatrix outputs, BatchMatrix predictions) {
    cuda::predict(context_.stream(), link, outputs, predictions);
}

void CudaEngine::score(std::size_t classes, BatchMatrix outputs, BatchMatrix labels,
                       const IndexList& of, BatchMatrix sums) {
    cuda::score(context_.stream(), classes, outputs, labels, cuda::device_list(of), sums);
}

void CudaEngine::margins(std::size_t classes, BatchMatrix outputs, const IndexList& of,
                         BatchMatrix margins) {
    cuda::margins(context_.stream(), classes, outputs, cuda::device_list(of), margins);
}

void CudaEngine::order_rows(BatchMatrix values, BatchMatrix order) {
    cuda::order_rows(context_.stream(), values, order);
}

void CudaEngine::compare_margins(BatchMatrix margins, BatchMatrix order, const IndexList& students,
                                 const IndexList& teachers, std::size_t bins, BatchMatrix out) {
    cuda::compare_margins(context_.stream(), margins, order, cuda::device_list(students),
                          cuda::device_list(teachers), bins, out);
}

void CudaEngine::multiply_columns(BatchMatrix a, const IndexList& left, BatchMatrix b,
                                  const IndexList& right, bool adds, BatchMatrix out) {
    cuda::multiply_columns(context_.stream(), a, cuda::device_list(left), b,
                           cuda::device_list(right), adds, out);
}

void CudaEngine::subtract_residuals(std::span<const DescentLoss> losses, BatchMatrix rate,
                                    BatchMatrix outputs, double keep, BatchMatrix out) {
    cuda::Losses some;
    some.classes = losses.empty() ? 1 : losses.front().link.classes;
    some.keep = keep;
    for (const DescentLoss& loss : losses) {
        assert(loss.link.classes == some.classes && loss.first % some.classes == 0);
        some.values[some.size++] = loss;
    }
    cuda::subtract_residuals(context_.stream(), some, rate, outputs, out);
}

void CudaEngine::add(BatchMatrix from, BatchMatrix to) {
    cuda::add(context_.stream(), from, to);
}

}  // namespace cucurbit
