// One trial that stands for a batch: its calls are the batch's, and what it keeps on the host times
// the batch is what the batch keeps there.

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <new>

#include "cucurbit/costs.hpp"
#include "host/run/count.hpp"
#include "tests/support/simulate.hpp"

namespace {

std::atomic<std::size_t> live_bytes{0}, peak_bytes{0};

void* counted(std::size_t bytes) {
    void* memory = std::malloc(std::max<std::size_t>(bytes, 1));
    if (memory == nullptr) throw std::bad_alloc();
    const std::size_t now = live_bytes += malloc_usable_size(memory);
    std::size_t peak = peak_bytes;
    while (peak < now && !peak_bytes.compare_exchange_weak(peak, now)) {
    }
    return memory;
}

void discounted(void* memory) {
    if (memory != nullptr) live_bytes -= malloc_usable_size(memory);
    std::free(memory);
}

}  // namespace

// All memory of this program that C++ asks for.
void* operator new(std::size_t bytes) {
    return counted(bytes);
}
// Beside a sanitizer's own of this form, memory would go back to another heap than it came from.
void* operator new(std::size_t bytes, const std::nothrow_t& /*unused*/) noexcept {
    try {
        return counted(bytes);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void operator delete(void* memory) noexcept {
    discounted(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    discounted(memory);
}

namespace cucurbit {
namespace {

constexpr std::size_t much_scratch = std::size_t{1} << 34;

class Example : public testing::TestWithParam<std::string> {
protected:
    Example()
        : study_(read_study(std::filesystem::path(CUCURBIT_SOURCE "/examples") / GetParam())),
          design_(study_.setting->designs().back()) {}

    std::vector<DeviceCall> calls_of_whole(std::size_t batch, std::size_t scratch_bytes) const {
        CountingEngine engine(scratch_bytes);
        const auto simulation = study_.setting->simulation(design_, engine, batch);
        engine.forget();
        TrialValues values;
        simulation->run(first_trials(batch), values);
        return engine.calls();
    }

    /// The most that is held while a batch is computed.
    std::size_t host_bytes(std::size_t batch) const {
        CountingEngine engine(much_scratch);
        const auto trials = first_trials(batch);
        const auto simulation = study_.setting->simulation(design_, engine, batch);
        TrialValues values;
        const std::size_t before = live_bytes;
        peak_bytes = before;
        simulation->run(trials, values);
        return peak_bytes - before;
    }

    Study study_;
    Design design_;
};

TEST_P(Example, OneTrialTellsTheCallsOfABatch) {
    constexpr std::size_t batch = 5;
    // Little scratch: parts of two trials or so, the last one not full.
    for (const std::size_t scratch : {much_scratch, std::size_t{1} << 20}) {
        const auto whole = calls_of_whole(batch, scratch);
        const auto scaled = count_batch(*study_.setting, design_, batch, scratch).calls;
        ASSERT_EQ(scaled.size(), whole.size());
        std::size_t different = 0;
        for (std::size_t i = 0; i < whole.size(); ++i) {
            const DeviceCall &a = scaled[i], &b = whole[i];
            different += a.product_flops != b.product_flops || a.solver_flops != b.solver_flops ||
                         a.draw_flops != b.draw_flops || a.bytes_read != b.bytes_read ||
                         a.bytes_written != b.bytes_written || a.times != b.times ||
                         a.vendor != b.vendor;
        }
        EXPECT_EQ(different, 0u) << "of " << whole.size() << " calls";
    }
}

// Beside what C++ holds, transfers pass through page-locked memory, which is planned too.
TEST_P(Example, AsMuchOfTheHostIsPlannedAsABatchHolds) {
    constexpr std::size_t few = 8, many = 24;
    const double held =
        (static_cast<double>(host_bytes(many)) - static_cast<double>(host_bytes(few))) /
        (many - few);
    const auto planned = static_cast<double>(
        count_batch(*study_.setting, design_, many, much_scratch).host_bytes_per_trial);
    EXPECT_GE(planned, held);
    EXPECT_LE(planned, 4.0 * held + 8192.0);
    RecordProperty("held", std::to_string(held));
    std::cout << GetParam() << " held " << held << " planned " << planned << "\n";
}

/// All but those whose data are not here.
std::vector<std::string> examples() {
    const std::filesystem::path folder = CUCURBIT_SOURCE "/examples";
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() != ".toml") continue;
        try {
            read_study(entry.path());
        } catch (const StudyError&) {
            continue;
        }
        names.push_back(std::filesystem::relative(entry.path(), folder).string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

INSTANTIATE_TEST_SUITE_P(Of, Example, testing::ValuesIn(examples()), [](const auto& instance) {
    return std::filesystem::path(instance.param).stem().string();
});

}  // namespace
}  // namespace cucurbit
