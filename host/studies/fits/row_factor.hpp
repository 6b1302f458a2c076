#pragma once
// Rows of standard normal samples, for every sample size of a grid: the data itself in blocks that
// fit the cache, or Bartlett's factor that stands for it.

#include <cstdint>
#include <span>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/studies/fits/workspace.hpp"

namespace cucurbit {

/// What a RowFactor draws. A row has `width` independent normals; the last may be label noise.
struct RowRequest {
    Sampler sampler = Sampler::sufficient;
    std::uint8_t stage = 0;
    std::uint64_t key = 0;            ///< direct: rows of a smaller sample are a larger one's first
    std::vector<std::uint64_t> keys;  ///< sufficient: one for each sample size
    std::vector<std::uint64_t> sizes;  ///< ascending
    std::size_t width = 0;
    /// Fits see the first `seen` coordinates as features: only so many rows of the factor are
    /// drawn.
    std::size_t seen = 0;
};

/// One sample after another as a matrix width×columns(size) per trial, a row in each column, whose
/// Gram matrix of features with everything is the sample's. Lower trapezoidal where `triangular`:
/// fits that see the first d coordinates need its first d columns only.
class RowFactor {
public:
    RowFactor(Workspace& workspace, RowRequest request);

    std::size_t columns(std::size_t index) const;
    bool triangular(std::size_t index) const;
    /// Whether a triangular sample drawn on this rung is a Cholesky factor, whose error grows with
    /// the square of its condition.
    bool squared(Rung rung) const {
        return request_.sampler == Sampler::direct && rung == Rung::cholesky;
    }
    /// Whether fits of the first `features` coordinates may solve with every sample's triangle as
    /// it is drawn.
    bool all_triangular(std::size_t features) const;
    /// Columns that fits of the first `features` coordinates need.
    std::size_t columns_for(std::size_t index, std::size_t features) const;

    /// Draws sample `index`; directly drawn ones in ascending order, all of them. Rungs above
    /// cholesky reduce the data by Householder reflections.
    void draw(std::size_t index, std::span<const std::uint64_t> trials, Rung rung);
    /// The sample drawn last.
    BatchMatrix rows(std::size_t index) const {
        return factor_.leading(request_.width, columns(index));
    }
    /// Whether the data could be reduced on the rung used, after read().
    void read(std::size_t count) { workspace_.download(done_, count, read_); }
    bool reduced(std::size_t index, std::size_t trial) const;

private:
    void add_rows(std::uint64_t end, std::span<const std::uint64_t> trials, Rung rung);
    void clear_upper(std::size_t count);

    Workspace& workspace_;
    RowRequest request_;
    std::uint64_t drawn_ = 0;
    BatchMatrix factor_, sum_, wide_, done_;
    const IndexList* columns_ = nullptr;
    const IndexList* lengths_ = nullptr;
    std::vector<double> read_;
};

}  // namespace cucurbit
