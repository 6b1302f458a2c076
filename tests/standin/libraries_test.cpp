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
    EXPECT_TRUE(std::isnan(download(workspace, 1)[0]));
    const auto refused = [&](double* from, int ld, int doubles, int* status) {
        static_cast<void>(
            cusolverDnDgeqrf(solver_, 2, 2, from, ld, tau, workspace, doubles, status));
    };
    EXPECT_DEATH(refused(a, 2, needed - 1, info), "a workspace of .* are needed");
    EXPECT_DEATH(refused(a, 3, needed, info), "A .* needs");
    EXPECT_DEATH(refused(a, 2, needed, nullptr), "info is at no device memory");
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

TEST_F(Libraries, EigenvectorsOfABatchReadOneTriangle) {
    constexpr cusolverEigMode_t vectors = CUSOLVER_EIG_MODE_VECTOR;
    cusolverDnParams_t parameters = nullptr;
    ASSERT_EQ(cusolverDnCreateParams(&parameters), CUSOLVER_STATUS_SUCCESS);
    double* w = device_array(4);
    int* infos = integers(1);
    std::size_t on_device = 0, on_host = 0;
    ASSERT_EQ(cusolverDnXsyevBatched_bufferSize(solver_, parameters, vectors,
                                                CUBLAS_FILL_MODE_LOWER, 2, CUDA_R_64F, w, 2,
                                                CUDA_R_64F, w, CUDA_R_64F, &on_device, &on_host, 2),
              CUSOLVER_STATUS_SUCCESS);
    double* workspace = upload(std::vector<double>(on_device / sizeof(double), 1.0));
    std::vector<std::byte> host_workspace(on_host);
    const auto decompose = [&](cublasFillMode_t fill, cusolverEigMode_t job, double* a, int lda,
                               std::size_t bytes, cudaDataType type = CUDA_R_64F, int count = 2) {
        ASSERT_EQ(cusolverDnXsyevBatched(solver_, parameters, job, fill, 2, type, a, lda,
                                         CUDA_R_64F, w, CUDA_R_64F, workspace, bytes,
                                         host_workspace.data(), on_host, infos, count),
                  CUSOLVER_STATUS_SUCCESS);
    };
    double* lower = upload({2, 1, nan, 2, 4, 0, nan, 3});
    double* upper = upload({2, nan, 1, 2, 4, nan, 0, 3});
    decompose(CUBLAS_FILL_MODE_LOWER, vectors, lower, 2, on_device);
    const std::vector<double> values = download(w, 4);
    for (const auto& [k, value] : {std::pair{0, 1.0}, {1, 3.0}, {2, 3.0}, {3, 4.0}})
        EXPECT_NEAR(values[static_cast<std::size_t>(k)], value, 1e-15);
    EXPECT_NEAR(std::abs(download(lower, 4)[1]), std::sqrt(0.5), 1e-15);
    EXPECT_EQ(download_info(infos), 0);
    EXPECT_EQ(counters().vendor_calls, 1u);
    EXPECT_EQ(counters().flops, 2 * 9.0 * 8.0);
    EXPECT_TRUE(std::isnan(download(workspace, 1)[0]));
    decompose(CUBLAS_FILL_MODE_UPPER, CUSOLVER_EIG_MODE_NOVECTOR, upper, 2, on_device);
    EXPECT_NEAR(download(w, 2)[1], 3.0, 1e-15);
    EXPECT_TRUE(std::isnan(download(upper, 4)[3]));
    decompose(CUBLAS_FILL_MODE_LOWER, vectors, upper, 2, on_device);
    EXPECT_TRUE(std::isnan(download(w, 2)[0]));
    EXPECT_EQ(download_info(infos), 0) << "a NaN in the input is not reported";
    constexpr cublasFillMode_t fill = CUBLAS_FILL_MODE_LOWER;
    EXPECT_DEATH(decompose(fill, vectors, lower, 2, on_device - 8), "too small");
    EXPECT_DEATH(decompose(fill, vectors, lower, 3, on_device), "A .* needs");
    EXPECT_DEATH(decompose(fill, vectors, w, 2, on_device), "overlaps|needs");
    EXPECT_DEATH(decompose(fill, vectors, lower, 2, on_device, CUDA_R_32F), "double precision");
    EXPECT_DEATH(decompose(fill, vectors, lower, 2, on_device, CUDA_R_64F, 20000),
                 "20000 matrices");
    ASSERT_EQ(cusolverDnDestroyParams(parameters), CUSOLVER_STATUS_SUCCESS);
}

TEST_F(Libraries, AStatusCanBeAskedFor) {
    fail_call("cublasCreate_v2", 0, CUBLAS_STATUS_ALLOC_FAILED);
    cublasHandle_t handle = nullptr;
    EXPECT_STREQ(cublasGetStatusName(cublasCreate(&handle)), "CUBLAS_STATUS_ALLOC_FAILED");
    EXPECT_EQ(handle, nullptr);
}

}  // namespace
}  // namespace cucurbit
