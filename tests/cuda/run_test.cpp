// Whole runs on cards that are none: the same tables as on the CPU, and what happens when memory or
// a library fails.

#include <cublas_v2.h>
#include <cusolverDn.h>
#include <driver_types.h>

#include <cmath>

#include "tests/cuda/card_run.hpp"

namespace cucurbit {
namespace {

void expect_same_numbers(const Table& actual, const Table& expected, double tolerance) {
    ASSERT_EQ(actual.rows.size(), expected.rows.size());
    for (std::size_t i = 0; i < expected.rows.size(); ++i) {
        const Row& a = actual.rows[i];
        const Row& e = expected.rows[i];
        EXPECT_EQ(a.n_failed, e.n_failed);
        EXPECT_EQ(a.flags, e.flags);
        if (std::isnan(e.estimate)) continue;
        EXPECT_LE(std::abs(a.estimate - e.estimate), tolerance * e.estimate)
            << e.arm << ", row " << i;
        if (std::isnan(e.std_err)) continue;
        EXPECT_LE(std::abs(a.std_err - e.std_err), 1e-6 * e.std_err);
    }
}

TEST_F(CardRun, FigureOneIsTheCpusToNineDigits) {
    const std::vector<std::string> edits{"precision.trials=6", "target.n=[20, 200, 480]"};
    const Study study = read_study(CUCURBIT_SOURCE "/examples/ildiz2025_figure1.toml", edits);
    expect_same_numbers(table_of(study, "cuda"), table_of(study, "cpu"), 1e-9);
}

TEST_F(CardRun, EverySideOfTheLadderAgreesWithTheCpu) {
    for (const char* label_noise : {"integrate", "sample"}) {
        const Study study = small_study(100, label_noise);
        expect_same_numbers(table_of(study, "cuda"), table_of(study, "cpu"), 1e-6);
    }
}

TEST_F(CardRun, ContinuesToTheSameBytesInOtherBatchesAndOnMoreCards) {
    const Study study = small_study(300);
    const std::string direct = fake::bytes_of(table_of(study, "cuda:0"));
    const Folder folder;
    table_of(folder, small_study(70), "cuda:0");
    EXPECT_EQ(fake::bytes_of(table_of(folder, study, "cuda:0")), direct);
    standin::settings().devices = 3;
    EXPECT_EQ(fake::bytes_of(table_of(study, "cuda:0,2")), direct);
}

TEST_F(CardRun, StaysWithinThePlannedMemory) {
    const Study study = small_study(400);
    standin::settings().memory_bytes = std::size_t{112} << 20;
    const Plan plan = make_plan(study, "cuda", 0);
    EXPECT_EQ(plan.workers, 2u);
    const Device& card = plan.devices.at(0);
    const std::size_t planned = plan.peak_bytes + plan.workers * card.engine_bytes;
    EXPECT_LE(planned, card.memory_bytes);
    standin::reset_counters();
    table_of(study, "cuda");
    EXPECT_LE(standin::counters().peak_bytes, planned + planned / 10);
    EXPECT_EQ(standin::counters().live_bytes, 0u) << "memory that nobody freed";
}

TEST_F(CardRun, GoesOnWithHalfTheBatchWhereMemoryRunsOut) {
    const Study study = small_study(200);
    const std::string direct = fake::bytes_of(table_of(study, "cuda"));
    // One worker: of two it would be chance whose allocation it is, and an engine that gets no
    // memory for itself ends the run. The step is prime, to hit operands, scratch and side streams
    // alike.
    constexpr std::size_t engines_own = 1, step = 11, last = 120;
    for (std::size_t calls = engines_own; calls <= last; calls += step) {
        standin::fail_call("cudaMalloc", calls, cudaErrorMemoryAllocation);
        EXPECT_EQ(fake::bytes_of(table_of(study, "cuda", 1)), direct) << "after " << calls;
    }
}

TEST_F(CardRun, GoesOnWithHalfTheBatchWhereALibraryGetsNoMemory) {
    struct Lack {
        const char* call;
        int status;
    };
    const Study study = small_study(200);
    const std::string direct = fake::bytes_of(table_of(study, "cuda"));
    for (const auto& [call, status] :
         {Lack{"cublasDgemmStridedBatched", CUBLAS_STATUS_ALLOC_FAILED},
          Lack{"cusolverDnDgeqrf", CUSOLVER_STATUS_ALLOC_FAILED},
          Lack{"cudaLaunchKernelExC", cudaErrorMemoryAllocation}}) {
        standin::fail_call(call, 3, status);
        EXPECT_EQ(fake::bytes_of(table_of(study, "cuda", 1)), direct) << call;
    }
    standin::fail_call("cublasCreate_v2", 0, CUBLAS_STATUS_ALLOC_FAILED);
    EXPECT_THROW(table_of(small_study(10), "cuda", 1), DeviceError) << "nothing to halve";
}

TEST_F(CardRun, EndsWhereAnEngineGetsNoMemory) {
    standin::fail_call("cudaMalloc", 0, cudaErrorMemoryAllocation);
    try {
        table_of(small_study(10), "cuda", 1);
        FAIL() << "it went on";
    } catch (const DeviceError& error) {
        const std::string text = error.what();
        EXPECT_NE(text.find("cuda:0: out of device memory allocating "), std::string::npos) << text;
    }
}

TEST_F(CardRun, AFailedCallEndsTheRunByName) {
    struct Failure {
        const char* call;
        int status;
        const char* name;
    };
    const Failure failures[] = {
        {"cudaMemcpyAsync", 1, "cudaErrorInvalidValue"},
        {"cublasDgemmStridedBatched", 13, "CUBLAS_STATUS_EXECUTION_FAILED"},
    };
    for (const auto& [call, status, name] : failures) {
        standin::fail_call(call, 2, status);
        try {
            table_of(small_study(10), "cuda");
            FAIL() << call;
        } catch (const DeviceError& error) {
            FAIL() << "no lack of memory: " << error.what();
        } catch (const std::runtime_error& error) {
            const std::string text = error.what();
            EXPECT_NE(text.find(call + std::string("(")), std::string::npos) << text;
            EXPECT_NE(text.find(name), std::string::npos) << text;
            EXPECT_NE(text.find("kernels/cuda/"), std::string::npos) << text;
        }
    }
}

std::string refusal(const std::string& name) {
    try {
        choose_devices(name);
        return "";
    } catch (const DeviceError& error) {
        return error.what();
    }
}

TEST_F(CardRun, NamesStandForTheCardsThatThereAre) {
    standin::settings().devices = 3;
    EXPECT_EQ(devices().size(), 4u);
    EXPECT_EQ(choose_devices("auto").name, "cuda:0,1,2");
    EXPECT_NE(choose_devices("auto").reason, "");
    EXPECT_EQ(choose_devices("cuda").devices.size(), 3u);
    EXPECT_EQ(choose_devices("cuda").reason, "");
    EXPECT_EQ(choose_devices("cuda:2,0,2").name, "cuda:2,0");
    EXPECT_EQ(choose_devices("cpu").name, "cpu");
    EXPECT_NE(refusal("cuda:1,3").find("'cuda:3'"), std::string::npos) << refusal("cuda:1,3");
    EXPECT_NE(refusal("cuda:1,3").find("cpu, cuda:0, cuda:1, cuda:2"), std::string::npos);
    EXPECT_NE(refusal("cuda:"), "");
    const Plan plan = make_plan(small_study(1000), "cuda:0,2", 0);
    EXPECT_EQ(plan.device, "cuda:0,2");
    EXPECT_EQ(plan.workers, 4u);
    EXPECT_EQ(plan.entries.at(0).batch, 250u);
}

TEST_F(CardRun, WithoutACardAutoIsTheCpuAndCudaIsRefused) {
    standin::settings().devices = 0;
    EXPECT_EQ(devices().size(), 1u);
    EXPECT_EQ(choose_devices("auto").name, "cpu");
    EXPECT_NE(choose_devices("auto").reason.find("cudaErrorNoDevice"), std::string::npos);
    EXPECT_NE(refusal("cuda").find("cudaErrorNoDevice"), std::string::npos);
    EXPECT_NE(refusal("cuda:0").find("there is cpu"), std::string::npos);
}

}  // namespace
}  // namespace cucurbit
