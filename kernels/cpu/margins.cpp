// Students' margins beside their teachers', on the CPU engine.

#include "kernels/common/margins.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "kernels/common/score.hpp"
#include "kernels/common/sums.hpp"
#include "kernels/cpu/engine.hpp"

namespace cucurbit {
namespace {

/// Finds the order of a column. Its memory is kept from column to column.
class RowOrder {
public:
    /// Into as many buckets of equal width as there are values, then each bucket for itself.
    void find(std::span<const double> values) {
        rows_.resize(values.size());
        std::iota(rows_.begin(), rows_.end(), 0U);
        const auto is_nan = [](double value) { return std::isnan(value); };
        if (values.empty() || std::any_of(values.begin(), values.end(), is_nan)) return;
        const auto [least, most] = std::minmax_element(values.begin(), values.end());
        const double low = *least, scale = static_cast<double>(values.size() - 1) / (*most - low);
        if (!(std::isfinite(scale) && scale > 0.0)) return sort(values, 0, values.size());
        const auto bucket = [&](std::uint32_t row) {
            return static_cast<std::size_t>((values[row] - low) * scale);
        };
        // Of each bucket, moved from its beginning.
        ends_.assign(values.size() + 1, 0);
        for (std::uint32_t i = 0; i < values.size(); ++i) ++ends_[bucket(i) + 1];
        std::partial_sum(ends_.begin(), ends_.end(), ends_.begin());
        for (std::uint32_t i = 0; i < values.size(); ++i) rows_[ends_[bucket(i)]++] = i;
        for (std::size_t b = 0, first = 0; b < values.size(); first = ends_[b++])
            if (ends_[b] - first > 1) sort(values, first, ends_[b]);
    }
    const std::vector<std::uint32_t>& rows() const { return rows_; }

private:
    void sort(std::span<const double> values, std::size_t first, std::size_t end) {
        std::sort(rows_.begin() + static_cast<std::ptrdiff_t>(first),
                  rows_.begin() + static_cast<std::ptrdiff_t>(end),
                  [&](std::uint32_t a, std::uint32_t b) {
                      return values[a] != values[b] ? values[a] < values[b] : a < b;
                  });
    }

    std::vector<std::uint32_t> rows_, ends_;
};

void in_order(const double* values, const double* order, std::size_t count, double* ordered) {
    for (std::size_t k = 0; k < count; ++k) ordered[k] = values[static_cast<std::size_t>(order[k])];
}

double mean(const double* values, std::size_t first, std::size_t end) {
    return sum(values + first, end - first) / static_cast<double>(end - first);
}

/// Share of the points where the gap has this sign.
template <class Sign>
double share(const double* gaps, std::size_t count, Sign has) {
    std::size_t found = 0, nans = 0;
    for (std::size_t i = 0; i < count; ++i) {
        found += has(gaps[i]) ? 1 : 0;
        nans += std::isnan(gaps[i]) ? 1 : 0;
    }
    return nans > 0 ? std::numeric_limits<double>::quiet_NaN()
                    : static_cast<double>(found) / static_cast<double>(count);
}

/// Of a teacher and its student at `points` points, both in the teacher's order. scratch: [points].
void compare(const double* teacher, const double* student, std::size_t points, std::size_t bins,
             double* scratch, double* out) {
    const double x = mean(teacher, 0, points), y = mean(student, 0, points);
    const auto centred = [&](const double* other, double its_mean) {
        for (std::size_t i = 0; i < points; ++i)
            scratch[i] = (teacher[i] - x) * (other[i] - its_mean);
        return sum(scratch, points);
    };
    const double products = centred(student, y), squares = centred(teacher, x);
    out[0] = products / squares;
    out[1] = y - out[0] * x;
    for (std::size_t i = 0; i < points; ++i) scratch[i] = margin_gap(student[i], teacher[i]);
    const std::size_t quarter = quarter_of(points);
    out[2] = share(scratch, quarter, [](double gap) { return gap < 0.0; });
    out[3] = share(scratch + points - quarter, quarter, [](double gap) { return gap > 0.0; });
    for (std::size_t b = 0; b < bins; ++b) {
        const std::size_t begin = b * points / bins, end = (b + 1) * points / bins;
        out[4 + 2 * b] = mean(teacher, begin, end);
        out[5 + 2 * b] = mean(student, begin, end);
    }
}

}  // namespace

void CpuEngine::margins(std::size_t classes, BatchMatrix outputs, const IndexList& of,
                        BatchMatrix margins) {
    for (std::size_t b = 0; b < margins.count; ++b)
        for (std::size_t j = 0; j < margins.cols; ++j) {
            const double* const own = outputs.item(b) + j * classes * outputs.ld;
            const double* const other = outputs.item(b) + of.host()[j] * classes * outputs.ld;
            double* const to = margins.item(b) + j * margins.ld;
            for (std::size_t i = 0; i < margins.rows; ++i)
                to[i] = classes == 1 ? (other[i] > 0.0 ? own[i] : -own[i])
                                     : Logits{own + i, outputs.ld, classes}.margin(
                                           Logits{other + i, outputs.ld, classes}.prediction());
        }
}

void CpuEngine::order_rows(BatchMatrix values, BatchMatrix order) {
    RowOrder of_column;
    for (std::size_t b = 0; b < order.count; ++b)
        for (std::size_t j = 0; j < order.cols; ++j) {
            of_column.find({values.item(b) + j * values.ld, values.rows});
            std::copy(of_column.rows().begin(), of_column.rows().end(),
                      order.item(b) + j * order.ld);
        }
}

void CpuEngine::compare_margins(BatchMatrix margins, BatchMatrix order, const IndexList& students,
                                const IndexList& teachers, std::size_t bins, BatchMatrix out) {
    const std::size_t points = margins.rows;
    double* const teacher = workspace(3 * points).data();
    double *const student = teacher + points, *const scratch = student + points;
    for (std::size_t b = 0; b < out.count; ++b)
        for (std::size_t s = 0; s < out.cols; ++s) {
            const std::size_t t = teachers.host()[s];
            const double* const places = order.item(b) + t * order.ld;
            in_order(margins.item(b) + t * margins.ld, places, points, teacher);
            in_order(margins.item(b) + students.host()[s] * margins.ld, places, points, student);
            compare(teacher, student, points, bins, scratch, out.item(b) + s * out.ld);
        }
}

}  // namespace cucurbit
