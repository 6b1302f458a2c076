#include "host/studies/stage_fits.hpp"

#include <algorithm>
#include <limits>

namespace cucurbit {

double StageResults::condition(std::size_t trial, std::size_t n, std::size_t rows_needed) const {
    if (at(trial, first_rows_done() + n) < static_cast<double>(rows_needed))
        return std::numeric_limits<double>::infinity();
    return at(trial, first_trace() + n) * at(trial, first_inverse_trace() + n) /
           static_cast<double>(rows_needed);
}

StageFits::StageFits(Workspace& workspace, const StageRequest& request)
    : workspace_(workspace),
      request_(request),
      layout_(request.products.size(), request.samples.size()),
      results_(workspace.matrix(layout_.size(), 1)) {}

void StageFits::read(std::size_t trials, StageResults& out) const {
    const std::size_t size = layout_.size(), lanes = results_.lanes;
    std::vector<double> stored((trials + lanes - 1) / lanes * lanes * size);
    workspace_.engine().download(results_.data, stored);
    out = layout_;
    out.values.resize(trials * size);
    for (std::size_t t = 0; t < trials; ++t)
        for (std::size_t k = 0; k < size; ++k)
            out.values[t * size + k] = stored[(t / lanes * size + k) * lanes + t % lanes];
}

std::unique_ptr<StageFits> make_stage_fits(Workspace& workspace, const StageRequest& request) {
    return request.samples.front() < request.truth.size()
               ? make_row_space_fits(workspace, request)
               : make_least_squares_fits(workspace, request);
}

}  // namespace cucurbit
