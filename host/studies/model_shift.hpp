#pragma once
// kind = "model_shift": ridgeless regression on labels from a given surrogate (Ildiz et al. 2025,
// section 3 and Figure 1). A graph of one group of rows and a fit for each arm.

#include <memory>
#include <string>
#include <vector>

#include "host/studies/graph/curves.hpp"

namespace cucurbit {

class ModelShift final : public CurveStudy {
public:
    using CurveStudy::CurveStudy;
    /// [population] p, spectrum, signal; [target] n, noise_std, arms.
    static std::unique_ptr<const Setting> read(Reader& root, const Precision& precision,
                                               std::uint64_t seed);

    std::string identity() const override;
    std::string canonical(const Point& point) const override;
    std::vector<TheoryRow> theory(const Point& point) const override;
    /// Figure 1a: index, spectrum, zeta, truth, then the surrogates: optimal, mask, one's own.
    Coordinates coordinates(const Point& point) const override;
};

}  // namespace cucurbit
