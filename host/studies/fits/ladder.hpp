#pragma once
// The solver ladder of a simulation: every trial by Cholesky first; the (trial, n) whose condition
// demands it again on a higher rung, and only those values replaced.

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "cucurbit/study.hpp"

namespace cucurbit {

/// What a rung gave for one series of a trial.
struct Fitted {
    double value;
    Rung demanded;  ///< the rung that the value needs; at most the one used: it stands
    std::uint16_t rank_deficit;
};

/// What an attempt gave for the series of a block of trials, both counted from 0. One series'
/// trials lie side by side, `pitch` from the next one's.
struct FittedBlock {
    Fitted* data;
    std::size_t pitch;
    Fitted& operator()(std::size_t series, std::size_t trial) const {
        return data[series * pitch + trial];
    }
};

/// The rung that a fit needs, judged on a rung from its StageResults::condition (dimension p; n <
/// p: row space). Measured on spectra from j^-0.5 to j⁻¹², a Cholesky risk is wrong by about 1e-16
/// times the condition, at most 1e-15 times: 3e-9 of itself at the limit. A second
/// orthogonalisation holds while the first left Q well conditioned; beyond the square root of what
/// double precision resolves the rank itself is in doubt.
Rung demanded_rung(Rung used, double condition, bool row_space, std::size_t p);

/// The same design with only the series that are kept, and the points they need.
Design restrict_design(const Design& design, const std::vector<bool>& keep);

class LadderSimulation : public Simulation {
public:
    /// Makes the simulation of a restricted design on the same engine, for one trial at a time.
    using Factory = std::function<std::unique_ptr<LadderSimulation>(const Design&)>;

    /// Values are read in blocks of trials, on the HostThreads of the calling thread.
    void run(std::span<const std::uint64_t> trials, TrialValues& out) final;

protected:
    LadderSimulation(Design design, Factory make_restricted)
        : design_(std::move(design)), make_restricted_(std::move(make_restricted)) {}

    /// Computes all series of these trials on one rung, up to results in the host's memory.
    /// Truncated: asked of designs with one n only.
    virtual void attempt(std::span<const std::uint64_t> trials, Rung rung) = 0;
    /// All series of the last attempt's trials first .. end − 1, counted from 0, from its results.
    /// Called by several threads at once.
    virtual void read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const = 0;
    /// Series with the same group share their n, and are truncated together.
    virtual std::size_t group(std::size_t series) const = 0;

    const Design& design() const { return design_; }

private:
    struct Climb;
    void climb(Climb& climb, Rung rung);
    void take(Climb& climb, std::size_t first, std::size_t end, Rung rung);
    void truncate(Climb& climb);

    Design design_;
    Factory make_restricted_;
    std::map<std::size_t, std::unique_ptr<LadderSimulation>> restricted_;
    /// Kept from batch to batch, as fresh memory costs more than a value: [trial][series] the rung
    /// still demanded (none: the value stands), of trials with such a series; [trial] a bit for
    /// each rung that one of the trial's series demands.
    std::vector<Rung> pending_;
    std::vector<std::uint8_t> wanted_;
    std::vector<std::size_t> places_;  ///< in the batch, of the trials on the present rung
};

}  // namespace cucurbit
