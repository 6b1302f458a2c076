// The dense kernels of every instruction set that this processor runs, against plain loops.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/dense/kernels.hpp"

namespace cucurbit {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double untouched = -77.25;

#if defined(__has_feature)
constexpr bool is_sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool is_sanitized = false;
#endif

std::vector<double> random_values(std::size_t size, unsigned seed) {
    std::mt19937_64 generator(seed);
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    std::vector<double> values(size);
    for (double& value : values) value = uniform(generator);
    return values;
}

class Dense : public testing::TestWithParam<const DenseKernels*> {
protected:
    void multiply(const Product& product) {
        GetParam()->multiply(product, static_cast<double*>(packed_.get()));
    }

private:
    struct Free {
        void operator()(void* memory) const { ::operator delete (memory, std::align_val_t{64}); }
    };
    std::unique_ptr<void, Free> packed_{
        ::operator new (GetParam()->packed_doubles * sizeof(double), std::align_val_t{64})};
};

/// A factor of some shape with room around it that holds no numbers.
struct StoredFactor {
    StoredFactor(std::size_t rows, std::size_t cols, bool turned, unsigned seed)
        : ld((turned ? cols : rows) + 3),
          transposed(turned),
          values(ld * (turned ? rows : cols), not_a_number) {
        const auto random = random_values(rows * cols, seed);
        for (std::size_t j = 0; j < cols; ++j)
            for (std::size_t i = 0; i < rows; ++i) at(i, j) = random[i + j * rows];
    }
    double& at(std::size_t i, std::size_t j) {
        return values[transposed ? j + i * ld : i + j * ld];
    }
    Factor factor() const { return {values.data(), ld, transposed}; }

    std::size_t ld;
    bool transposed;
    std::vector<double> values;
};

struct Case {
    std::size_t rows, cols, depth;
};

class Result {
public:
    explicit Result(const Case& shape)
        : ld(shape.rows + 2),
          values(ld * shape.cols, untouched),
          before(random_values(ld * shape.cols, 9)) {
        for (std::size_t j = 0; j < shape.cols; ++j)
            for (std::size_t i = 0; i < shape.rows; ++i) values[i + j * ld] = before[i + j * ld];
    }
    std::size_t ld;
    std::vector<double> values, before;
};

double expected(StoredFactor& a, StoredFactor& b, std::size_t i, std::size_t j, std::size_t depth) {
    double sum = 0.0;
    for (std::size_t k = 0; k < depth; ++k) sum += a.at(i, k) * b.at(k, j);
    return sum;
}

TEST_P(Dense, ProductsOfEveryShapeAndForm) {
    for (const Case& shape :
         {Case{1, 1, 1}, Case{7, 3, 2}, Case{8, 8, 8}, Case{24, 8, 31}, Case{25, 9, 64},
          Case{33, 65, 513}, Case{121, 17, 5}, Case{245, 12, 40}, Case{5, 4, 0}, Case{3, 1, 1100},
          Case{131, 2, 517}})
        for (const bool left : {false, true})
            for (const bool right : {false, true})
                for (const bool add : {false, true}) {
                    StoredFactor a(shape.rows, shape.depth, left, 1);
                    StoredFactor b(shape.depth, shape.cols, right, 2);
                    Result out(shape);
                    multiply({.left = a.factor(),
                              .right = b.factor(),
                              .rows = shape.rows,
                              .cols = shape.cols,
                              .depth = shape.depth,
                              .out = out.values.data(),
                              .ld = out.ld,
                              .scale = -0.5,
                              .add = add});
                    for (std::size_t j = 0; j < shape.cols; ++j)
                        for (std::size_t i = 0; i < out.ld; ++i) {
                            const std::size_t at = i + j * out.ld;
                            if (i >= shape.rows) {
                                ASSERT_EQ(out.values[at], untouched);
                                continue;
                            }
                            const double product = -0.5 * expected(a, b, i, j, shape.depth);
                            ASSERT_NEAR(out.values[at], product + (add ? out.before[at] : 0.0),
                                        1e-13)
                                << shape.rows << "x" << shape.cols << "x" << shape.depth << " "
                                << left << right << add << " at " << i << ", " << j;
                        }
                }
}

TEST_P(Dense, LowerTrianglesLeaveTheUpperAlone) {
    for (const std::size_t n : {1, 7, 24, 64, 130, 250}) {
        const Case shape{n, n, 37};
        for (const bool add : {false, true}) {
            StoredFactor a(n, 37, true, 3), b(37, n, false, 4);
            Result out(shape);
            multiply({.left = a.factor(),
                      .right = b.factor(),
                      .rows = n,
                      .cols = n,
                      .depth = 37,
                      .out = out.values.data(),
                      .ld = out.ld,
                      .add = add,
                      .lower = true});
            for (std::size_t j = 0; j < n; ++j)
                for (std::size_t i = 0; i < n; ++i) {
                    const std::size_t at = i + j * out.ld;
                    if (i < j)
                        ASSERT_EQ(out.values[at], out.before[at]) << n << " " << i << " " << j;
                    else
                        ASSERT_NEAR(out.values[at],
                                    expected(a, b, i, j, 37) + (add ? out.before[at] : 0.0), 1e-13);
                }
        }
    }
}

TEST_P(Dense, RaggedColumnsAreReadAndWrittenOnlyToTheirEnds) {
    const Case shape{150, 37, 700};
    constexpr std::size_t from = 10;
    std::vector<std::uint32_t> ends(shape.cols);
    for (std::size_t j = 0; j < shape.cols; ++j)
        ends[j] = static_cast<std::uint32_t>(j < 2 ? from : from + 19 * j);
    const auto end = [&](std::size_t j, std::size_t size) {
        return std::min<std::size_t>(ends[j] - from, size);
    };
    for (const bool right : {false, true}) {
        StoredFactor a(shape.rows, shape.depth, false, 5), b(shape.depth, shape.cols, right, 6);
        Result rows(shape), depths(shape);
        Product product{.left = a.factor(),
                        .right = b.factor(),
                        .rows = shape.rows,
                        .cols = shape.cols,
                        .depth = shape.depth,
                        .out = rows.values.data(),
                        .ld = rows.ld,
                        .row_ends = ends.data(),
                        .ends_from = from};
        multiply(product);
        for (std::size_t j = 0; j < shape.cols; ++j)
            for (std::size_t k = end(j, shape.depth); k < shape.depth; ++k) b.at(k, j) = 0.0;
        product.out = depths.values.data();
        product.row_ends = nullptr;
        product.depth_ends = ends.data();
        multiply(product);
        for (std::size_t j = 0; j < shape.cols; ++j)
            for (std::size_t i = 0; i < shape.rows; ++i)
                ASSERT_NEAR(depths.values[i + j * depths.ld], expected(a, b, i, j, shape.depth),
                            1e-12)
                    << i << " " << j;
        product.depth_ends = nullptr;
        product.ends_from = 0;
        product.depth_begins = ends.data();
        StoredFactor after(shape.depth, shape.cols, right, 6);
        for (std::size_t j = 0; j < shape.cols; ++j)
            for (std::size_t k = 0; k < shape.depth; ++k)
                b.at(k, j) = k < ends[j] ? 0.0 : after.at(k, j);
        multiply(product);
        for (std::size_t j = 0; j < shape.cols; ++j)
            for (std::size_t i = 0; i < shape.rows; ++i)
                ASSERT_NEAR(depths.values[i + j * depths.ld], expected(a, b, i, j, shape.depth),
                            1e-12)
                    << i << " " << j;
        StoredFactor whole(shape.depth, shape.cols, right, 6);
        for (std::size_t j = 0; j < shape.cols; ++j)
            for (std::size_t i = 0; i < end(j, shape.rows); ++i)
                ASSERT_NEAR(rows.values[i + j * rows.ld], expected(a, whole, i, j, shape.depth),
                            1e-12)
                    << i << " " << j;
    }
}

// Tables depend on it: how many columns a product has must not change the bits of one of them.
TEST_P(Dense, FewColumnsHaveTheBitsOfMany) {
    if (is_sanitized)
        GTEST_SKIP() << "checks of addresses between products and sums keep clang from fusing them";
    for (const Case& shape :
         {Case{1, 9, 1}, Case{7, 9, 5}, Case{24, 9, 64}, Case{53, 9, 31}, Case{130, 9, 1100}})
        for (const bool left : {false, true})
            for (const bool add : {false, true})
                for (const std::size_t few : {std::size_t{1}, std::size_t{2}}) {
                    StoredFactor a(shape.rows, shape.depth, left, 1);
                    StoredFactor b(shape.depth, shape.cols, false, 2);
                    Result many(shape), columns(shape);
                    Product product{.left = a.factor(),
                                    .right = b.factor(),
                                    .rows = shape.rows,
                                    .cols = shape.cols,
                                    .depth = shape.depth,
                                    .out = many.values.data(),
                                    .ld = many.ld,
                                    .scale = -1.0,
                                    .add = add};
                    multiply(product);
                    product.out = columns.values.data();
                    product.cols = few;
                    multiply(product);
                    for (std::size_t j = 0; j < few; ++j)
                        for (std::size_t i = 0; i < shape.rows; ++i)
                            ASSERT_EQ(columns.values[i + j * columns.ld],
                                      many.values[i + j * many.ld])
                                << shape.rows << "x" << shape.depth << " " << left << add << " at "
                                << i << ", " << j;
                }
}

TEST_P(Dense, TrianglesAreFactoredAndInverted) {
    constexpr std::size_t n = triangle_order;
    const auto root = random_values(n * n, 7);
    std::vector<double> block(n * n), inverse(n * n);
    for (std::size_t j = 0; j < n; ++j)
        for (std::size_t i = 0; i < n; ++i) {
            block[i + j * n] = i == j ? 1.0 : 0.0;
            for (std::size_t k = 0; k < n; ++k)
                block[i + j * n] += root[i + k * n] * root[j + k * n];
        }
    const auto definite = block;
    ASSERT_EQ(GetParam()->factor_triangle(block.data()), n);
    for (std::size_t j = 0; j < n; ++j)
        for (std::size_t i = j; i < n; ++i) {
            double sum = 0.0;
            for (std::size_t k = 0; k <= j; ++k) sum += block[i + k * n] * block[j + k * n];
            ASSERT_NEAR(sum, definite[i + j * n], 1e-12);
        }
    GetParam()->invert_triangle(block.data(), inverse.data());
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            double sum = 0.0;
            for (std::size_t k = j; k <= i; ++k) sum += inverse[i * n + k] * block[k + j * n];
            ASSERT_NEAR(sum, i == j ? 1.0 : 0.0, 1e-11) << i << " " << j;
            if (j > i) {
                ASSERT_EQ(inverse[i * n + j], 0.0);
            }
        }
}

TEST_P(Dense, FactoringStopsAtAPivotThatIsNotPositive) {
    constexpr std::size_t n = triangle_order;
    for (const double pivot : {0.0, -1.0, not_a_number})
        for (const std::size_t at : {std::size_t{0}, std::size_t{5}, n - 1}) {
            std::vector<double> block(n * n, 0.0);
            for (std::size_t i = 0; i < n; ++i) block[i + i * n] = i == at ? pivot : 4.0;
            EXPECT_EQ(GetParam()->factor_triangle(block.data()), at) << pivot;
        }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, Dense, testing::ValuesIn(supported_dense_kernels()),
                         [](const auto& kernels) { return std::string(kernels.param->name); });

}  // namespace
}  // namespace cucurbit
