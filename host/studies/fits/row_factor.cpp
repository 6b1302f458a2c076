#include "host/studies/fits/row_factor.hpp"

#include <algorithm>
#include <numeric>

namespace cucurbit {
namespace {

constexpr std::size_t block_rows = 128;

}  // namespace

RowFactor::RowFactor(Workspace& workspace, RowRequest request)
    : workspace_(workspace), request_(std::move(request)) {
    std::size_t most = 0;
    bool reduces = false;
    for (std::size_t k = 0; k < request_.sizes.size(); ++k) {
        most = std::max(most, columns(k));
        reduces = reduces || request_.sizes[k] > request_.width;
    }
    const std::size_t width = request_.width;
    done_ = workspace.matrix(request_.sizes.size(), 1);
    if (request_.sampler == Sampler::sufficient || !reduces) {
        factor_ = workspace.aligned(width, most);
        return;
    }
    factor_ = workspace.aligned(width, width);
    sum_ = workspace.aligned(width, width);
    wide_ = workspace.aligned(width, width + block_rows);
    std::vector<std::uint32_t> columns_of(width), lengths(width);
    std::iota(columns_of.begin(), columns_of.end(), 0U);
    std::iota(lengths.begin(), lengths.end(), 1U);
    columns_ = &workspace.indices(columns_of);
    lengths_ = &workspace.indices(lengths);
}

bool RowFactor::triangular(std::size_t index) const {
    return request_.sampler == Sampler::sufficient || request_.sizes[index] > request_.width;
}

bool RowFactor::all_triangular(std::size_t features) const {
    return request_.sampler == Sampler::sufficient && request_.sizes.front() >= features;
}

std::size_t RowFactor::columns(std::size_t index) const {
    const std::uint64_t size = request_.sizes[index];
    return triangular(index) ? std::min<std::uint64_t>(size, request_.seen) : size;
}

std::size_t RowFactor::columns_for(std::size_t index, std::size_t features) const {
    return triangular(index) ? std::min(columns(index), features) : columns(index);
}

void RowFactor::draw(std::size_t index, std::span<const std::uint64_t> trials, Rung rung) {
    Engine& engine = workspace_.engine();
    const auto of = [&](BatchMatrix m) { return m.trials(trials.size()); };
    const auto done = of(done_.block(index, 1, 0, 1));
    engine.fill(done, static_cast<double>(request_.width));
    if (request_.sampler == Sampler::sufficient) {
        engine.draw_triangular(request_.keys[index], request_.stage, trials, request_.sizes[index],
                               of(rows(index)));
        return;
    }
    if (index == 0) drawn_ = 0;
    if (!triangular(index)) {
        engine.draw({request_.key, request_.stage, Purpose::samples}, trials, 0, nullptr,
                    of(rows(index)));
        return;
    }
    if (drawn_ == 0) engine.fill(of(sum_), 0.0);
    add_rows(request_.sizes[index], trials, rung);
    engine.copy(of(sum_), of(factor_));
    if (rung != Rung::cholesky) return;
    engine.cholesky(of(factor_), done);
    clear_upper(trials.size());
}

/// Fits read the factor as a whole, but Cholesky leaves anything above its diagonal.
void RowFactor::clear_upper(std::size_t count) {
    Engine& engine = workspace_.engine();
    const BatchMatrix factor = factor_.trials(count);
    const BatchMatrix turned = wide_.leading(request_.width, request_.width).trials(count);
    engine.transpose(factor, turned);
    engine.spread(turned, *columns_, *lengths_, factor);
    engine.transpose(factor, turned);
    engine.copy(turned, factor);
}

/// Adds rows up to `end` to their Gram matrix, or by Householder reflections to its factor:
/// [L A] = L' Q.
void RowFactor::add_rows(std::uint64_t end, std::span<const std::uint64_t> trials, Rung rung) {
    Engine& engine = workspace_.engine();
    const auto of = [&](BatchMatrix m) { return m.trials(trials.size()); };
    const std::size_t width = request_.width;
    while (drawn_ < end) {
        const auto count = std::min<std::uint64_t>(block_rows, end - drawn_);
        const auto samples = of(wide_.block(0, width, width, count));
        engine.draw({request_.key, request_.stage, Purpose::samples}, trials, drawn_, nullptr,
                    samples);
        if (rung == Rung::cholesky) {
            engine.add_outer(samples, of(sum_));
        } else {
            engine.copy(of(sum_), of(wide_.leading(width, width)));
            engine.lower_factor(of(wide_.leading(width, width + count)), of(sum_));
        }
        drawn_ += count;
    }
}

bool RowFactor::reduced(std::size_t index, std::size_t trial) const {
    return read_[trial * request_.sizes.size() + index] >= static_cast<double>(request_.width);
}

}  // namespace cucurbit
