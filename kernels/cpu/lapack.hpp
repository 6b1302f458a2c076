#pragma once
// The Fortran symbols of BLAS and LAPACK that the CPU engine calls, with C++ signatures.
#include <cstddef>

namespace cucurbit::lapack {

extern "C" {
void dgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
            const double* alpha, const double* a, const int* lda, const double* b, const int* ldb,
            const double* beta, double* c, const int* ldc);
void dtrsm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m,
            const int* n, const double* alpha, const double* a, const int* lda, double* b,
            const int* ldb);
void dtrmm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m,
            const int* n, const double* alpha, const double* a, const int* lda, double* b,
            const int* ldb);
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info);
void dgeqrf_(const int* m, const int* n, double* a, const int* lda, double* tau, double* work,
             const int* lwork, int* info);
void dorgqr_(const int* m, const int* n, const int* k, double* a, const int* lda, const double* tau,
             double* work, const int* lwork, int* info);
void dgelqf_(const int* m, const int* n, double* a, const int* lda, double* tau, double* work,
             const int* lwork, int* info);
void dgesvd_(const char* jobu, const char* jobvt, const int* m, const int* n, double* a,
             const int* lda, double* s, double* u, const int* ldu, double* vt, const int* ldvt,
             double* work, const int* lwork, int* info);
void dsyevd_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w,
             double* work, const int* lwork, int* iwork, const int* liwork, int* info);
void openblas_set_num_threads(int threads);
char* openblas_get_config();
char* openblas_get_corename();
}

/// Arguments are passed by address: the factor of a product, and a size.
inline constexpr double one = 1.0;
inline int as_int(std::size_t value) {
    return static_cast<int>(value);
}

/// A LAPACK call refused its arguments or its workspace: a defect of ours, never of the data.
[[noreturn]] void throw_call_failure(const char* call, int info, const char* file, int line);

}  // namespace cucurbit::lapack

/// Throws with the call's text, its info, file and line when a LAPACK routine refused an argument.
#define CUCURBIT_CHECK_LAPACK(call, info)                                                          \
    do {                                                                                           \
        call;                                                                                      \
        if ((info) < 0) ::cucurbit::lapack::throw_call_failure(#call, (info), __FILE__, __LINE__); \
    } while (false)
