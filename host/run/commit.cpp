#include "host/run/commit.hpp"

#include <algorithm>
#include <iterator>

namespace cucurbit {

namespace {

using Pieces = std::vector<Piece>::const_iterator;

/// Replaces a block by one series' values of consecutive pieces.
void join_series(Pieces first, Pieces last, std::size_t series, BlockValues& block) {
    block.first_trial = first->trials.first;
    block.values.clear();
    block.outcomes.clear();
    for (Pieces piece = first; piece != last; ++piece) {
        const auto from = static_cast<std::ptrdiff_t>(series * piece->trials.count);
        const auto to = from + static_cast<std::ptrdiff_t>(piece->trials.count);
        block.values.insert(block.values.end(), piece->values.begin() + from,
                            piece->values.begin() + to);
        block.outcomes.insert(block.outcomes.end(), piece->outcomes.begin() + from,
                              piece->outcomes.begin() + to);
    }
}

}  // namespace

void Commit::add(std::vector<Piece> pieces) {
    std::move(pieces.begin(), pieces.end(), std::back_inserter(pieces_));
}

void Commit::write() {
    if (pieces_.empty()) return;
    std::sort(pieces_.begin(), pieces_.end(), [](const Piece& a, const Piece& b) {
        return a.design != b.design ? a.design < b.design : a.trials.first < b.trials.first;
    });
    std::size_t count = 0;
    for (Pieces first = pieces_.begin(); first != pieces_.end();) {
        Pieces last = std::next(first);
        while (last != pieces_.end() && last->design == first->design &&
               last->trials.first == std::prev(last)->trials.end())
            ++last;
        const std::vector<SeriesKey>& series = keys(first->design);
        if (blocks_.size() < count + series.size()) blocks_.resize(count + series.size());
        for (std::size_t s = 0; s < series.size(); ++s, ++count) {
            blocks_[count].first = series[s];
            join_series(first, last, s, blocks_[count].second);
        }
        first = last;
    }
    blocks_.resize(count);
    store_.write(blocks_);
    pieces_.clear();
}

const std::vector<SeriesKey>& Commit::keys(const std::shared_ptr<const Design>& design) {
    std::vector<SeriesKey>& keys = keys_[design];
    if (keys.empty())
        for (const Series& series : design->series)
            keys.push_back(series_key(setting_, *design, series));
    return keys;
}

}  // namespace cucurbit
