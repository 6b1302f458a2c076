// Draws, copies and scalings of every engine: the same bits everywhere.

#include "cucurbit/random.hpp"
#include "tests/parity/operands.hpp"

namespace cucurbit {
namespace {

using reference::Matrix;
using reference::Real;
using reference::transposed;

using ExactOperations = OnBatches;

TEST_P(ExactOperations, DrawTakesEveryNormalFromItsAddress) {
    const Stream stream{0xabcdef, 3, Purpose::samples};
    const std::vector<std::uint64_t> trials{17, 0, max_trial, 1, 2, 17, 1234567, 5, 8};
    for (const std::size_t p : {1, 2, 8, 15, 16, 17, 33, 65})
        for (const bool scaled : {false, true}) {
            if (!lay_out(p)) continue;
            const auto scale = ramp(p);
            const auto buffer = upload(scale);
            Operand x = result(p, 4);
            engine_->draw(stream, trials, 5, scaled ? buffer->data() : nullptr, x.batch());
            for (std::size_t t = 0; t < trials.size(); ++t) {
                const Matrix item = x.item(t);
                for (std::size_t row = 0; row < 4; ++row)
                    for (std::size_t i = 0; i < p; ++i) {
                        const double normal = draw_normal(stream, trials[t], 5 + row, i);
                        const double expected = scaled ? scale[i] * normal : normal;
                        ASSERT_EQ(static_cast<double>(item(i, row)), expected) << i << " " << row;
                    }
            }
        }
}

TEST_P(ExactOperations, DrawTriangularTakesEveryDrawFromItsAddress) {
    const std::vector<std::uint64_t> trials{17, 0, max_trial, 1, 2, 17, 1234567, 5, 8};
    const Stream normals{0xabcdef, 3, Purpose::samples};
    const Stream squares{0xabcdef, 3, Purpose::chi_square};
    for (const std::size_t p : {1, 2, 8, 15, 16, 17, 33, 65})
        for (const std::uint64_t samples : {1, 2, 16, 65, 1000000000}) {
            if (!lay_out(p)) continue;
            const std::size_t columns = std::min<std::uint64_t>(samples, p);
            Operand x = result(p, columns);
            engine_->draw_triangular(0xabcdef, 3, trials, samples, x.batch());
            for (std::size_t t = 0; t < trials.size(); ++t) {
                const Matrix item = x.item(t);
                for (std::size_t j = 0; j < columns; ++j)
                    for (std::size_t i = 0; i < p; ++i) {
                        const double expected =
                            i < j ? 0.0
                            : i > j
                                ? draw_normal(normals, trials[t], j, i)
                                : std::sqrt(draw_chi_square(squares, trials[t], j, samples - j));
                        ASSERT_EQ(static_cast<double>(item(i, j)), expected) << i << " " << j;
                    }
            }
        }
}

TEST_P(ExactOperations, FillCopyScaleTransposeAndDiagonalAreExact) {
    if (!lay_out(33)) GTEST_SKIP() << "the preferred layout is the plain one";
    const auto items = irregular_batch(33, 40);
    const auto weights = ramp(33);
    const auto buffer = upload(weights);
    Operand a = operand(items), copy = result(33, 40), scaled = result(33, 40),
            turned = result(40, 33);
    Operand diagonal = result(7, 1), filled = result(2, 3);
    engine_->copy(a.batch(), copy.batch());
    engine_->scale_rows(a.batch(), buffer->data(), scaled.batch());
    engine_->transpose(a.batch(), turned.batch());
    engine_->diagonal(a.batch().leading(7, 7), diagonal.batch());
    engine_->fill(filled.batch(), 0.1);
    for (std::size_t t = 0; t < batch_count; ++t) {
        expect_close(copy.item(t), items[t], 0.0, "copy");
        expect_close(turned.item(t), transposed(items[t]), 0.0, "transpose");
        for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(diagonal.item(t)(i, 0), items[t](i, i));
        const Matrix result = scaled.item(t);
        for (std::size_t i = 0; i < 33; ++i)
            EXPECT_EQ(static_cast<double>(result(i, 2)), weights[i] * double(items[t](i, 2)));
        for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(filled.item(t)(i, 2), Real(0.1));
    }
}

CUCURBIT_ON_ALL_BATCHES(ExactOperations);

}  // namespace
}  // namespace cucurbit
