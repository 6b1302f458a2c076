#include "kernels/costs/counting_engine.hpp"

#include <algorithm>

#include "kernels/costs/blocks.hpp"

namespace cucurbit {

using costs::doubles;
using costs::triangle_doubles;

namespace {

/// A card reads memory in pieces of 32 bytes.
constexpr double doubles_per_sector = 4.0;
/// Marsaglia and Tsang's arithmetic on one proposal, which is nearly always taken, and a root.
constexpr double flops_per_chi_square = 17.0;

/// Doubles that two blocks of one matrix share: leading parts of each other's rows, or ranges of
/// its columns.
double common_doubles(const BatchMatrix& a, const BatchMatrix& b) {
    if (a.data == b.data) return std::min(doubles(a), doubles(b));
    if (a.ld != b.ld || a.stride != b.stride) return 0.0;
    const double* first = std::max(a.data, b.data);
    const double* end = std::min(a.data + a.cols * a.ld, b.data + b.cols * b.ld);
    const std::size_t columns = first < end ? static_cast<std::size_t>(end - first) / a.ld : 0;
    return doubles(a.leading(std::min(a.rows, b.rows), columns));
}

class NoMemory final : public EngineBuffer {
public:
    explicit NoMemory(std::size_t address) {
        // NOLINTNEXTLINE(performance-no-int-to-ptr): an address that nobody reads
        data_ = reinterpret_cast<double*>(address);
    }
};

}  // namespace

void CountingEngine::launch(double doubles_read, double doubles_written, double flops) {
    calls_.push_back({0.0, flops, 0.0, doubles_read * sizeof(double),
                      doubles_written * sizeof(double), 1, false});
}

void CountingEngine::product(double, Factor a, Factor b, double beta, BatchMatrix c) {
    if (doubles(c) == 0.0) return;
    const double read = doubles(a.of) + doubles(b.of) - common_doubles(a.of, b.of);
    const std::size_t inner = a.transposed ? a.of.rows : a.of.cols;
    calls_.push_back({2.0 * doubles(c) * static_cast<double>(inner), 0.0, 0.0,
                      (read + (beta == 0.0 ? 0.0 : doubles(c))) * sizeof(double),
                      doubles(c) * sizeof(double), 1, true});
}

void CountingEngine::call_for_each(std::size_t trials, double flops, double doubles_read,
                                   double doubles_written) {
    if (trials == 0) return;
    const auto count = static_cast<double>(trials);
    calls_.push_back({0.0, flops * count, 0.0, doubles_read * count * sizeof(double),
                      doubles_written * count * sizeof(double), trials, true});
}

std::unique_ptr<EngineBuffer> CountingEngine::allocate(std::size_t doubles) {
    const std::size_t first = allocated_;
    allocated_ += std::max<std::size_t>(doubles, 1);
    return std::make_unique<NoMemory>(first * sizeof(double));
}

double* CountingEngine::scratch(std::size_t) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address that nobody reads
    return reinterpret_cast<double*>(sizeof(double));
}

std::unique_ptr<IndexList> CountingEngine::indices(std::vector<std::uint32_t> values) {
    return std::make_unique<IndexList>(std::move(values));
}

void CountingEngine::upload(std::span<const double>, double*) {}

void CountingEngine::download(const double* from, std::span<double> to) {
    std::fill(to.begin(), to.end(), 0.0);
    const double* end = from + to.size();
    for (auto known = known_.lower_bound(from); known != known_.end() && known->first < end;
         ++known) {
        const auto& [m, value] = known->second;
        for (std::size_t t = 0; t < m.count; ++t)
            for (std::size_t j = 0; j < m.cols; ++j)
                for (std::size_t i = 0; i < m.rows; ++i) {
                    const auto at =
                        static_cast<std::size_t>(m.data - from) + t * m.stride + i + j * m.ld;
                    if (at < to.size()) to[at] = value;
                }
    }
}

void CountingEngine::fill(BatchMatrix out, double value) {
    operations_.emplace_back(__func__);
    launch(0.0, doubles(out));
    known_[out.data] = {out, value};
}

void CountingEngine::copy(BatchMatrix from, BatchMatrix to) {
    operations_.emplace_back(__func__);
    launch(doubles(from), doubles(to));
}

void CountingEngine::scale_rows(BatchMatrix from, const double*, BatchMatrix to) {
    operations_.emplace_back(__func__);
    launch(doubles(from) + static_cast<double>(from.rows), doubles(to));
}

void CountingEngine::draw_normals(BatchMatrix out, std::size_t count, double per_pair,
                                  bool scaled) {
    const BatchMatrix drawn = out.trials(count);
    const double read = static_cast<double>(count + (scaled ? out.rows : 0));
    DeviceCall call;
    call.draw_flops = 0.5 * per_pair * doubles(drawn);
    call.bytes_read = read * sizeof(double);
    call.bytes_written = doubles(drawn) * sizeof(double);
    if (doubles(drawn) > 0.0) calls_.push_back(call);
}

void CountingEngine::draw(const Stream&, std::span<const std::uint64_t> trials, std::size_t,
                          const double* scale, BatchMatrix out) {
    operations_.emplace_back(__func__);
    const bool scaled = scale != nullptr;
    draw_normals(out, trials.size(), flops_per_normal_pair + (scaled ? 2.0 : 0.0), scaled);
}

void CountingEngine::draw_triangular(std::uint64_t, std::uint8_t,
                                     std::span<const std::uint64_t> trials, std::uint64_t,
                                     BatchMatrix out) {
    operations_.emplace_back(__func__);
    draw_normals(out, trials.size(), flops_per_normal_pair, false);
    const BatchMatrix squares = out.leading(out.cols, 1).trials(trials.size());
    DeviceCall call;
    call.draw_flops = (flops_per_normal_pair + flops_per_chi_square) * doubles(squares);
    call.bytes_written = triangle_doubles(out.cols, trials.size()) * sizeof(double);
    calls_.push_back(call);
}

void CountingEngine::transpose(BatchMatrix a, BatchMatrix out) {
    operations_.emplace_back(__func__);
    if (doubles(out) > 0.0) launch(doubles(a), doubles(out));
}

void CountingEngine::diagonal(BatchMatrix g, BatchMatrix diagonal) {
    operations_.emplace_back(__func__);
    launch(doubles_per_sector * static_cast<double>(g.rows * g.count),
           static_cast<double>(g.rows * diagonal.count));
}

}  // namespace cucurbit
