// What the program's commands for cards say of the CUDA engine.

#include <gtest/gtest.h>

#include "cucurbit/engine.hpp"
#include "host/cli/operation_checks.hpp"
#include "host/cli/run_program.hpp"
#include "kernels/card/engine.hpp"
#include "kernels/costs/counting_engine.hpp"
#include "tests/standin/standin.hpp"

namespace cucurbit::cli {
namespace {

struct Called {
    Exit exit;
    std::string out;
};

Called call(std::vector<std::string> words) {
    words.insert(words.begin(), "cucurbit");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    testing::internal::CaptureStdout();
    const Exit exit = run_program(static_cast<int>(argv.size()), argv.data());
    return {exit, testing::internal::GetCapturedStdout()};
}

TEST(Doctor, FindsTheCudaEngineGood) {
    const Called done = call({"doctor", "--device", "cuda", "--format", "csv"});
    EXPECT_EQ(done.exit, Exit::done) << done.out;
    EXPECT_NE(done.out.find("\ncuda:0 cholesky,good,"), std::string::npos) << done.out;
}

TEST(Doctor, ReportsALibraryThatFails) {
    standin::fail_call("cublasDgemmStridedBatched", 3, 13);
    const Called done = call({"doctor", "--device", "cuda:0", "--format", "csv"});
    EXPECT_EQ(done.exit, Exit::disagreement);
    EXPECT_NE(done.out.find(",bad,"), std::string::npos) << done.out;
    EXPECT_NE(done.out.find("CUBLAS_STATUS_EXECUTION_FAILED"), std::string::npos) << done.out;
}

const std::string two_stages = CUCURBIT_SOURCE "/examples/ildiz2025_two_stage.toml";

TEST(Bench, ComparesTheCardWithTheCpu) {
    const Called done =
        call({"bench", two_stages, "--set", "population.p=20", "--set", "surrogate.m=[8]", "--set",
              "target.n=[5, 30]", "--set", "precision.trials=16", "--devices", "cpu,cuda:0",
              "--seconds", "0.01", "--format", "jsonl"});
    EXPECT_EQ(done.exit, Exit::done) << done.out;
    const std::string second = done.out.substr(done.out.find('\n') + 1);
    EXPECT_NE(second.find("\"device\":\"cuda:0\",\"basis\":\"measured\""), std::string::npos)
        << done.out;
    EXPECT_EQ(second.find("\"largest_difference\":null"), std::string::npos) << done.out;
    EXPECT_EQ(second.find("predicted"), std::string::npos) << done.out;
}

TEST(Plan, TimesTheCardBesideThePredictions) {
    const Called done = call({"plan", two_stages, "--set", "population.p=20", "--set",
                              "surrogate.m=[8]", "--set", "target.n=[5, 30]", "--set",
                              "precision.trials=16", "--device", "cuda", "--format", "csv"});
    EXPECT_EQ(done.exit, Exit::done) << done.out;
    EXPECT_NE(done.out.find("\n1,cuda:0,measured now,"), std::string::npos) << done.out;
    EXPECT_NE(done.out.find("\n1,H200,\"predicted, never measured\","), std::string::npos)
        << done.out;
}

/// The counting engine divides every operation into the launches and calls that the CUDA engine
/// makes of it, with the same flops.
TEST(CountingEngine, CountsWhatTheCudaEngineDoes) {
    const EnginePointer cuda = make_engine("cuda:0");
    for (const std::size_t n : {1, 33, 130})
        for (const OperationCheck& check : operation_checks()) {
            CountingEngine engine(card::scratch_bytes(standin::settings().memory_bytes));
            Worktable counted(engine), done(*cuda);
            check.run(counted, n);
            standin::reset_counters();
            check.run(done, n);
            const standin::Counters counters = standin::counters();
            std::size_t launches = 0, vendor_calls = 0;
            double flops = 0.0;
            for (const DeviceCall& each : engine.calls()) {
                (each.vendor ? vendor_calls : launches) += each.times;
                if (each.vendor) flops += each.product_flops + each.solver_flops;
            }
            EXPECT_EQ(launches, counters.launches) << check.name << " " << n;
            EXPECT_EQ(vendor_calls, counters.vendor_calls) << check.name << " " << n;
            EXPECT_NEAR(flops, counters.flops, 1e-9 * counters.flops) << check.name << " " << n;
        }
}

}  // namespace
}  // namespace cucurbit::cli
