#include "host/studies/fits/ladder.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "host/studies/prefetch.hpp"
#include "host/threads/host_threads.hpp"

namespace cucurbit {
namespace {

/// Of a block of trials, which is read by one thread: so many that handing blocks out costs little
/// and a series' values, which lie in a page of their own, fill some lines of it; so few that all
/// stay in the thread's cache.
constexpr std::size_t values_per_block = 32768;
/// Trials of a block are a multiple of this: a series' outcomes and values in it fill whole lines
/// of a cache.
constexpr std::size_t trials_per_line = 16;

constexpr std::uint8_t bit(Rung rung) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(rung));
}

/// What a value computed on a rung still demands; none: it stands.
Rung still_demanded(const Fitted& fitted, Rung rung) {
    if (fitted.demanded > rung) return fitted.demanded;
    return !std::isfinite(fitted.value) && rung < Rung::orthogonal ? Rung::orthogonal : Rung::none;
}

Outcome outcome_of(const Fitted& fitted, Rung rung) {
    return {std::isfinite(fitted.value) ? Status::ok : Status::not_finite, rung,
            fitted.rank_deficit};
}

}  // namespace

Rung demanded_rung(Rung used, double condition, bool row_space, std::size_t p) {
    // Row space: the small directions that a large condition spoils carry little risk. Least
    // squares: whitened, the noise gain is made of the small directions, hence the lower limit.
    const double cholesky_limit = row_space ? 3e7 : 3e4;
    constexpr double refined_limit = 1e11;
    if (used == Rung::truncated) return Rung::truncated;
    if (used == Rung::orthogonal) {
        const double rank_limit =
            std::pow(std::numeric_limits<double>::epsilon() * static_cast<double>(p), -2.0);
        return row_space && !(condition < rank_limit) ? Rung::truncated : Rung::orthogonal;
    }
    if (condition <= cholesky_limit) return Rung::cholesky;
    if (row_space && condition <= refined_limit) return Rung::refined;
    return Rung::orthogonal;
}

Design restrict_design(const Design& design, const std::vector<bool>& keep) {
    Design restricted = design;
    restricted.points.clear();
    restricted.series.clear();
    std::map<std::size_t, std::size_t> new_point;
    for (std::size_t s = 0; s < design.series.size(); ++s) {
        if (!keep[s]) continue;
        const auto [place, added] =
            new_point.try_emplace(design.series[s].point, restricted.points.size());
        if (added) restricted.points.push_back(design.points[design.series[s].point]);
        restricted.series.push_back(design.series[s]);
        restricted.series.back().point = place->second;
    }
    return restricted;
}

/// The trials of a batch and their values.
struct LadderSimulation::Climb {
    std::span<const std::uint64_t> trials;
    TrialValues& out;
};

void LadderSimulation::run(std::span<const std::uint64_t> trials, TrialValues& out) {
    const std::size_t size = design_.series.size() * trials.size();
    out.trials = trials.size();
    out.values.resize(size);
    out.outcomes.resize(size);
    pending_.resize(std::max(size, pending_.size()));
    wanted_.assign(trials.size(), bit(Rung::cholesky));
    Climb all{trials, out};
    for (const Rung rung : {Rung::cholesky, Rung::refined, Rung::orthogonal}) climb(all, rung);
    truncate(all);
}

void LadderSimulation::climb(Climb& climb, Rung rung) {
    places_.clear();
    for (std::size_t t = 0; t < climb.trials.size(); ++t)
        if ((wanted_[t] & bit(rung)) != 0) places_.push_back(t);
    if (places_.empty()) return;
    if (places_.size() == climb.trials.size()) {
        attempt(climb.trials, rung);
    } else {
        std::vector<std::uint64_t> trials;
        for (const std::size_t place : places_) trials.push_back(climb.trials[place]);
        attempt(trials, rung);
    }
    const std::size_t lines = values_per_block / trials_per_line / design_.series.size();
    const std::size_t block = std::max<std::size_t>(1, lines) * trials_per_line;
    for_blocks(places_.size(), block,
               [&](std::size_t first, std::size_t end) { take(climb, first, end, rung); });
}

/// Takes over the values of the attempt's trials first .. end − 1 that demanded this rung.
void LadderSimulation::take(Climb& climb, std::size_t first, std::size_t end, Rung rung) {
    const std::size_t series = design_.series.size(), count = climb.trials.size();
    const auto made = std::make_unique_for_overwrite<Fitted[]>((end - first) * series);
    const FittedBlock fitted{made.get(), end - first};
    read(first, end, rung, fitted);
    const bool all = rung == Rung::cholesky;          // of every trial and series
    std::vector<std::uint8_t> stand(end - first, 1);  // [trial] whether all its values do
    for (std::size_t s = 0; s < series; ++s) {
        double* const values = climb.out.values.data() + s * count;
        Outcome* const outcomes = climb.out.outcomes.data() + s * count;
        const Fitted* const row = &fitted(s, 0);
        if (s + 1 < series) {
            prefetch(values + count + first, end - first);
            prefetch(outcomes + count + first, end - first);
        }
        const auto put = [&](std::size_t k, std::size_t t) {
            values[t] = row[k].value;
            outcomes[t] = outcome_of(row[k], rung);
            stand[k] &= still_demanded(row[k], rung) == Rung::none ? 1 : 0;
        };
        // A loop of its own, as nearly all values are taken here.
        if (all)
            for (std::size_t k = 0; k < end - first; ++k) put(k, first + k);
        else
            for (std::size_t k = 0; k < end - first; ++k)
                if (const std::size_t t = places_[first + k]; pending_[t * series + s] == rung)
                    put(k, t);
    }
    for (std::size_t k = first; k < end; ++k) {
        const std::size_t t = places_[k];
        if (all && stand[k - first] != 0) {
            wanted_[t] = 0;
            continue;
        }
        std::uint8_t wanted = 0;
        for (std::size_t s = 0; s < series; ++s) {
            Rung& pending = pending_[t * series + s];
            if (all || pending == rung) pending = still_demanded(fitted(s, k - first), rung);
            if (pending != Rung::none) wanted |= bit(pending);
        }
        wanted_[t] = wanted;
    }
}

void LadderSimulation::truncate(Climb& climb) {
    const std::size_t series = design_.series.size(), count = climb.trials.size();
    for (std::size_t t = 0; t < count; ++t) {
        if ((wanted_[t] & bit(Rung::truncated)) == 0) continue;
        for (std::size_t first = 0; first < series; ++first) {
            Rung* const pending = &pending_[t * series];
            if (pending[first] != Rung::truncated) continue;
            std::vector<bool> keep(series, false);
            for (std::size_t s = 0; s < series; ++s) keep[s] = group(s) == group(first);
            auto& restricted = restricted_[group(first)];
            if (!restricted) restricted = make_restricted_(restrict_design(design_, keep));
            std::vector<Fitted> row(restricted->design().series.size());
            restricted->attempt(climb.trials.subspan(t, 1), Rung::truncated);
            restricted->read(0, 1, Rung::truncated, {row.data(), 1});
            for (std::size_t s = 0, k = 0; s < series; ++s) {
                if (!keep[s]) continue;
                if (pending[s] == Rung::truncated) {
                    climb.out.values[s * count + t] = row[k].value;
                    climb.out.outcomes[s * count + t] = outcome_of(row[k], Rung::truncated);
                }
                pending[s] = Rung::none;
                ++k;
            }
        }
    }
}

}  // namespace cucurbit
