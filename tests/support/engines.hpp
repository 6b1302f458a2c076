#pragma once
// The engines that every parity test runs on.

#include <gtest/gtest.h>

#include <cctype>
#include <string>

#include "cucurbit/engine.hpp"

namespace cucurbit {

/// A test of one engine, named by GetParam().
class OnEngine : public testing::TestWithParam<std::string> {
protected:
    EnginePointer engine_ = make_engine(GetParam());
};

inline auto every_engine() {
    return testing::Values(std::string("cpu"));
}

}  // namespace cucurbit

#define CUCURBIT_ON_EVERY_ENGINE(suite)                                  \
    INSTANTIATE_TEST_SUITE_P(Engines, suite, ::cucurbit::every_engine(), \
                             [](const auto& engine) { return engine.param; })
