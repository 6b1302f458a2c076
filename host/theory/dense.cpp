#include "host/theory/dense.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "kernels/cpu/blas_memory.hpp"

namespace cucurbit {
namespace {

extern "C" {
void dgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
            const double* alpha, const double* a, const int* lda, const double* b, const int* ldb,
            const double* beta, double* c, const int* ldc);
void dsyevd_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w,
             double* work, const int* lwork, int* iwork, const int* liwork, int* info);
void openblas_set_num_threads(int threads);
}

int as_int(std::size_t value) {
    return static_cast<int>(value);
}

// The same bits whatever the cores: theory is part of tables that are compared byte by byte.
void use_one_thread() {
    openblas_set_num_threads(1);
    reserve_blas_memory(1);
}

}  // namespace

DenseMatrix product(const DenseMatrix& a, bool transpose_a, const DenseMatrix& b,
                    bool transpose_b) {
    const std::size_t rows = transpose_a ? a.cols : a.rows, inner = transpose_a ? a.rows : a.cols;
    const std::size_t cols = transpose_b ? b.rows : b.cols;
    if (inner != (transpose_b ? b.cols : b.rows))
        throw std::invalid_argument("a product of matrices that do not fit");
    use_one_thread();
    DenseMatrix c(rows, cols);
    const int m = as_int(rows), n = as_int(cols), k = as_int(inner), lda = as_int(a.rows),
              ldb = as_int(b.rows);
    constexpr double one = 1.0, zero = 0.0;
    dgemm_(transpose_a ? "T" : "N", transpose_b ? "T" : "N", &m, &n, &k, &one, a.values.data(),
           &lda, b.values.data(), &ldb, &zero, c.values.data(), &m);
    return c;
}

Eigen symmetric_eigen(DenseMatrix a) {
    use_one_thread();
    const int n = as_int(a.rows), query = -1;
    std::vector<double> ascending(a.rows);
    int info = 0, whole_size = 0;
    double size = 0.0;
    dsyevd_("V", "L", &n, a.values.data(), &n, ascending.data(), &size, &query, &whole_size, &query,
            &info);
    std::vector<double> work(static_cast<std::size_t>(size));
    std::vector<int> whole_work(static_cast<std::size_t>(whole_size));
    const int work_size = as_int(work.size());
    dsyevd_("V", "L", &n, a.values.data(), &n, ascending.data(), work.data(), &work_size,
            whole_work.data(), &whole_size, &info);
    if (info != 0)
        throw std::runtime_error(std::string(__FILE__) + ": dsyevd gave info " +
                                 std::to_string(info));
    Eigen eigen{{ascending.rbegin(), ascending.rend()}, DenseMatrix(a.rows, a.cols)};
    for (std::size_t j = 0; j < a.cols; ++j)
        std::copy_n(&a.values[(a.cols - 1 - j) * a.rows], a.rows,
                    &eigen.vectors.values[j * a.rows]);
    return eigen;
}

}  // namespace cucurbit
