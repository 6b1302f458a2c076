#pragma once
// The risks of one weak-to-strong trial, from the definition: draw the rows, label them, fit,
// measure.

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "cucurbit/subspaces.hpp"
#include "tests/reference/dense.hpp"

namespace cucurbit::reference {

/// Where one sample's draws come from: materialised rows, or the rows of its triangular factor.
struct RowSource {
    bool factor = false;
    std::uint64_t key = 0;
    std::uint8_t stage = 0;
    std::uint64_t trial = 0;
    std::size_t rows = 0;
};

/// rows×width: normals by row and column; of a factor min(rows, width) rows: √χ² on the diagonal,
/// zeros before it.
Matrix draw_rows(const RowSource& from, std::size_t width);

/// A truth as coefficients along weak principal vectors (labelled rows' first coordinates), along
/// strong ones, and outside of both.
struct SubspaceTrial {
    SubspacePair pair;
    Vector along_weak, along_strong;
    Real outside = 0;
    Real noise_std = 0;
    RowSource labelled, pseudo_labelled;

    /// By "arm estimand", as the table names them.
    std::map<std::string, Real> values() const;
    /// The largest condition number bound of the matrices solved with.
    Real condition() const;

private:
    struct Data;
    Data data(bool labelled) const;
    Real in_sample_risk(const Vector& fitted, const Vector& truth, const Matrix& features,
                        const MinimumNorm& student) const;
};

}  // namespace cucurbit::reference
