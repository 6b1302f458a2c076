#pragma once
// What the stand-in's own tests have in common: engine-like code that is small enough to be wrong
// on purpose.

#include "kernels/cuda/launch.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/standin/standin.hpp"

namespace cucurbit {

using standin::Counters;
using standin::counters;
using standin::fail_call;
using standin::Order;
using standin::Pace;
using standin::reset_counters;
using standin::settings;

/// Settings and counters as at the start, and a stream.
class Standin : public testing::Test {
protected:
    void SetUp() override {
        GTEST_FLAG_SET(death_test_style, "threadsafe");
        settings() = {};
        EXPECT_EQ(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), cudaSuccess);
        reset_counters();
    }
    void TearDown() override {
        // Runs what is pending.
        EXPECT_EQ(cudaStreamDestroy(stream_), cudaSuccess);
    }

    static double* device_array(std::size_t size) {
        void* data = nullptr;
        EXPECT_EQ(cudaMalloc(&data, size * sizeof(double)), cudaSuccess);
        return static_cast<double*>(data);
    }
    double* upload(const std::vector<double>& values) {
        double* data = device_array(values.size());
        EXPECT_EQ(cudaMemcpyAsync(data, values.data(), values.size() * sizeof(double),
                                  cudaMemcpyHostToDevice, stream_),
                  cudaSuccess);
        synchronise();
        return data;
    }
    std::vector<double> download(const double* data, std::size_t size) {
        std::vector<double> values(size);
        EXPECT_EQ(cudaMemcpyAsync(values.data(), data, size * sizeof(double),
                                  cudaMemcpyDeviceToHost, stream_),
                  cudaSuccess);
        synchronise();
        return values;
    }
    void synchronise() const { EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess); }

    cudaStream_t stream_ = nullptr;
};

}  // namespace cucurbit
