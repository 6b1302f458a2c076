#pragma once
// The solver ladder of a simulation: every trial by Cholesky first; the (trial, n) whose condition
// demands it again on a higher rung, and only those values replaced.

#include <functional>
#include <map>
#include <memory>

#include "cucurbit/study.hpp"

namespace cucurbit {

/// What one rung gave for a batch, [series][trial].
struct Attempt {
    std::vector<double> values;
    std::vector<Rung> demanded;  ///< the rung that the value needs; at most the one used: it stands
    std::vector<std::uint16_t> rank_deficit;

    void resize(std::size_t size) {
        values.resize(size);
        demanded.resize(size);
        rank_deficit.resize(size);
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

    void run(std::span<const std::uint64_t> trials, TrialValues& out) final;

protected:
    LadderSimulation(Design design, Factory make_restricted)
        : design_(std::move(design)), make_restricted_(std::move(make_restricted)) {}

    /// Computes all series of these trials on one rung. Truncated: asked of designs with one n
    /// only.
    virtual void attempt(std::span<const std::uint64_t> trials, Rung rung, Attempt& out) = 0;
    /// Series with the same group share their n, and are truncated together.
    virtual std::size_t group(std::size_t series) const = 0;

    const Design& design() const { return design_; }

private:
    struct Batch;
    void climb(Batch& batch, Rung rung);
    void truncate(Batch& batch);

    Design design_;
    Factory make_restricted_;
    std::map<std::size_t, std::unique_ptr<LadderSimulation>> restricted_;
};

}  // namespace cucurbit
