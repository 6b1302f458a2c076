#pragma once
// Values of a block that differ from trial to trial.

#include <cmath>

#include "cucurbit/store.hpp"

namespace cucurbit {

inline BlockValues some_values(std::uint64_t first, std::size_t count) {
    BlockValues block{first, {}, {}};
    for (std::size_t i = 0; i < count; ++i) {
        block.values.push_back(std::sqrt(static_cast<double>(first + i)));
        block.outcomes.push_back({Status::ok, Rung::cholesky, 0});
    }
    return block;
}

inline bool operator==(const BlockValues& a, const BlockValues& b) {
    return a.first_trial == b.first_trial && a.values == b.values && a.outcomes == b.outcomes;
}

/// What two computers' values may differ by in these tests.
inline double nine_digits(const SeriesKey&) {
    return 1e-9;
}

}  // namespace cucurbit
