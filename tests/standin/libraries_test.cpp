// cuBLAS and cuSOLVER: results, and the arguments that the vendor leaves to the caller.

#include <cublas_v2.h>
#include <cusolverDn.h>

#include <cstdint>
#include <limits>

#include "tests/standin/standin_test.hpp"

namespace cucurbit {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

class Libraries : public Standin {
protected:
    void SetUp() override {
        Standin::SetUp();
        ASSERT_EQ(cublasCreate(&blas_), CUBLAS_STATUS_SUCCESS);
        ASSERT_EQ(cublasSetStream(blas_, stream_), CUBLAS_STATUS_SUCCESS);
        ASSERT_EQ(cusolverDnCreate(&solver_), CUSOLVER_STATUS_SUCCESS);
        ASSERT_EQ(cusolverDnSetStream(solver_, stream_), CUSOLVER_STATUS_SUCCESS);
        reset_counters();
    }
    void TearDown() override {
        EXPECT_EQ(cublasDestroy(blas_), CUBLAS_STATUS_SUCCESS);
        EXPECT_EQ(cusolverDnDestroy(solver_), CUSOLVER_STATUS_SUCCESS);
        Standin::TearDown();
    }
    /// c = a b for a: 2×3, b: 3×2 in batches, from the given leading dimensions and strides on.
    void multiply(const double* a, int lda, long long stride_a, const double* b, int ldb, double* c,
                  int ldc, long long stride_c, int count, double beta = 0.0) {
        const double one = 1.0;
        ASSERT_EQ(cublasDgemmStridedBatched(blas_, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 3, &one, a, lda,
                                            stride_a, b, ldb, 0, &beta, c, ldc, stride_c, count),
                  CUBLAS_STATUS_SUCCESS);
    }
    /// c = alpha a² + beta c for numbers.
    static cublasStatus_t multiply_numbers(cublasHandle_t handle, const double* alpha,
                                           const double* a, const double* beta, double* c) {
        return cublasDgemmStridedBatched(handle, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, alpha, a, 1, 1,
                                         a, 1, 1, beta, c, 1, 1, 1);
    }
    int* integers(std::size_t size) { return reinterpret_cast<int*>(device_array(size)); }
    int download_info(const int* info) {
        int value = -1;
        EXPECT_EQ(cudaMemcpyAsync(&value, info, sizeof value, cudaMemcpyDeviceToHost, stream_),
                  cudaSuccess);
        synchronise();
        return value;
    }
    template <class T>
    T** pointers(const std::vector<T*>& addresses) {
        auto* data = device_array(addresses.size());
        EXPECT_EQ(cudaMemcpyAsync(data, addresses.data(), addresses.size() * sizeof(T*),
                                  cudaMemcpyHostToDevice, stream_),
                  cudaSuccess);
        synchronise();
        return reinterpret_cast<T**>(data);
    }
    void factorise(double* a, int lda, int given, int* info) {
        int needed = 0;
        ASSERT_EQ(cusolverDnDpotrf_bufferSize(solver_, CUBLAS_FILL_MODE_LOWER, 2, a, lda, &needed),
                  CUSOLVER_STATUS_SUCCESS);
        const int size = needed + given;
        double* workspace = device_array(static_cast<std::size_t>(size));
        ASSERT_EQ(
            cusolverDnDpotrf(solver_, CUBLAS_FILL_MODE_LOWER, 2, a, lda, workspace, size, info),
            CUSOLVER_STATUS_SUCCESS);
    }

    cublasHandle_t blas_ = nullptr;
    cusolverDnHandle_t solver_ = nullptr;
};

TEST_F(Libraries, ProductsOfABatch) {
    const double* a = upload({1, 2, 3, 4, 5, 6, 0, -1, -2, -3, -4, -5, -6});
    const double* b = upload({1, 0, 1, 0, 1, 2});
    double* c = device_array(8);
    multiply(a, 2, 7, b, 3, c, 2, 4, 2);
    EXPECT_EQ(download(c, 8), (std::vector<double>{6, 8, 13, 16, -6, -8, -13, -16}));
    EXPECT_EQ(counters().vendor_calls, 1U);
    EXPECT_EQ(counters().flops, 2.0 * 2 * 2 * 3 * 2);
}

TEST_F(Libraries, FactorsAreReadAtTheCall) {
    double* c = upload({5.0});
    const double* two = upload({2.0});
    double alpha = 3.0, beta = 1.0;
    ASSERT_EQ(multiply_numbers(blas_, &alpha, two, &beta, c), CUBLAS_STATUS_SUCCESS);
    alpha = beta = nan;
    EXPECT_EQ(download(c, 1)[0], 17.0);
}

TEST_F(Libraries, OperandsMustLieInTheirAllocations) {
    double* a = upload(std::vector<double>(12, 1.0));
    double* b = upload(std::vector<double>(6, 1.0));
    double* c = device_array(8);
    multiply(a, 2, 6, b, 3, c, 2, 4, 2);
    EXPECT_DEATH(multiply(a, 1, 6, b, 3, c, 2, 4, 2), "A has 2 rows, 1 apart");
    EXPECT_DEATH(multiply(a, 3, 6, b, 3, c, 2, 4, 2),
                 "A .2 of 2×3, ld 3, stride 6. needs 112 bytes");
    EXPECT_DEATH(multiply(a, 2, 7, b, 3, c, 2, 4, 2), "A .* needs 104 bytes");
    EXPECT_DEATH(multiply(a, 2, 6, b, 3, c, 2, 5, 2), "C .* needs 72 bytes");
    EXPECT_DEATH(multiply(a, 2, 6, b, 3, c, 2, 4, 3), "needs");
    EXPECT_DEATH(multiply(a, 2, 6, b + 1, 3, c, 2, 4, 2), "B .* needs 48 bytes from byte 8 on");
    const std::vector<double> ours(6);
    EXPECT_DEATH(multiply(a, 2, 6, ours.data(), 3, c, 2, 4, 2), "B .* is at no device memory");
    EXPECT_DEATH(multiply(a, 2, -6, b, 3, c, 2, 4, 2), "A has a negative stride");
    EXPECT_DEATH(multiply(a, 2, 6, b, 3, c, 2, 4, -1), "a size of -1");
    synchronise();
    ASSERT_EQ(cudaFree(a), cudaSuccess);
    EXPECT_DEATH(multiply(a, 2, 6, b, 3, c, 2, 4, 2), "freed");
}

TEST_F(Libraries, ResultsMustNotOverlap) {
    double* all = upload(std::vector<double>(40, 1.0));
    double* b = upload(std::vector<double>(6, 1.0));
    double* c = device_array(8);
    multiply(all, 4, 20, b, 3, all + 2, 4, 20, 2);  // rows 0, 1 and rows 2, 3 of the same columns
    EXPECT_DEATH(multiply(all, 4, 20, b, 3, all + 1, 4, 20, 2), "C overlaps A|A overlaps C");
    EXPECT_DEATH(multiply(all, 4, 20, b, 3, all, 4, 20, 2), "overlaps");
    EXPECT_DEATH(multiply(all, 4, 20, b, 3, c, 2, 0, 2), "C overlaps C");
    EXPECT_DEATH(multiply(all, 4, 20, b, 3, c, 2, 3, 2), "C overlaps C");
}

TEST_F(Libraries, CallsGoToTheHandlesStream) {
    const double* a = upload({1, 2, 3, 4, 5, 6});
    double* c = device_array(4);
    cublasHandle_t fresh = nullptr;
    const double one = 1.0;
    ASSERT_EQ(cublasCreate(&fresh), CUBLAS_STATUS_SUCCESS);
    EXPECT_DEATH(static_cast<void>(multiply_numbers(fresh, &one, a, &one, c)),
                 "cublasDgemmStridedBatched: uses a default stream");
    cudaStream_t other = nullptr;
    ASSERT_EQ(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking), cudaSuccess);
    ASSERT_EQ(cublasSetStream(fresh, other), CUBLAS_STATUS_SUCCESS);
    const double zero = 0.0;
    ASSERT_EQ(multiply_numbers(fresh, &one, a, &zero, c), CUBLAS_STATUS_SUCCESS);
    EXPECT_TRUE(std::isnan(download(c, 1)[0])) << "another stream's work must not be done yet";
    ASSERT_EQ(cudaStreamSynchronize(other), cudaSuccess);
    EXPECT_EQ(download(c, 1)[0], 1.0);
    ASSERT_EQ(cublasDestroy(fresh), CUBLAS_STATUS_SUCCESS);
    settings().devices = 2;
    ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
    EXPECT_DEATH(multiply(a, 2, 0, a, 3, c, 2, 4, 1), "the handle belongs to cuda:0");
    ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
}

TEST_F(Libraries, TheWorkspaceOfCublasIsDestroyed) {
    const double* a = upload({1, 2, 3, 4, 5, 6});
    double* c = device_array(4);
    double* workspace = upload(std::vector<double>(32, 1.0));
    ASSERT_EQ(cublasSetWorkspace(blas_, workspace, 32 * sizeof(double)), CUBLAS_STATUS_SUCCESS);
    multiply(a, 2, 0, a, 3, c, 2, 4, 1);
    EXPECT_TRUE(std::isnan(download(workspace, 32)[31]));
    EXPECT_DEATH(static_cast<void>(cublasSetWorkspace(blas_, workspace + 1, 8)), "256");
    EXPECT_DEATH(static_cast<void>(cublasSetWorkspace(blas_, workspace, 264)), "needs 264 bytes");
}

TEST_F(Libraries, TriangularSystemsOfABatch) {
    double* l = upload({2, 1, nan, 4, 1, 3, nan, 5});
    double* b = upload({2, 9, 1, 8});
    const std::vector<double*> factors = {l, l + 4}, sides = {b, b + 2};
    const double one = 1.0;
    const auto solve = [&](int ld, double* const* to) {
        ASSERT_EQ(
            cublasDtrsmBatched(blas_, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N,
                               CUBLAS_DIAG_NON_UNIT, 2, 1, &one, pointers(factors), ld, to, 2, 2),
            CUBLAS_STATUS_SUCCESS);
        synchronise();
    };
    solve(2, pointers(sides));
    EXPECT_EQ(download(b, 4), (std::vector<double>{1, 2, 1, 1}));
    EXPECT_DEATH(solve(3, pointers(sides)), "A.1. .*needs");
    EXPECT_DEATH(solve(2, pointers<double>({b, b + 1})), "B.*overlaps B");
    EXPECT_DEATH(solve(2, sides.data()), "the array of B is at no device memory");
}

TEST_F(Libraries, CholeskyDestroysTheOtherTriangleAndItsWorkspace) {
    double* a = upload({4, 2, 7, 5});
    int* info = integers(1);
    factorise(a, 2, 0, info);
    const std::vector<double> factor = download(a, 4);
    EXPECT_EQ(factor[0], 2.0);
    EXPECT_EQ(factor[1], 1.0);
    EXPECT_TRUE(std::isnan(factor[2]));
    EXPECT_EQ(factor[3], 2.0);
    EXPECT_EQ(download_info(info), 0);
    EXPECT_EQ(counters().flops, 8.0 / 3.0);
    EXPECT_DEATH(factorise(a, 2, -1, info), "a workspace of .* are needed");
    EXPECT_DEATH(factorise(a, 3, 0, info), "A .* needs");
    EXPECT_DEATH(factorise(a, 2, 0, nullptr), "info is at no device memory");
}

// cuSOLVER documents no check for NaN.
TEST_F(Libraries, BatchedCholeskyReportsPivotsButNoNaN) {
    double* a = upload({4, 2, 0, 5, 1, 2, 0, 1, nan, 1, 1, 1});
    int* infos = integers(2);
    ASSERT_EQ(cusolverDnDpotrfBatched(solver_, CUBLAS_FILL_MODE_LOWER, 2,
                                      pointers<double>({a, a + 4, a + 8}), 2, infos, 3),
              CUSOLVER_STATUS_SUCCESS);
    const std::vector<double> factors = download(a, 12);
    EXPECT_EQ(factors[3], 2.0);
    EXPECT_EQ(factors[4], 1.0) << "the leading minor is factored";
    EXPECT_TRUE(std::isnan(factors[7]));
    EXPECT_TRUE(std::isnan(factors[8]));
    EXPECT_TRUE(std::isnan(factors[11]));
    EXPECT_EQ(download_info(infos), 0);
    EXPECT_EQ(download_info(infos + 1), 2);
    EXPECT_EQ(download_info(infos + 2), 0);
}

TEST_F(Libraries, OrthogonalFactorsAndSingularValues) {
    double* a = upload({3, 4, 0, 5});
    double* tau = device_array(2);
    int* info = integers(1);
    int needed = 0;
    ASSERT_EQ(cusolverDnDgeqrf_bufferSize(solver_, 2, 2, a, 2, &needed), CUSOLVER_STATUS_SUCCESS);
    double* workspace = device_array(static_cast<std::size_t>(needed));
    ASSERT_EQ(cusolverDnDgeqrf(solver_, 2, 2, a, 2, tau, workspace, needed, info),
              CUSOLVER_STATUS_SUCCESS);
    EXPECT_NEAR(std::abs(download(a, 1)[0]), 5.0, 1e-14);
    ASSERT_EQ(cusolverDnDorgqr_bufferSize(solver_, 2, 2, 2, a, 2, tau, &needed),
              CUSOLVER_STATUS_SUCCESS);
    ASSERT_EQ(cusolverDnDorgqr(solver_, 2, 2, 2, a, 2, tau, workspace, needed, info),
              CUSOLVER_STATUS_SUCCESS);
    const std::vector<double> q = download(a, 4);
    EXPECT_NEAR(std::abs(q[0]), 0.6, 1e-14);
    EXPECT_NEAR(q[0] * q[2] + q[1] * q[3], 0.0, 1e-14);
    EXPECT_DEATH(
        static_cast<void>(cusolverDnDorgqr(solver_, 1, 2, 2, a, 2, tau, workspace, needed, info)),
        "m = 1, n = 2, k = 2");

    double* b = upload({0, 2, 1, 0});
    double* s = device_array(2);
    double* u = device_array(4);
    double* vt = device_array(4);
    ASSERT_EQ(cusolverDnDgesvd_bufferSize(solver_, 2, 2, &needed), CUSOLVER_STATUS_SUCCESS);
    ASSERT_EQ(cusolverDnDgesvd(solver_, 'A', 'A', 2, 2, b, 2, s, u, 2, vt, 2, workspace, needed,
                               nullptr, info),
              CUSOLVER_STATUS_SUCCESS);
    EXPECT_EQ(download(s, 2), (std::vector<double>{2.0, 1.0}));
    EXPECT_EQ(std::abs(download(u, 4)[1]), 1.0);
    EXPECT_DEATH(static_cast<void>(cusolverDnDgesvd(solver_, 'A', 'A', 1, 2, b, 1, s, u, 1, vt, 2,
                                                    workspace, needed, nullptr, info)),
                 "m = 1 is less than n = 2");
}

TEST_F(Libraries, EigenvectorsReadOneTriangle) {
    constexpr cusolverEigMode_t vectors = CUSOLVER_EIG_MODE_VECTOR;
    double* w = device_array(2);
    int* info = integers(1);
    int needed = 0;
    ASSERT_EQ(
        cusolverDnDsyevd_bufferSize(solver_, vectors, CUBLAS_FILL_MODE_LOWER, 2, w, 2, w, &needed),
        CUSOLVER_STATUS_SUCCESS);
    double* workspace = upload(std::vector<double>(static_cast<std::size_t>(needed), 1.0));
    const auto decompose = [&](cublasFillMode_t fill, cusolverEigMode_t job, double* a, int lda,
                               int doubles) {
        ASSERT_EQ(cusolverDnDsyevd(solver_, job, fill, 2, a, lda, w, workspace, doubles, info),
                  CUSOLVER_STATUS_SUCCESS);
    };
    double* lower = upload({2, 1, nan, 2});
    double* upper = upload({2, nan, 1, 2});
    decompose(CUBLAS_FILL_MODE_LOWER, vectors, lower, 2, needed);
    EXPECT_NEAR(download(w, 2)[0], 1.0, 1e-15);
    EXPECT_NEAR(download(w, 2)[1], 3.0, 1e-15);
    EXPECT_NEAR(std::abs(download(lower, 4)[1]), std::sqrt(0.5), 1e-15);
    EXPECT_EQ(download_info(info), 0);
    EXPECT_EQ(counters().flops, 9.0 * 8.0);
    EXPECT_TRUE(std::isnan(download(workspace, 1)[0]));
    decompose(CUBLAS_FILL_MODE_UPPER, CUSOLVER_EIG_MODE_NOVECTOR, upper, 2, needed);
    EXPECT_NEAR(download(w, 2)[1], 3.0, 1e-15);
    EXPECT_TRUE(std::isnan(download(upper, 4)[3]));
    decompose(CUBLAS_FILL_MODE_LOWER, vectors, upper, 2, needed);
    EXPECT_TRUE(std::isnan(download(w, 2)[0]));
    EXPECT_EQ(download_info(info), 0) << "a NaN in the input is not reported";
    EXPECT_DEATH(decompose(CUBLAS_FILL_MODE_LOWER, vectors, lower, 2, needed - 1), "are needed");
    EXPECT_DEATH(decompose(CUBLAS_FILL_MODE_LOWER, vectors, lower, 3, needed), "A .* needs");
    EXPECT_DEATH(decompose(CUBLAS_FILL_MODE_LOWER, vectors, w, 2, needed), "overlaps|needs");
}

TEST_F(Libraries, AStatusCanBeAskedFor) {
    fail_call("cublasCreate_v2", 0, CUBLAS_STATUS_ALLOC_FAILED);
    cublasHandle_t handle = nullptr;
    EXPECT_STREQ(cublasGetStatusName(cublasCreate(&handle)), "CUBLAS_STATUS_ALLOC_FAILED");
    EXPECT_EQ(handle, nullptr);
}

}  // namespace
}  // namespace cucurbit
