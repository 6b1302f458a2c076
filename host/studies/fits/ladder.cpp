#include "host/studies/fits/ladder.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cucurbit {

Rung demanded_rung(Rung used, double condition, bool row_space, std::size_t p) {
    // Row space: the small directions that a large condition spoils carry little risk. Least
    // squares: whitened, the noise gain is made of the small directions, hence the lower limit.
    const double cholesky_limit = row_space ? 3e7 : 3e4;
    constexpr double refined_limit = 1e11;
    const double rank_limit =
        std::pow(std::numeric_limits<double>::epsilon() * static_cast<double>(p), -2.0);
    if (used == Rung::truncated) return Rung::truncated;
    if (used == Rung::orthogonal)
        return row_space && !(condition < rank_limit) ? Rung::truncated : Rung::orthogonal;
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

struct LadderSimulation::Batch {
    std::span<const std::uint64_t> trials;
    TrialValues& out;
    std::vector<Rung> pending;  ///< [series][trial] the rung still demanded; none: the value stands

    std::size_t at(std::size_t series, std::size_t trial) const {
        return series * trials.size() + trial;
    }
    /// Takes over a value computed on a rung, and notes what it still demands.
    void take(std::size_t index, const Attempt& from, std::size_t from_index, Rung rung) {
        const double value = from.values[from_index];
        const Rung demanded = from.demanded[from_index];
        const bool finite = std::isfinite(value);
        out.values[index] = value;
        out.outcomes[index] = {finite ? Status::ok : Status::not_finite, rung,
                               from.rank_deficit[from_index]};
        pending[index] = demanded > rung                      ? demanded
                         : !finite && rung < Rung::orthogonal ? Rung::orthogonal
                                                              : Rung::none;
    }
};

void LadderSimulation::run(std::span<const std::uint64_t> trials, TrialValues& out) {
    const std::size_t size = design_.series.size() * trials.size();
    out.trials = trials.size();
    out.values.assign(size, std::numeric_limits<double>::quiet_NaN());
    out.outcomes.assign(size, Outcome{});
    Batch batch{trials, out, std::vector<Rung>(size, Rung::cholesky)};
    for (const Rung rung : {Rung::cholesky, Rung::refined, Rung::orthogonal}) climb(batch, rung);
    truncate(batch);
}

void LadderSimulation::climb(Batch& batch, Rung rung) {
    std::vector<std::uint64_t> trials;
    std::vector<std::size_t> places;
    for (std::size_t t = 0; t < batch.trials.size(); ++t) {
        bool wanted = false;
        for (std::size_t s = 0; s < design_.series.size() && !wanted; ++s)
            wanted = batch.pending[batch.at(s, t)] == rung;
        if (!wanted) continue;
        trials.push_back(batch.trials[t]);
        places.push_back(t);
    }
    if (trials.empty()) return;
    Attempt result;
    attempt(trials, rung, result);
    for (std::size_t s = 0; s < design_.series.size(); ++s)
        for (std::size_t k = 0; k < trials.size(); ++k) {
            const std::size_t index = batch.at(s, places[k]);
            if (batch.pending[index] == rung)
                batch.take(index, result, s * trials.size() + k, rung);
        }
}

void LadderSimulation::truncate(Batch& batch) {
    for (std::size_t t = 0; t < batch.trials.size(); ++t)
        for (std::size_t first = 0; first < design_.series.size(); ++first) {
            if (batch.pending[batch.at(first, t)] != Rung::truncated) continue;
            std::vector<bool> keep(design_.series.size(), false);
            for (std::size_t s = 0; s < keep.size(); ++s) keep[s] = group(s) == group(first);
            auto& restricted = restricted_[group(first)];
            if (!restricted) restricted = make_restricted_(restrict_design(design_, keep));
            Attempt result;
            restricted->attempt(batch.trials.subspan(t, 1), Rung::truncated, result);
            for (std::size_t s = 0, k = 0; s < keep.size(); ++s) {
                if (!keep[s]) continue;
                const std::size_t index = batch.at(s, t);
                if (batch.pending[index] == Rung::truncated)
                    batch.take(index, result, k, Rung::truncated);
                batch.pending[index] = Rung::none;
                ++k;
            }
        }
}

}  // namespace cucurbit
