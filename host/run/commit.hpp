#pragma once
// Gathers computed pieces into few, large transactions.

#include <map>
#include <memory>
#include <vector>

#include "cucurbit/store.hpp"
#include "host/run/workers.hpp"

namespace cucurbit {

/// Pieces on their way to the store. Pieces that touch are written as one, so that a second of
/// short blocks costs one row a series.
class Commit {
public:
    Commit(Store& store, const Setting& setting) : store_(store), setting_(setting) {}

    void add(std::vector<Piece> pieces);
    /// Writes all pieces in one transaction; throws StoreError.
    void write();
    bool empty() const { return pieces_.empty(); }

private:
    const std::vector<SeriesKey>& keys(const std::shared_ptr<const Design>& design);

    Store& store_;
    const Setting& setting_;
    std::vector<Piece> pieces_;
    std::vector<std::pair<SeriesKey, BlockValues>> blocks_;  ///< memory kept from write to write
    std::map<std::shared_ptr<const Design>, std::vector<SeriesKey>> keys_;
};

}  // namespace cucurbit
