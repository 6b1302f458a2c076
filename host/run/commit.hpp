#pragma once
// Gathers computed pieces into few, large transactions.

#include <map>
#include <memory>
#include <vector>

#include "cucurbit/store.hpp"
#include "host/run/kept.hpp"
#include "host/run/workers.hpp"
#include "host/store/units.hpp"

namespace cucurbit {

/// Pieces on their way to the store. Pieces that touch are written as one, so that a second of
/// short blocks costs one row a series. Where moments are kept, those of every 64 trials are made
/// at once, and 64 trials that a stopped run did not finish are left out.
class Commit {
public:
    Commit(Store& store, const Study& study) : store_(store), study_(study) {}

    void add(std::vector<Piece> pieces);
    /// Writes all pieces in one transaction; throws StoreError.
    void write();

private:
    /// What is kept of a design, and the moments that are on their way.
    struct Pending {
        std::vector<Kept> kept;
        std::vector<Units> units;
    };

    const std::vector<SeriesKey>& keys(const std::shared_ptr<const Design>& design);
    void add_moments(const Piece& piece);
    void write_moments();

    Store& store_;
    const Study& study_;
    std::vector<Piece> pieces_;
    std::pair<SeriesKey, BlockValues> block_;  ///< memory kept from write to write
    std::map<std::shared_ptr<const Design>, std::vector<SeriesKey>> keys_;
    std::map<std::shared_ptr<const Design>, Pending> moments_;
};

}  // namespace cucurbit
