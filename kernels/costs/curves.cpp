// Fits, errors and sums along a learning curve, counted.

#include <algorithm>
#include <numeric>

#include "kernels/costs/blocks.hpp"
#include "kernels/costs/counting_engine.hpp"

namespace cucurbit {

using costs::columns_named;
using costs::doubles;

void CountingEngine::apply(Entrywise, BatchMatrix a) {
    operations_.emplace_back(__func__);
    launch(doubles(a), doubles(a));
}

void CountingEngine::add_to_columns(BatchMatrix column, double, BatchMatrix c) {
    operations_.emplace_back(__func__);
    if (doubles(c) > 0.0) launch(doubles(column) + doubles(c), doubles(c));
}

void CountingEngine::spread(BatchMatrix c, const IndexList& source, const IndexList& rows,
                            BatchMatrix w) {
    operations_.emplace_back(__func__);
    const auto lengths = rows.host();
    const auto copied = static_cast<double>(
        std::accumulate(lengths.begin(), lengths.end(), std::uint64_t{0}) * c.count);
    launch(std::min(copied, columns_named(c, {&source})), doubles(w));
}

void CountingEngine::subtract(const double*, const IndexList& subtracted, BatchMatrix e) {
    operations_.emplace_back(__func__);
    const auto flags = subtracted.host();
    const auto columns = static_cast<std::size_t>(
        std::count_if(flags.begin(), flags.end(), [](std::uint32_t flag) { return flag != 0; }));
    const double changed = doubles(e.leading(e.rows, columns));
    launch(changed + static_cast<double>(e.rows), changed);
}

void CountingEngine::products(BatchMatrix e, const double*, const IndexList& left,
                              const IndexList& right, BatchMatrix out) {
    operations_.emplace_back(__func__);
    launch(columns_named(e, {&left, &right}) + static_cast<double>(e.rows), doubles(out));
}

void CountingEngine::weighted_norm(BatchMatrix a, const double*, BatchMatrix out) {
    operations_.emplace_back(__func__);
    launch(doubles(a) + static_cast<double>(a.rows), doubles(out));
}

void CountingEngine::row_norms(BatchMatrix r, BatchMatrix out) {
    operations_.emplace_back(__func__);
    launch(doubles(r), doubles(out.leading(r.rows, 1)));
}

void CountingEngine::gain_sums(BatchMatrix, BatchMatrix s, BatchMatrix out) {
    launch(2.0 * costs::triangle_doubles(s.rows, out.count),
           static_cast<double>(s.rows * out.count));
}

void CountingEngine::prefix_sums(BatchMatrix v, int, const IndexList& ends, BatchMatrix out) {
    operations_.emplace_back(__func__);
    const auto last = ends.host().empty() ? 0U : ends.host().back();
    launch(static_cast<double>(last * v.count), doubles(out));
}

}  // namespace cucurbit
