// Streams, events and copies: nothing happens before it must.

#include <thread>

#include "tests/standin/standin_test.hpp"

namespace cucurbit {
namespace {

__global__ void set(double* out, double value) {
    *out = value;
}

__global__ void copy_one(const double* from, double* to) {
    *to = *from;
}

__global__ void spin_up(double* out) {
    *out += 1.0;
}

class Streams : public Standin {
protected:
    void SetUp() override {
        Standin::SetUp();
        ASSERT_EQ(cudaStreamCreateWithFlags(&other_, cudaStreamNonBlocking), cudaSuccess);
        ASSERT_EQ(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), cudaSuccess);
    }
    void TearDown() override {
        EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
        Standin::TearDown();
    }
    void set_value(cudaStream_t stream, double* at, double value) {
        ASSERT_EQ(launch("set", set, 1, 1, 0, stream, at, value), cudaSuccess);
    }
    /// The value that `stream` copies away, seen after that stream was waited for.
    double copied(cudaStream_t stream, const double* from) {
        double value = 0.0;
        EXPECT_EQ(cudaMemcpyAsync(&value, from, sizeof value, cudaMemcpyDeviceToHost, stream),
                  cudaSuccess);
        EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
        return value;
    }

    cudaStream_t other_ = nullptr;
    cudaEvent_t event_ = nullptr;
};

TEST_F(Streams, AResultIsNaNUntilTheHostWaits) {
    double* data = device_array(1);
    double value = 1.0;
    set_value(stream_, data, 3.0);
    ASSERT_EQ(cudaMemcpyAsync(&value, data, sizeof value, cudaMemcpyDeviceToHost, stream_),
              cudaSuccess);
    EXPECT_TRUE(std::isnan(value));
    synchronise();
    EXPECT_EQ(value, 3.0);
}

TEST_F(Streams, EagerStreamsDoNotWait) {
    settings().pace = Pace::eager;
    double* data = device_array(1);
    double value = 1.0;
    set_value(stream_, data, 3.0);
    ASSERT_EQ(cudaMemcpyAsync(&value, data, sizeof value, cudaMemcpyDeviceToHost, stream_),
              cudaSuccess);
    EXPECT_EQ(value, 3.0);
}

TEST_F(Streams, WaitingForOneStreamRunsNoOther) {
    double* data = device_array(1);
    set_value(other_, data, 3.0);
    EXPECT_TRUE(std::isnan(copied(stream_, data))) << "the event between the streams is missing";
}

TEST_F(Streams, AnEventCarriesTheOrder) {
    double* data = device_array(1);
    set_value(other_, data, 3.0);
    ASSERT_EQ(cudaEventRecord(event_, other_), cudaSuccess);
    set_value(other_, data, 4.0);
    ASSERT_EQ(cudaStreamWaitEvent(stream_, event_, 0), cudaSuccess);
    EXPECT_EQ(copied(stream_, data), 3.0) << "what came after the record is not waited for";
    ASSERT_EQ(cudaEventRecord(event_, other_), cudaSuccess);
    EXPECT_EQ(copied(stream_, data), 3.0) << "the wait was for the earlier record";
    ASSERT_EQ(cudaEventSynchronize(event_), cudaSuccess);
    EXPECT_EQ(copied(stream_, data), 4.0);
}

TEST_F(Streams, BothSidesOfAForkAreChecked) {
    for (const bool waits : {true, false}) {
        settings().pace = Pace::ahead;
        double* data = device_array(1);
        double* copy = device_array(1);
        set_value(stream_, data, 3.0);
        ASSERT_EQ(cudaEventRecord(event_, stream_), cudaSuccess);
        if (waits) {
            ASSERT_EQ(cudaStreamWaitEvent(other_, event_, 0), cudaSuccess);
        }
        ASSERT_EQ(launch("copy_one", copy_one, 1, 1, 0, other_, data, copy), cudaSuccess);
        ASSERT_EQ(cudaEventRecord(event_, other_), cudaSuccess);
        ASSERT_EQ(cudaStreamWaitEvent(stream_, event_, 0), cudaSuccess);
        const double value = copied(stream_, copy);
        EXPECT_TRUE(waits ? value == 3.0 : std::isnan(value)) << value;
    }
}

TEST_F(Streams, WhatAStreamDoesAfterAForkIsNotHeldBack) {
    double* data = upload({1.0});
    double* copy = device_array(1);
    ASSERT_EQ(launch("copy_one", copy_one, 1, 1, 0, other_, data, copy), cudaSuccess);
    ASSERT_EQ(cudaEventRecord(event_, other_), cudaSuccess);
    set_value(stream_, data, 3.0);
    ASSERT_EQ(cudaStreamWaitEvent(stream_, event_, 0), cudaSuccess);
    EXPECT_EQ(copied(stream_, copy), 3.0) << "the copy must not hide that it may come late";
}

TEST_F(Streams, AnEventThatWasNeverRecordedIsOver) {
    double* data = device_array(1);
    ASSERT_EQ(cudaStreamWaitEvent(stream_, event_, 0), cudaSuccess);
    ASSERT_EQ(cudaEventSynchronize(event_), cudaSuccess);
    set_value(other_, data, 3.0);
    EXPECT_TRUE(std::isnan(copied(stream_, data)));
}

TEST_F(Streams, ADeviceIsWaitedForAsAWhole) {
    double* data = device_array(1);
    set_value(other_, data, 3.0);
    ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    EXPECT_EQ(copied(stream_, data), 3.0);
}

TEST_F(Streams, TheHostMustNotChangeWhatIsToBeCopied) {
    double* data = device_array(1);
    double value = 2.0;
    ASSERT_EQ(cudaMemcpyAsync(data, &value, sizeof value, cudaMemcpyHostToDevice, stream_),
              cudaSuccess);
    value = 3.0;
    EXPECT_DEATH(synchronise(), "the host changed what is to be copied");
    value = 2.0;
    EXPECT_EQ(copied(stream_, data), 2.0);
}

TEST_F(Streams, MisusesAreReported) {
    double* data = device_array(2);
    double value = 0.0;
    const auto copy = [&](void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                          cudaStream_t stream) {
        static_cast<void>(cudaMemcpyAsync(to, from, bytes, kind, stream));
    };
    EXPECT_DEATH(set_value(nullptr, data, 1.0), "set: uses a default stream");
    EXPECT_DEATH(set_value(cudaStreamPerThread, data, 1.0), "set: uses a default stream");
    EXPECT_DEATH(copy(data, &value, 8, cudaMemcpyHostToDevice, nullptr), "default stream");
    EXPECT_DEATH(copy(data, &value, 8, cudaMemcpyDefault, stream_), "direction");
    EXPECT_DEATH(copy(data, &value, 8, cudaMemcpyDeviceToHost, stream_),
                 "the destination is in memory of cuda:0, not of the host");
    EXPECT_DEATH(copy(&value, data, 8, cudaMemcpyHostToDevice, stream_),
                 "the destination is at no device memory");
    EXPECT_DEATH(copy(data, &value, 24, cudaMemcpyHostToDevice, stream_),
                 "needs 24 bytes from byte 0 on of an allocation of 16 bytes");
    ASSERT_EQ(cudaStreamDestroy(other_), cudaSuccess);
    EXPECT_DEATH(set_value(other_, data, 1.0), "the stream was destroyed");
    ASSERT_EQ(cudaEventDestroy(event_), cudaSuccess);
    EXPECT_DEATH(static_cast<void>(cudaEventRecord(event_, stream_)), "the event was destroyed");
}

TEST_F(Streams, BelongToTheirDevice) {
    settings().devices = 2;
    double* data = device_array(1);
    ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
    EXPECT_DEATH(set_value(stream_, data, 1.0), "is in memory of cuda:0, not of cuda:1");
    EXPECT_DEATH(set_value(stream_, device_array(1), 1.0),
                 "belongs to cuda:0, the current device is cuda:1");
    cudaStream_t there = nullptr;
    ASSERT_EQ(cudaStreamCreateWithFlags(&there, cudaStreamNonBlocking), cudaSuccess);
    EXPECT_DEATH(static_cast<void>(cudaMemcpyAsync(data, data, 8, cudaMemcpyDeviceToDevice, there)),
                 "is in memory of cuda:0, not of cuda:1");
    ASSERT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
    ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
    EXPECT_EQ(cudaSetDevice(2), cudaErrorInvalidDevice);
    EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(Streams, ServeSeveralHostThreads) {
    constexpr int rounds = 200;
    std::vector<double> results(2);
    std::vector<std::thread> workers;
    for (double& result : results)
        workers.emplace_back([this, &result] {
            cudaStream_t stream = nullptr;
            ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
            double* data = device_array(1);
            set_value(stream, data, 0.0);
            for (int round = 0; round < rounds; ++round) {
                ASSERT_EQ(launch("spin_up", spin_up, 1, 1, 0, stream, data), cudaSuccess);
                if (round % 7 == 0) {
                    ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
                }
            }
            result = copied(stream, data);
        });
    for (std::thread& worker : workers) worker.join();
    EXPECT_EQ(results, (std::vector<double>{rounds, rounds}));
}

TEST_F(Streams, DeviceToDeviceCopiesKeepTheirPlaceInTheQueue) {
    double* from = device_array(1);
    double* to = device_array(1);
    set_value(stream_, from, 1.0);
    ASSERT_EQ(cudaMemcpyAsync(to, from, sizeof(double), cudaMemcpyDeviceToDevice, stream_),
              cudaSuccess);
    set_value(stream_, from, 2.0);
    ASSERT_EQ(launch("copy_one", copy_one, 1, 1, 0, stream_, to, from), cudaSuccess);
    EXPECT_EQ(copied(stream_, from), 1.0);
}

}  // namespace
}  // namespace cucurbit
