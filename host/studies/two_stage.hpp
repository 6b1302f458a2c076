#pragma once
// kind = "two_stage": a surrogate fitted on m samples labels the target's n fresh samples, possibly
// of another covariance (Ildiz et al. 2025, distribution shift). A graph of two groups of rows and
// at most three fits.

#include <memory>
#include <string>
#include <vector>

#include "host/studies/graph/curves.hpp"

namespace cucurbit {

class TwoStage final : public CurveStudy {
public:
    using CurveStudy::CurveStudy;
    /// [population] p, spectrum, signal; [surrogate] m, noise_std, spectrum (the population's
    /// unless given); [target] n, noise_std, arms of surrogate, target, standard.
    static std::unique_ptr<const Setting> read(Reader& root, const Precision& precision,
                                               std::uint64_t seed);

    std::string identity() const override;
    std::string canonical(const Point& point) const override;
    /// All risks on the target's covariance; xi and omega of both stages.
    std::vector<TheoryRow> theory(const Point& point) const override;
    /// index, spectrum, surrogate_spectrum, zeta, surrogate_zeta, truth.
    Coordinates coordinates(const Point& point) const override;
};

}  // namespace cucurbit
