#pragma once
// The sizes of the operands of the CUDA engine's operations (kernels/cuda/).

#include <initializer_list>
#include <set>

#include "kernels/contract.hpp"

namespace cucurbit::costs {

/// Doubles in all trials' matrices; a shared one counts once.
inline double doubles(const BatchMatrix& m) {
    return static_cast<double>(m.rows * m.cols * (m.stride == 0 ? 1 : m.count));
}

/// Doubles of the distinct columns of a batch that lists name.
inline double columns_named(const BatchMatrix& m, std::initializer_list<const IndexList*> lists) {
    std::set<std::uint32_t> columns;
    for (const IndexList* list : lists) columns.insert(list->host().begin(), list->host().end());
    return doubles(m.leading(m.rows, columns.size()));
}

inline double triangle_doubles(std::size_t n, std::size_t count) {
    return 0.5 * static_cast<double>(n * (n + 1) * count);
}

}  // namespace cucurbit::costs
