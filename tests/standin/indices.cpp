#include "tests/standin/indices.hpp"

// CUDA's header declares these const; this file must not include it.
extern "C" {
uint3 threadIdx = {};
uint3 blockIdx = {};
dim3 blockDim;
dim3 gridDim;
int warpSize = 32;
}

namespace cucurbit::standin {

void set_grid(dim3 grid, dim3 block) {
    gridDim = grid;
    blockDim = block;
}

void set_block(uint3 index) {
    blockIdx = index;
}

void set_thread(uint3 index) {
    threadIdx = index;
}

}  // namespace cucurbit::standin
