#pragma once
// The engines that every parity test runs on.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

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

/// An engine's name as part of a case's: cuda_0 for cuda:0.
inline std::string engine_case(std::string name) {
    std::replace(name.begin(), name.end(), ':', '_');
    return name;
}

}  // namespace cucurbit

#define CUCURBIT_ON_EVERY_ENGINE(suite)                                  \
    INSTANTIATE_TEST_SUITE_P(Engines, suite, ::cucurbit::every_engine(), \
                             [](const auto& engine) { return engine_case(engine.param); })
