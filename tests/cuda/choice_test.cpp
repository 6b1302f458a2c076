// Which devices a run uses, what it touches, and what a folder then knows of them.

#include <cmath>
#include <map>
#include <set>
#include <thread>

#include "cucurbit/costs.hpp"
#include "kernels/card/engine.hpp"
#include "kernels/contract.hpp"
#include "kernels/devices.hpp"
#include "tests/cuda/card_run.hpp"
#include "tests/standin/contexts.hpp"

namespace cucurbit {
namespace {

using CardChoice = CardRun;

// How an engine cuts a batch into parts depends on the plan, not on what happens to be free when
// the engine is made: another program, or the other worker, may have taken it by then.
TEST_F(CardChoice, EnginesTakeWhatThePlanSays) {
    standin::settings().memory_bytes = std::size_t{1} << 30;
    const auto calls = [&](std::size_t scratch_bytes, std::size_t taken) {
        Device card = choose_devices("cuda:0").devices.front();
        card.engine_bytes = card::blas_workspace_bytes + scratch_bytes;
        const EnginePointer other = make_engine("cuda:0");
        const auto in_the_way = other->allocate(taken / sizeof(double));
        const EnginePointer engine = make_engine(card);
        const Study study = small_study(300);
        const Design design = study.setting->designs().front();
        const auto simulation = study.setting->simulation(design, *engine, 300);
        TrialValues values;
        standin::reset_counters();
        simulation->run(first_trials(300), values);
        return standin::counters().launches + standin::counters().vendor_calls;
    };
    constexpr std::size_t little = std::size_t{100} << 10, much = std::size_t{64} << 20;
    EXPECT_GT(calls(little, 8), calls(much, 8)) << "more parts";
    EXPECT_EQ(calls(little, 8), calls(little, std::size_t{600} << 20));
    EXPECT_EQ(calls(much, 8), calls(much, std::size_t{600} << 20));
}

TEST_F(CardChoice, TouchesNoCardThatWasNotAskedFor) {
    standin::settings().devices = 3;
    standin::forget_contexts();
    EXPECT_EQ(present_cards().size(), 3u);
    EXPECT_EQ(standin::contexts(), std::set<int>{}) << "only looked at";
    const Study study = small_study(20);
    EXPECT_EQ(choose_devices(study, "auto").name, "cpu");
    EXPECT_EQ(standin::contexts(), std::set<int>{}) << "auto took the cpu";
    table_of(study, "cuda:1");
    EXPECT_EQ(standin::contexts(), std::set<int>{1});
    // Made on one thread, destroyed on another whose current device is card 0.
    EnginePointer engine;
    std::thread([&] { engine = make_engine("cuda:2"); }).join();
    engine.reset();
    EXPECT_EQ(standin::contexts(), (std::set<int>{1, 2}));
}

TEST_F(CardChoice, AutoTakesCardsForLongStudiesOnly) {
    standin::settings().devices = 2;
    const DeviceChoice small = choose_devices(small_study(100), "auto");
    EXPECT_EQ(small.name, "cpu");
    EXPECT_NE(small.reason.find("cuda:0 at least"), std::string::npos) << small.reason;
    const std::vector<std::string> edits{"precision.trials=100000000"};
    const Study large = read_study(CUCURBIT_SOURCE "/examples/ildiz2025_figure1.toml", edits);
    const DeviceChoice cards = choose_devices(large, "auto");
    EXPECT_EQ(cards.name, "cuda:0,1");
    EXPECT_NE(cards.reason.find("the cpu needs about"), std::string::npos) << cards.reason;
    EXPECT_EQ(make_plan(large, "auto", 0).device, "cuda:0,1");
    // As shipped, a start would take longer than sixteen cores.
    const Study shipped = read_study(CUCURBIT_SOURCE "/examples/ildiz2025_figure1.toml");
    EXPECT_EQ(choose_devices(shipped, "auto", 16).name, "cpu");
}

TEST_F(CardChoice, ReplayJudgesByTheToleranceOfCards) {
    const Folder folder;
    const Study study = small_study(50);
    table_of(folder, study, "cuda");
    const Store store = Store::open_to_read(folder.path());
    for (const char* device : {"cpu", "cuda", "auto"})
        for (const Replayed& one : replay(store, study, {}, {0, 49}, device))
            EXPECT_TRUE(one.allowed == allowed_difference || std::isinf(one.allowed)) << device;
    std::map<std::string, std::string> facts;
    for (const auto& [name, value] : store.manifest()) facts[name] = value;
    EXPECT_EQ(facts["device"], "cuda:0");
    for (const char* library : {"driver ", "CUDA runtime ", "cuBLAS ", "cuSOLVER "})
        EXPECT_NE(facts["libraries"].find(library), std::string::npos) << facts["libraries"];
    EXPECT_TRUE(facts.contains("environment"));
}

}  // namespace
}  // namespace cucurbit
