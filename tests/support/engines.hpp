#pragma once
// The engines that every parity test runs on.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "cucurbit/costs.hpp"
#include "cucurbit/engine.hpp"

namespace cucurbit {

/// A test of one engine, named by GetParam().
class OnEngine : public testing::TestWithParam<std::string> {
protected:
    EnginePointer engine_ = make_engine(GetParam());
};

/// The CPU and every card: under the stand-in for CUDA's API (tests/standin/) one that is none.
inline auto every_engine() {
    std::vector<std::string> names;
    for (const Device& device : devices()) names.push_back(device.name);
    return testing::ValuesIn(names);
}

/// What a trial may differ by in batches of different sizes (docs/numerics.md): not by a bit on the
/// CPU and on the stand-in, where nothing but our own division of the work could make it differ; on
/// a card the vendor's library chooses its kernels by the number of trials.
inline double allowed_between_batches(const std::string& engine) {
    const Device device = choose_devices(engine).devices.front();
    const bool card = device.name != "cpu";
    const bool standin = device.description.find("CUDA stand-in") != std::string::npos;
    return card && !standin ? allowed_difference : 0.0;
}

/// Equal to the bit, or within `allowed` of the larger or of one: what cancels in a risk without
/// noise is of that order.
inline bool agree(double a, double b, double allowed) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
           std::abs(a - b) <= allowed * std::max({1.0, std::abs(a), std::abs(b)});
}
/// Where values may differ, a trial at the edge of a rung may take either.
inline bool agree(const Outcome& a, const Outcome& b, double allowed) {
    return allowed == 0.0 ? a == b : a.status == b.status;
}

/// An engine's name as part of a case's: cuda_0 for cuda:0.
inline std::string engine_case(std::string name) {
    std::replace(name.begin(), name.end(), ':', '_');
    return name;
}

}  // namespace cucurbit

#define CUCURBIT_ON_EVERY_ENGINE(suite)                                  \
    INSTANTIATE_TEST_SUITE_P(Engines, suite, ::cucurbit::every_engine(), \
                             [](const auto& engine) { return engine_case(engine.param); })
