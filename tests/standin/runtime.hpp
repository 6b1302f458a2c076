#pragma once
// What the CUDA runtime's entry points share.

#include <cuda_runtime.h>

#include "tests/standin/machine.hpp"

namespace cucurbit::standin {

/// The calling thread's last error, until it is asked for.
cudaError_t& last_error();

template <class Body>
cudaError_t runtime_entry(const char* call, Body body) {
    const cudaError_t status = entry(call, body);
    if (status != cudaSuccess) last_error() = status;
    return status;
}

}  // namespace cucurbit::standin
