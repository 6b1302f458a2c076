#include "host/studies/fits/stage_fits.hpp"

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
      results_(workspace.matrix(layout_.size(), 1)) {
    if (!workspace.counting()) workspace.engine().fill(result(layout_.rank_at(), 1), 0.0);
}

void StageFits::read(std::size_t trials, StageResults& out) const {
    workspace_.download(results_, trials, out.values);
}

std::unique_ptr<StageFits> make_stage_fits(Workspace& workspace, const StageRequest& request) {
    return request.samples.front() < request.truth.size()
               ? make_row_space_fits(workspace, request)
               : make_least_squares_fits(workspace, request);
}

}  // namespace cucurbit
