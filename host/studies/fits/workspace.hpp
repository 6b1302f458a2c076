#pragma once
// Engine memory of one simulation, and its count before an engine exists.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "kernels/contract.hpp"

namespace cucurbit {

/// Of a spectrum: the scale of each coordinate's draws.
inline std::vector<double> square_roots(std::vector<double> values) {
    for (double& value : values) value = std::sqrt(value);
    return values;
}

/// Hands out batched matrices and shared constants. Without an engine it only counts, so that a
/// plan's bytes come from the very code that allocates.
class Workspace {
public:
    /// As bytes_per_matrix: trials lie one after another, whatever the engine prefers.
    static constexpr std::size_t never_interleaved = static_cast<std::size_t>(-1);

    /// bytes_per_matrix: what a workspace without an engine counted; not read without one.
    Workspace(Engine* engine, std::size_t batch, std::size_t bytes_per_matrix)
        : engine_(engine),
          batch_(batch),
          lanes_(engine != nullptr ? engine->preferred_lanes(bytes_per_matrix) : 1) {}

    /// A matrix for every trial of the batch; columns follow each other without a gap.
    BatchMatrix matrix(std::size_t rows, std::size_t cols) { return matrix(rows, cols, rows); }
    /// The same for products: every column begins at a multiple of 16 bytes where trials are not
    /// interleaved. On an H100 products of matrices whose columns do not take 1.5 times as long.
    BatchMatrix aligned(std::size_t rows, std::size_t cols) {
        return matrix(rows, cols, lanes_ == 1 ? rows + rows % 2 : rows);
    }
    /// A constant matrix that all trials share, column-major; values are not read when only
    /// counting.
    BatchMatrix shared(const std::vector<double>& values, std::size_t rows, std::size_t cols) {
        shared_doubles_ += rows * cols;
        double* data = take(rows * cols);
        if (engine_ != nullptr) engine_->upload(values, data);
        return {data, rows, cols, rows, 0, batch_};
    }
    const IndexList& indices(const std::vector<std::uint32_t>& values) {
        lists_.push_back(engine_ != nullptr ? engine_->indices(values)
                                            : std::make_unique<IndexList>(values));
        return *lists_.back();
    }

    /// The same list for the same values, so that asking again costs no memory.
    const IndexList& kept(const std::vector<std::uint32_t>& values) {
        const auto [place, added] = kept_.try_emplace(values, nullptr);
        if (added) place->second = &indices(values);
        return *place->second;
    }
    const IndexList& repeated(std::size_t value, std::size_t times) {
        return kept(std::vector<std::uint32_t>(times, static_cast<std::uint32_t>(value)));
    }
    /// The first `count` trials of a matrix: values [trial][column][row]. Waits for every operation
    /// before it.
    void download(BatchMatrix from, std::size_t count, std::vector<double>& values) const {
        const std::size_t size = from.rows * from.cols;
        values.resize(count * size);
        if (from.lanes == 1 && from.stride == size && from.ld == from.rows) {
            engine_->download(from.data, values);
            return;
        }
        std::vector<double> stored(extent(from, count));
        engine_->download(from.data, stored);
        each(from, count,
             [&](std::size_t value, std::size_t place) { values[value] = stored[place]; });
    }
    /// The other way.
    void upload(const std::vector<double>& values, std::size_t count, BatchMatrix to) const {
        std::vector<double> stored(extent(to, count));
        engine_->download(to.data, stored);
        each(to, count,
             [&](std::size_t value, std::size_t place) { stored[place] = values[value]; });
        engine_->upload(stored, to.data);
    }

    bool counting() const { return engine_ == nullptr; }
    Engine& engine() const { return *engine_; }
    std::size_t batch() const { return batch_; }
    std::size_t bytes_per_trial() const { return doubles_per_trial_ * sizeof(double); }
    /// Of a trial's largest matrix.
    std::size_t bytes_per_matrix() const { return doubles_per_matrix_ * sizeof(double); }
    std::size_t bytes_per_worker() const { return shared_doubles_ * sizeof(double); }

private:
    /// From the first element of these trials to behind the last one.
    static std::size_t extent(const BatchMatrix& matrix, std::size_t count) {
        return ((count - 1) / matrix.lanes * matrix.stride + (matrix.cols - 1) * matrix.ld +
                matrix.rows) *
               matrix.lanes;
    }
    /// Calls body(place among values [trial][column][row], place among the elements as stored).
    template <class Body>
    static void each(const BatchMatrix& matrix, std::size_t count, Body body) {
        for (std::size_t t = 0, value = 0; t < count; ++t)
            for (std::size_t j = 0; j < matrix.cols; ++j)
                for (std::size_t k = 0; k < matrix.rows; ++k, ++value)
                    body(value,
                         (t / matrix.lanes * matrix.stride + j * matrix.ld + k) * matrix.lanes +
                             t % matrix.lanes);
    }
    BatchMatrix matrix(std::size_t rows, std::size_t cols, std::size_t ld) {
        doubles_per_trial_ += ld * cols;
        doubles_per_matrix_ = std::max(doubles_per_matrix_, ld * cols);
        const std::size_t stored = (batch_ + lanes_ - 1) / lanes_ * lanes_;
        return {take(ld * cols * stored), rows, cols, ld, ld * cols, batch_, lanes_};
    }
    double* take(std::size_t doubles) {
        if (engine_ == nullptr) return nullptr;
        buffers_.push_back(engine_->allocate(doubles));
        return buffers_.back()->data();
    }

    Engine* engine_;
    std::size_t batch_;
    std::size_t lanes_;
    std::size_t doubles_per_trial_ = 0;
    std::size_t doubles_per_matrix_ = 0;
    std::size_t shared_doubles_ = 0;
    std::vector<std::unique_ptr<EngineBuffer>> buffers_;
    std::vector<std::unique_ptr<IndexList>> lists_;
    std::map<std::vector<std::uint32_t>, const IndexList*> kept_;
};

/// Elements of every trial of matrices with one lane as they lie: element (i, j) of trial t at
/// t·stride + j·ld + i. Waits for every operation before it.
inline void fetch_as_stored(Engine& engine, const BatchMatrix& matrix,
                            std::vector<double>& values) {
    const std::size_t size = (matrix.cols - 1) * matrix.ld + matrix.rows;
    values.resize((matrix.count - 1) * matrix.stride + size);
    engine.download(matrix.data, values);
}

/// The same without gaps: [trial][column][row].
inline std::vector<double> fetch(Engine& engine, const BatchMatrix& matrix) {
    std::vector<double> stored;
    fetch_as_stored(engine, matrix, stored);
    if (matrix.ld == matrix.rows && matrix.stride == matrix.rows * matrix.cols) return stored;
    std::vector<double> values;
    values.reserve(matrix.count * matrix.cols * matrix.rows);
    for (std::size_t t = 0; t < matrix.count; ++t)
        for (std::size_t j = 0; j < matrix.cols; ++j) {
            const auto column =
                stored.begin() + static_cast<std::ptrdiff_t>(t * matrix.stride + j * matrix.ld);
            values.insert(values.end(), column, column + static_cast<std::ptrdiff_t>(matrix.rows));
        }
    return values;
}

}  // namespace cucurbit
