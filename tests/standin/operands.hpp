#pragma once
// The operands of library calls, and the checks that the vendor's libraries leave to their caller.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "tests/standin/machine.hpp"

namespace cucurbit::standin {

/// `count` column-major matrices of rows×cols doubles, `stride` apart.
struct Operand {
    std::string name;
    const double* data = nullptr;
    int rows = 0;
    int cols = 0;
    int ld = 0;
    long long stride = 0;
    int count = 1;
};

/// A violation unless the leading dimension holds a column and every matrix of the batch lies in
/// one allocation on the device.
void check_operand(const std::string& call, const Operand& operand, int device);

/// A violation where an element that is written belongs to two matrices of the call.
void refuse_overlap(const std::string& call, const std::vector<Operand>& written,
                    const std::vector<Operand>& read);

/// A violation unless so many items of so many bytes are in device memory at `data`.
void check_array(const std::string& call, const char* name, const void* data, int count,
                 std::size_t item_bytes, int device);

void check_not_negative(const std::string& call, std::initializer_list<long long> sizes);

/// NaN in every byte.
void destroy(void* data, std::size_t bytes);

/// A library handle: calls go to its stream.
struct Library {
    int device = 0;
    cudaStream_t stream = nullptr;
    void* workspace = nullptr;  ///< cuBLAS: given by the caller
    std::size_t workspace_bytes = 0;
};

/// A new handle of the current device.
Library* create_library();
/// A violation where another device is current: the libraries take the device for unchanged.
void destroy_library(const char* call, const Library* library);

/// The stream of a handle, which must be of the current device.
Stream& stream_of(Machine& machine, const char* call, const Library* library);

/// Enqueues a call whose operands were checked, and counts it.
void enqueue_call(Machine& machine, const char* call, const Library& library, double flops,
                  std::function<void()> work);

}  // namespace cucurbit::standin
