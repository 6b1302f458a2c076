#pragma once
// The built-in variables of device code, as the executor sets them.

#include <vector_types.h>

namespace cucurbit::standin {

void set_grid(dim3 grid, dim3 block);
void set_block(uint3 index);
void set_thread(uint3 index);

}  // namespace cucurbit::standin
