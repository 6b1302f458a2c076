#include "host/theory/dense.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
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
void dgejsv_(const char* joba, const char* jobu, const char* jobv, const char* jobr,
             const char* jobt, const char* jobp, const int* m, const int* n, double* a,
             const int* lda, double* sva, double* u, const int* ldu, double* v, const int* ldv,
             double* work, const int* lwork, int* iwork, int* info);
void dgesv_(const int* n, const int* nrhs, double* a, const int* lda, int* ipiv, double* b,
            const int* ldb, int* info);
void zgesv_(const int* n, const int* nrhs, std::complex<double>* a, const int* lda, int* ipiv,
            std::complex<double>* b, const int* ldb, int* info);
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

template <class Gesv, class T>
bool solve_by(Gesv gesv, std::vector<T>& a, std::vector<T>& right) {
    use_one_thread();
    const int n = as_int(right.size()), one = 1;
    int info = 0;
    std::vector<int> pivots(right.size());
    gesv(&n, &one, a.data(), &n, pivots.data(), right.data(), &n, &info);
    return info == 0;
}

DenseMatrix rows_of_length_one(DenseMatrix a) {
    for (std::size_t i = 0; i < a.rows; ++i) {
        double length = 0.0;
        for (std::size_t j = 0; j < a.cols; ++j) length = std::hypot(length, a(i, j));
        for (std::size_t j = 0; j < a.cols && length > 0.0; ++j) a(i, j) /= length;
    }
    return a;
}

/// All of a matrix with rows >= columns.
struct Jacobi {
    std::vector<double> values;  ///< descending
    DenseMatrix left, right;     ///< rows×columns and columns×columns
};

Jacobi jacobi(DenseMatrix a) {
    use_one_thread();
    const int m = as_int(a.rows), n = as_int(a.cols);
    Jacobi of{std::vector<double>(a.cols), DenseMatrix(a.rows, a.cols),
              DenseMatrix(a.cols, a.cols)};
    std::vector<double> work(
        std::max<std::size_t>({7, 2 * a.rows + a.cols, 6 * a.cols + 2 * a.cols * a.cols}));
    std::vector<int> whole_work(a.rows + 3 * a.cols);
    const int size = as_int(work.size());
    int info = 0;
    // F: rows and columns of very different lengths; N: no value is taken for zero.
    dgejsv_("F", "U", "V", "N", "N", "N", &m, &n, a.values.data(), &m, of.values.data(),
            of.left.values.data(), &m, of.right.values.data(), &n, work.data(), &size,
            whole_work.data(), &info);
    if (info != 0)
        throw std::runtime_error(std::string(__FILE__) + ": dgejsv gave info " +
                                 std::to_string(info));
    for (double& value : of.values) value *= work[0] / work[1];
    return of;
}

/// The same with as many or fewer rows than columns too: min(rows, columns) values.
Jacobi jacobi_of_any(const DenseMatrix& a) {
    if (a.rows >= a.cols) return jacobi(a);
    Jacobi of = jacobi(transposed(a));
    std::swap(of.left, of.right);
    return of;
}

std::size_t numerical_rank(const DenseMatrix& a) {
    const std::vector<double> values = jacobi_of_any(rows_of_length_one(a)).values;
    const double least = values.front() * static_cast<double>(std::max(a.rows, a.cols)) *
                         std::numeric_limits<double>::epsilon() * 4.0;
    return static_cast<std::size_t>(
        std::count_if(values.begin(), values.end(), [&](double value) { return value > least; }));
}

DenseMatrix leading_columns(DenseMatrix a, std::size_t count) {
    a.cols = count;
    a.values.resize(a.rows * count);
    return a;
}

}  // namespace

DenseMatrix transposed(const DenseMatrix& a) {
    DenseMatrix b(a.cols, a.rows);
    for (std::size_t j = 0; j < a.cols; ++j)
        for (std::size_t i = 0; i < a.rows; ++i) b(j, i) = a(i, j);
    return b;
}

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

bool solve_in_place(std::vector<double>& a, std::vector<double>& right) {
    return solve_by(dgesv_, a, right);
}

bool solve_in_place(std::vector<std::complex<double>>& a,
                    std::vector<std::complex<double>>& right) {
    return solve_by(zgesv_, a, right);
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

SingularValues singular_values(const DenseMatrix& a) {
    // Eigenvalues of aᵀa are wrong by eps times the largest.
    constexpr double clear_of_rounding = 1e-10;
    const std::size_t full = std::min(a.rows, a.cols);
    if (full == 0) return {};
    Eigen eigen = symmetric_eigen(product(a, true, a, false));
    if (eigen.values[full - 1] > clear_of_rounding * eigen.values.front()) {
        eigen.values.resize(full);
        SingularValues of{
            std::move(eigen.values), leading_columns(std::move(eigen.vectors), full), {}};
        of.scaled_left = product(a, false, of.right, false);
        return of;
    }
    if (!(eigen.values.front() > 0.0)) return {};
    const std::size_t rank = numerical_rank(a);
    Jacobi all = jacobi_of_any(a);
    SingularValues of{{},
                      leading_columns(std::move(all.right), rank),
                      leading_columns(std::move(all.left), rank)};
    for (std::size_t k = 0; k < rank; ++k) {
        of.squares.push_back(all.values[k] * all.values[k]);
        for (std::size_t i = 0; i < a.rows; ++i) of.scaled_left(i, k) *= all.values[k];
    }
    return of;
}

}  // namespace cucurbit
