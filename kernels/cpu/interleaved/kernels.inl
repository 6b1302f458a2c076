// The interleaved operations of one instruction set. Included by one source file for each; nothing
// of the standard library is instantiated here, because the linker might keep that copy for
// processors that lack the set.

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "kernels/common/host_device.hpp"
#include "kernels/cpu/interleaved/kernels.hpp"
#include "kernels/cpu/vectors.hpp"

namespace cucurbit::CUCURBIT_INSTRUCTION_SET {
namespace {

using Panel = InterleavedKernels::Panel;
using List = InterleavedKernels::List;

#include "kernels/cpu/interleaved/tiles.inl"

#include "kernels/cpu/interleaved/products.inl"

#include "kernels/cpu/interleaved/factorisations.inl"

#include "kernels/cpu/interleaved/sums.inl"

constexpr InterleavedKernels kernels(const char* name) {
    return {name,
            lanes,
            scale_rows,
            gram,
            add_outer,
            cholesky,
            invert_lower,
            multiply,
            multiply_by_transposed_lower,
            multiply_by_lower,
            project,
            solve_lower,
            solve_lower_transposed,
            combine,
            subtract,
            products,
            weighted_norm,
            row_norms,
            gains,
            prefix_sums};
}

}  // namespace
}  // namespace cucurbit::CUCURBIT_INSTRUCTION_SET
