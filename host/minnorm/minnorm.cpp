#include "cucurbit/minnorm.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <exception>
#include <limits>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "host/minnorm/array_fits.hpp"
#include "kernels/cpu/blas_memory.hpp"
#include "kernels/devices.hpp"

namespace cucurbit {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
/// Up to here two steps of refinement leave no trace of the squared condition: 1e-16 · 1e9 squared.
constexpr double cholesky_limit = 1e9;
/// Numbers up to 2^±128 are left alone: their squares, products and inverses stay far inside double
/// precision's range.
constexpr int largest_exponent = 128;
/// Trials that are packed at once for the CPU at most, so that threads finish together.
constexpr std::size_t largest_cpu_batch = 64;
constexpr std::size_t largest_card_batch = 16384;
/// The trials that an engine interleaves, if it does.
constexpr std::size_t group = 8;

/// What an item's arrays ask for.
struct Scale {
    std::size_t finite_rows = 0;  ///< before the first with a number that is not finite
    int samples = 0;              ///< exponents of the powers of two that were divided out
    std::vector<int> labels;

    /// Whether these rows are packed as they are.
    bool is_one(std::size_t rows) const {
        return finite_rows == rows && samples == 0 &&
               std::all_of(labels.begin(), labels.end(), [](int label) { return label == 0; });
    }
};

double times_power_of_two(double value, int exponent) {
    return exponent == 0 ? value : std::ldexp(value, exponent);
}

int exponent_of(double largest) {
    int exponent = 0;
    std::frexp(largest, &exponent);
    return std::abs(exponent) > largest_exponent ? exponent : 0;
}

/// Of some numbers: the largest absolute value, NaN where one of them is not finite. In eight
/// partial results, so that the compiler may use vectors.
double largest_of(const double* values, std::size_t count) {
    constexpr std::size_t parts = 8;
    double largest[parts] = {}, zeros[parts] = {};
    const auto add = [&](double value, std::size_t part) {
        const double size = std::abs(value);
        largest[part] = largest[part] < size ? size : largest[part];
        zeros[part] += 0.0 * value;  // NaN for infinity too
    };
    std::size_t i = 0;
    for (; i + parts <= count; i += parts)
        for (std::size_t part = 0; part < parts; ++part) add(values[i + part], part);
    for (; i < count; ++i) add(values[i], 0);
    for (std::size_t part = 1; part < parts; ++part) {
        largest[0] = std::max(largest[0], largest[part]);
        zeros[0] += zeros[part];
    }
    return largest[0] + zeros[0];
}

/// Fits on one worker's engine of items that it takes from all.
class Worker {
public:
    Worker(const MinnormProblem& problem, const MinnormOutput& output, const Device& device)
        : problem_(problem), output_(output), device_(device), engine_(make_engine(device)) {}

    /// Takes `batch` items after another from `next` on, until all are taken; then the fits among
    /// them that need another rung.
    void run(std::atomic<std::size_t>& next, std::size_t batch) {
        FitShape shape = shape_of(problem_.n);
        std::vector<std::vector<std::size_t>> pending(problem_.n.size());
        {
            Workspace workspace(engine_.get(), batch,
                                counted(make_nested_fits, shape).bytes_per_matrix());
            const auto fits = make_nested_fits(workspace, shape);
            for (std::size_t first = 0; (first = next.fetch_add(batch)) < problem_.items;) {
                std::vector<std::size_t> items(std::min(batch, problem_.items - first));
                std::iota(items.begin(), items.end(), first);
                solve(*fits, items, 0, Rung::cholesky, pending);
            }
            fit_unusual(*fits, batch, pending);
        }
        for (std::size_t size = 0; size < pending.size(); ++size)
            if (!pending[size].empty()) climb(size, std::move(pending[size]));
    }

    /// Items of the whole problem that are best fitted at once.
    static std::size_t batch(const MinnormProblem& problem, const Device& device,
                             std::size_t workers) {
        const std::size_t share = (problem.items + workers - 1) / workers;
        return batch(device,
                     counted(make_nested_fits, shape_of(problem, problem.n)).bytes_per_trial(),
                     share);
    }

private:
    using Maker = std::unique_ptr<ArrayFits> (*)(Workspace&, const FitShape&);

    static FitShape shape_of(const MinnormProblem& problem, std::vector<std::size_t> sizes) {
        FitShape shape{problem.features, problem.labels, std::move(sizes), 0.0};
        shape.cut_off = problem.rcond.value_or(
            std::numeric_limits<double>::epsilon() *
            static_cast<double>(std::max(shape.sizes.back(), problem.features)));
        return shape;
    }
    FitShape shape_of(std::vector<std::size_t> sizes) const {
        return shape_of(problem_, std::move(sizes));
    }

    static Workspace counted(Maker make, const FitShape& shape) {
        Workspace workspace(nullptr, 1, 0);
        make(workspace, shape);
        return workspace;
    }

    static std::size_t batch(const Device& device, std::size_t bytes, std::size_t items) {
        const bool card = device.cache_bytes == 0;
        const std::size_t room = card ? device.memory_bytes / 2 : device.cache_bytes;
        const std::size_t most = card ? largest_card_batch : largest_cpu_batch;
        const std::size_t fitting = std::min({room / bytes, most, items});
        return fitting < group ? std::max<std::size_t>(fitting, 1) : fitting / group * group;
    }

    void climb(std::size_t size, std::vector<std::size_t> items) {
        const FitShape shape = shape_of({problem_.n[size]});
        const std::size_t most =
            batch(device_, counted(make_orthogonal_fits, shape).bytes_per_trial(), items.size());
        Workspace workspace(engine_.get(), most, Workspace::never_interleaved);
        const auto fits = make_orthogonal_fits(workspace, shape);
        for (const Rung rung : {Rung::orthogonal, Rung::truncated}) {
            std::vector<std::vector<std::size_t>> left(1);
            for (auto first = items.begin(); first != items.end();) {
                const auto count = std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(most),
                                                            items.end() - first);
                solve(*fits, {first, first + count}, size, rung, left, Samples::looked_at);
                first += count;
            }
            items = std::move(left.front());
        }
    }

    /// The items whose samples turned out to need a scale, or to be not finite, once more.
    void fit_unusual(ArrayFits& fits, std::size_t batch,
                     std::vector<std::vector<std::size_t>>& pending) {
        const std::vector<std::size_t> items = std::move(unusual_);
        for (std::size_t first = 0; first < items.size(); first += batch) {
            const auto begin = items.begin() + static_cast<std::ptrdiff_t>(first);
            const std::size_t count = std::min(batch, items.size() - first);
            solve(fits, {begin, begin + static_cast<std::ptrdiff_t>(count)}, 0, Rung::cholesky,
                  pending, Samples::looked_at);
        }
    }

    /// Whether the largest entry of samples is known before they are packed: to look costs as much
    /// as to pack them, and the first rung's sum of their squares tells as much.
    enum class Samples { taken_as_usual, looked_at };

    /// Fits that stand go to the output, items whose fits do not into `pending` of their size,
    /// items whose samples were taken as usual and are not into `unusual_`. The first of the sizes
    /// is the problem's `first_size`.
    void solve(ArrayFits& fits, const std::vector<std::size_t>& items, std::size_t first_size,
               Rung rung, std::vector<std::vector<std::size_t>>& pending,
               Samples samples = Samples::taken_as_usual) {
        pack(fits.sample(), items, samples);
        fits.solve(items.size(), rung);
        fits.read(items.size());
        for (std::size_t t = 0; t < items.size(); ++t) {
            if (samples == Samples::taken_as_usual && !usual(fits.samples_squared(t))) {
                unusual_.push_back(items[t]);
                continue;
            }
            for (std::size_t s = 0; s < pending.size(); ++s) {
                const std::size_t size = first_size + s;
                if (problem_.n[size] > scales_[t].finite_rows)
                    write_not_finite(items[t], size);
                else if (rung == Rung::truncated || fits.condition(s, t) <= limit(rung, size))
                    write(fits, items[t], size, t, s, rung);
                else
                    pending[s].push_back(items[t]);
            }
        }
    }

    /// Of the sum of squares of an item's samples: whether all of them are finite and the largest
    /// needs no scale. The sum is at least the largest one's square, and at most that of as many.
    bool usual(double squared) const {
        const double most = std::ldexp(1.0, 2 * largest_exponent - 2);
        const auto entries = static_cast<double>(problem_.n.back() * problem_.features);
        return squared <= most && squared >= entries / most;
    }

    /// The squared condition with which a fit stands. Below the last of them no singular value is
    /// within the cut-off of zero.
    double limit(Rung rung, std::size_t size) const {
        const double cut_off = shape_of({problem_.n[size]}).cut_off;
        const double full_rank = std::pow(cut_off, -2.0) * (1.0 - 1e-12);
        return rung == Rung::cholesky ? std::min(cholesky_limit, full_rank) : full_rank;
    }

    /// Uploads items, each divided by its powers of two.
    void pack(const BatchMatrix& sample, const std::vector<std::size_t>& items, Samples samples) {
        const std::size_t lanes = sample.lanes;
        scales_.resize(items.size());
        // The CPU's engine computes in this memory itself.
        const bool card = device_.cache_bytes == 0;
        if (card) packed_.resize((items.size() + lanes - 1) / lanes * lanes * sample.stride);
        double* packed = card ? packed_.data() : sample.data;
        for (std::size_t first = 0; first < items.size(); first += lanes) {
            const std::size_t count = std::min(lanes, items.size() - first);
            bool plain = count == group;
            for (std::size_t t = first; t < first + count; ++t) {
                find_scale(items[t], sample.cols, samples, scales_[t]);
                plain = plain && scales_[t].is_one(sample.cols);
            }
            double* to = packed + first * sample.stride;
            if (plain)
                pack_group(&items[first], sample, to);
            else
                for (std::size_t t = 0; t < count; ++t)
                    pack_one(items[first + t], sample, scales_[first + t], to + t);
        }
        if (card) engine_->upload(packed_, sample.data);
    }

    /// As many items as an engine interleaves, as they are.
    void pack_group(const std::size_t* items, const BatchMatrix& sample, double* to) const {
        const double *x[group], *y[group];
        for (std::size_t t = 0; t < group; ++t) {
            x[t] = problem_.x + items[t] * problem_.x_stride;
            y[t] = problem_.y + items[t] * problem_.y_stride;
        }
        for (std::size_t i = 0; i < sample.cols; ++i) {
            double* row = to + i * sample.ld * group;
            interleave(x, i * problem_.features, problem_.features, row);
            interleave(y, i * problem_.labels, problem_.labels, row + problem_.features * group);
        }
    }

    /// In pairs of items and numbers, which every x86-64 processor turns in registers.
    static void interleave(const double* const (&from)[group], std::size_t first, std::size_t count,
                           double* to) {
        using Pair = double __attribute__((vector_size(2 * sizeof(double))));
        std::size_t j = 0;
        for (; j + 2 <= count; j += 2, to += 2 * group)
            for (std::size_t t = 0; t < group; t += 2) {
                Pair a, b;
                std::memcpy(&a, from[t] + first + j, sizeof a);
                std::memcpy(&b, from[t + 1] + first + j, sizeof b);
                const Pair heads{a[0], b[0]}, tails{a[1], b[1]};
                std::memcpy(to + t, &heads, sizeof heads);
                std::memcpy(to + group + t, &tails, sizeof tails);
            }
        for (; j < count; ++j, to += group)
            for (std::size_t t = 0; t < group; ++t) to[t] = from[t][first + j];
    }

    void pack_one(std::size_t item, const BatchMatrix& sample, const Scale& scale,
                  double* to) const {
        const std::size_t p = problem_.features, k = problem_.labels, lanes = sample.lanes;
        const double* x = problem_.x + item * problem_.x_stride;
        const double* y = problem_.y + item * problem_.y_stride;
        for (std::size_t i = 0; i < sample.cols; ++i) {
            double* row = to + i * sample.ld * lanes;
            if (i >= scale.finite_rows) {
                for (std::size_t j = 0; j < sample.rows; ++j) row[j * lanes] = 0.0;
                continue;
            }
            if (lanes == 1) {
                std::copy_n(x + i * p, p, row);
                std::copy_n(y + i * k, k, row + p);
                continue;
            }
            for (std::size_t j = 0; j < p; ++j) row[j * lanes] = x[i * p + j];
            row += p * lanes;
            for (std::size_t l = 0; l < k; ++l) row[l * lanes] = y[i * k + l];
        }
        rescale(to, sample, scale);
    }

    void rescale(double* to, const BatchMatrix& sample, const Scale& scale) const {
        const auto divide = [&](std::size_t j, int exponent) {
            if (exponent == 0) return;
            for (std::size_t i = 0; i < scale.finite_rows; ++i) {
                double& value = to[(j + i * sample.ld) * sample.lanes];
                value = std::ldexp(value, -exponent);
            }
        };
        for (std::size_t j = 0; j < problem_.features; ++j) divide(j, scale.samples);
        for (std::size_t l = 0; l < problem_.labels; ++l)
            divide(problem_.features + l, scale.labels[l]);
    }

    /// Of an item's first rows.
    void find_scale(std::size_t item, std::size_t rows, Samples samples, Scale& scale) {
        const std::size_t p = problem_.features, k = problem_.labels;
        const double* x = problem_.x + item * problem_.x_stride;
        const double* y = problem_.y + item * problem_.y_stride;
        double largest = 0.0;
        largest_labels_.assign(k, 0.0);
        for (scale.finite_rows = 0; scale.finite_rows < rows; ++scale.finite_rows, x += p, y += k) {
            const double of_features = samples == Samples::looked_at ? largest_of(x, p) : 1.0;
            if (std::isnan(of_features) || std::isnan(largest_of(y, k))) break;
            largest = std::max(largest, of_features);
            for (std::size_t l = 0; l < k; ++l)
                largest_labels_[l] = std::max(largest_labels_[l], std::abs(y[l]));
        }
        scale.samples = exponent_of(largest);
        scale.labels.resize(k);
        std::transform(largest_labels_.begin(), largest_labels_.end(), scale.labels.begin(),
                       exponent_of);
    }

    void write(const ArrayFits& fits, std::size_t item, std::size_t size, std::size_t trial,
               std::size_t fitted_size, Rung rung) const {
        const std::size_t p = problem_.features, k = problem_.labels;
        const std::size_t at = item * problem_.n.size() + size;
        const Scale& scale = scales_[trial];
        double* coefficients = output_.coefficients + at * p * k;
        double zero = 0.0;
        for (std::size_t l = 0; l < k; ++l) {
            const int exponent = scale.labels[l] - scale.samples;
            for (std::size_t i = 0; i < p; ++i) {
                const double value =
                    times_power_of_two(fits.coefficient(fitted_size, i, l, trial), exponent);
                coefficients[i * k + l] = value;
                zero += 0.0 * value;
            }
            if (output_.residuals != nullptr)
                output_.residuals[at * k + l] =
                    times_power_of_two(fits.residual(fitted_size, l, trial), scale.labels[l]);
        }
        const double full = static_cast<double>(std::min(problem_.n[size], p));
        const double rank = rung == Rung::truncated ? fits.rank(fitted_size, trial) : full;
        const Status status = rank < 0.0  ? Status::not_converged
                              : zero == 0 ? Status::ok
                                          : Status::not_finite;
        write_facts(at, static_cast<std::int32_t>(std::max(rank, 0.0)), status, rung);
    }

    void write_not_finite(std::size_t item, std::size_t size) const {
        const std::size_t p = problem_.features, k = problem_.labels;
        const std::size_t at = item * problem_.n.size() + size;
        std::fill_n(output_.coefficients + at * p * k, p * k, nan);
        if (output_.residuals != nullptr) std::fill_n(output_.residuals + at * k, k, nan);
        write_facts(at, 0, Status::not_finite, Rung::none);
    }

    void write_facts(std::size_t at, std::int32_t rank, Status status, Rung rung) const {
        if (output_.rank != nullptr) output_.rank[at] = rank;
        if (output_.status != nullptr) output_.status[at] = status;
        if (output_.rung != nullptr) output_.rung[at] = rung;
    }

    const MinnormProblem& problem_;
    const MinnormOutput& output_;
    Device device_;
    EnginePointer engine_;
    std::vector<Scale> scales_;
    std::vector<double> packed_, largest_labels_;
    std::vector<std::size_t> unusual_;
};

void require(bool holds, const std::string& what) {
    if (!holds) throw std::invalid_argument("minnorm: " + what);
}

/// With all rows where no n is asked for.
MinnormProblem checked(MinnormProblem problem) {
    require(problem.rows > 0 && problem.features > 0 && problem.labels > 0,
            "there must be rows, features and labels");
    if (problem.n.empty()) problem.n = {problem.rows};
    for (std::size_t i = 0; i < problem.n.size(); ++i)
        require(problem.n[i] > (i == 0 ? 0 : problem.n[i - 1]) && problem.n[i] <= problem.rows,
                "n must ascend, from 1 to the number of rows");
    require(!problem.rcond || (*problem.rcond >= 0.0 && std::isfinite(*problem.rcond)),
            "rcond must be a number, 0 or more");
    return problem;
}

}  // namespace

void minnorm(const MinnormProblem& problem, const MinnormOutput& output, const std::string& device,
             std::size_t threads) {
    const MinnormProblem whole = checked(problem);
    const std::vector<Device> devices = choose_devices(device).devices;
    if (whole.items == 0) return;
    const bool card = devices.front().cache_bytes == 0;
    std::size_t workers = card ? devices.size() : threads > 0 ? threads : devices.front().workers;
    const std::size_t batch = Worker::batch(whole, devices.front(), workers);
    workers = std::min(workers, (whole.items + batch - 1) / batch);
    if (!card) reserve_blas_memory(workers);

    std::atomic<std::size_t> next = 0;
    std::exception_ptr failure;
    std::mutex mutex;
    const auto work = [&](std::size_t index) {
        try {
            Worker(whole, output, devices[index % devices.size()]).run(next, batch);
        } catch (...) {
            const std::lock_guard lock(mutex);
            failure = std::current_exception();
            next = whole.items;
        }
    };
    {
        std::vector<std::jthread> others;
        for (std::size_t index = 1; index < workers; ++index) others.emplace_back(work, index);
        work(0);
    }
    if (failure) std::rethrow_exception(failure);
}

MinnormFits minnorm(const MinnormProblem& problem, const std::string& device, std::size_t threads) {
    const std::size_t fits = problem.items * std::max<std::size_t>(problem.n.size(), 1);
    MinnormFits out;
    out.coefficients.resize(fits * problem.features * problem.labels);
    out.residuals.resize(fits * problem.labels);
    out.rank.resize(fits);
    out.status.resize(fits);
    out.rung.resize(fits);
    minnorm(problem,
            {out.coefficients.data(), out.residuals.data(), out.rank.data(), out.status.data(),
             out.rung.data()},
            device, threads);
    return out;
}

}  // namespace cucurbit
