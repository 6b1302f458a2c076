#include "host/minnorm/array_fits.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace cucurbit {

ArrayFits::ArrayFits(Workspace& workspace, const FitShape& shape)
    : workspace_(workspace), shape_(shape) {
    const std::size_t most = shape.sizes.back(), width = shape.features + shape.labels;
    const std::size_t columns = shape.sizes.size() * shape.labels;
    sample_ = workspace.aligned(width, most);
    fits_ = workspace.matrix(width, columns);
    facts_ = workspace.matrix(fact_count(), 1);
    diagonal_ = workspace.matrix(std::min(most, shape.features), 1);
    ones_ = workspace.shared(std::vector<double>(workspace.counting() ? 0 : most, 1.0), most, 1);
    const std::size_t corner = shape.labels * shape.labels;
    std::vector<double> minus_one(workspace.counting() ? 0 : corner, 0.0);
    for (std::size_t i = 0; i < minus_one.size(); i += shape.labels + 1) minus_one[i] = -1.0;
    const BatchMatrix negated = workspace.shared(minus_one, shape.labels, shape.labels);
    if (workspace.counting()) return;
    for (std::size_t size = 0; size < shape.sizes.size(); ++size)
        workspace.engine().copy(
            negated, fits_.block(shape.features, shape.labels, size * shape.labels, shape.labels));
}

void ArrayFits::note_residuals(BatchMatrix errors, std::size_t size, std::size_t sizes) {
    std::vector<std::uint32_t> columns(sizes * shape_.labels);
    std::iota(columns.begin(), columns.end(), 0U);
    const IndexList& each = workspace_.kept(columns);
    const std::size_t first = place(Fact::count, 0) + size * shape_.labels;
    workspace_.engine().products(errors, ones_.data, each, each,
                                 of(facts_.block(first, columns.size(), 0, 1)));
}

void ArrayFits::note_trace(BatchMatrix lower, std::size_t size, const IndexList& ends) {
    const auto norms = of(diagonal_.leading(lower.rows, 1));
    workspace_.engine().row_norms(lower, norms);
    workspace_.engine().prefix_sums(norms, 1, ends, facts(Fact::trace, size, ends.host().size()));
}

void ArrayFits::note_inverse_trace(BatchMatrix lower, std::size_t size, const IndexList& ends) {
    const auto norms = of(diagonal_.leading(lower.rows, 1));
    workspace_.engine().invert_lower(lower);
    workspace_.engine().row_norms(lower, norms);
    workspace_.engine().prefix_sums(norms, 1, ends,
                                    facts(Fact::inverse_trace, size, ends.host().size()));
}

void ArrayFits::read(std::size_t count) {
    workspace_.download(facts_, count, facts_read_);
    workspace_.download(as_column(fits_), count, fits_read_);
}

double ArrayFits::condition(std::size_t size, std::size_t trial) const {
    const double* found = facts_read_.data() + first_fact(trial);
    if (found[place(Fact::rows_done, size)] < static_cast<double>(order(size)))
        return std::numeric_limits<double>::infinity();
    return found[place(Fact::trace, size)] * found[place(Fact::inverse_trace, size)];
}

double ArrayFits::residual(std::size_t size, std::size_t label, std::size_t trial) const {
    return std::sqrt(
        facts_read_[first_fact(trial) + place(Fact::count, 0) + size * shape_.labels + label]);
}

}  // namespace cucurbit
