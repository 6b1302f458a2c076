#include "host/run/commit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <span>

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

/// Behind the pieces that follow each other in one design.
Pieces next_gap(Pieces first, Pieces end) {
    Pieces last = std::next(first);
    while (last != end && last->design == first->design &&
           last->trials.first == std::prev(last)->trials.end())
        ++last;
    return last;
}

/// Σ factor · value of a trial, the at-th of a piece; not finite where a series failed.
double sum_of(const std::vector<Kept::Term>& terms, const Piece& piece, std::uint64_t at) {
    double sum = 0.0;
    for (const Kept::Term& term : terms) {
        const std::uint64_t index = term.series * piece.trials.count + at;
        sum += piece.outcomes[index].status == Status::ok
                   ? term.factor * piece.values[index]
                   : std::numeric_limits<double>::quiet_NaN();
    }
    return sum;
}

/// The moments of 64 trials of a piece.
MomentsBlock moments_of(const Kept& kept, const Piece& piece, std::uint64_t first) {
    MomentsBlock block{{first, unit_trials}, 0, 0, 0, {}};
    std::array<double, unit_trials> above{}, below{};
    std::size_t count = 0;
    const std::uint64_t begin = first - piece.trials.first;
    for (std::uint64_t at = begin; at < begin + unit_trials; ++at) {
        if (!kept.derived) {
            const Outcome& outcome =
                piece.outcomes[kept.above.front().series * piece.trials.count + at];
            block.rank_deficient += outcome.rank_deficit > 0;
            block.escalated += outcome.rung > Rung::cholesky;
        }
        above[count] = sum_of(kept.above, piece, at);
        below[count] = sum_of(kept.below, piece, at);
        count += std::isfinite(above[count]) && std::isfinite(below[count]);
    }
    block.failed = unit_trials - count;
    block.moments = {std::span(above.data(), count),
                     std::span(below.data(), kept.below.empty() ? 0 : count)};
    return block;
}

}  // namespace

void Commit::add(std::vector<Piece> pieces) {
    if (study_.precision.keep == Keep::moments) {
        for (const Piece& piece : pieces) add_moments(piece);
        return;
    }
    std::move(pieces.begin(), pieces.end(), std::back_inserter(pieces_));
}

void Commit::add_moments(const Piece& piece) {
    Pending& pending = moments_[piece.design];
    if (pending.kept.empty()) {
        pending.kept = kept(study_, *piece.design);
        pending.units.resize(pending.kept.size());
    }
    const TrialRange whole{piece.trials.first, piece.trials.count / unit_trials * unit_trials};
    for (std::size_t k = 0; k < pending.kept.size(); ++k) {
        // A derived row that lacks trials has series computed again that do not.
        if (left_out(store_.trials(pending.kept[k].key), whole).empty()) continue;
        for (std::uint64_t first = whole.first; first < whole.end(); first += unit_trials)
            add_unit(moments_of(pending.kept[k], piece, first), pending.units[k]);
    }
}

void Commit::write_moments() {
    std::vector<std::pair<SeriesKey, MomentsBlock>> blocks;
    for (auto& [design, pending] : moments_)
        for (std::size_t k = 0; k < pending.kept.size(); ++k) {
            for (const auto& [first, unit] : pending.units[k])
                blocks.emplace_back(pending.kept[k].key, unit);
            pending.units[k].clear();
        }
    if (!blocks.empty()) store_.write(blocks);
}

void Commit::write() {
    if (study_.precision.keep == Keep::moments) return write_moments();
    if (pieces_.empty()) return;
    std::sort(pieces_.begin(), pieces_.end(), [](const Piece& a, const Piece& b) {
        return a.design != b.design ? a.design < b.design : a.trials.first < b.trials.first;
    });
    Pieces first = pieces_.begin(), last = first;
    std::size_t series = 0;
    // Made one by one, since a second's values are many: those of the next series, and behind the
    // last one of the next pieces that follow each other.
    store_.write([&]() -> const std::pair<SeriesKey, BlockValues>* {
        if (first == last || series == keys(first->design).size()) {
            first = last;
            if (first == pieces_.end()) return nullptr;
            last = next_gap(first, pieces_.end());
            series = 0;
        }
        block_.first = keys(first->design)[series];
        join_series(first, last, series, block_.second);
        ++series;
        return &block_;
    });
    pieces_.clear();
}

const std::vector<SeriesKey>& Commit::keys(const std::shared_ptr<const Design>& design) {
    std::vector<SeriesKey>& keys = keys_[design];
    if (keys.empty())
        for (const Series& series : design->series)
            keys.push_back(series_key(*study_.setting, *design, series));
    return keys;
}

}  // namespace cucurbit
