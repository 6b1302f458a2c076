// Eigendecompositions and gradient descent of the CPU engine.

#include <algorithm>
#include <limits>

#include "kernels/cpu/engine.hpp"
#include "kernels/cpu/lapack.hpp"

namespace cucurbit {

void CpuEngine::eigen(BatchMatrix g, BatchMatrix values) {
    const int n = static_cast<int>(g.rows), ld = static_cast<int>(g.ld);
    const int query = -1;
    int info = 0, index_size = 0;
    double size = 0.0;
    CUCURBIT_CHECK_LAPACK(lapack::dsyevd_("V", "L", &n, nullptr, &ld, nullptr, &size, &query,
                                          &index_size, &query, &info),
                          info);
    const int work_size = static_cast<int>(size);
    double* work = workspace(static_cast<std::size_t>(work_size)).data();
    std::vector<int> indices(static_cast<std::size_t>(index_size));
    for (std::size_t b = 0; b < g.count; ++b) {
        CUCURBIT_CHECK_LAPACK(lapack::dsyevd_("V", "L", &n, g.item(b), &ld, values.item(b), work,
                                              &work_size, indices.data(), &index_size, &info),
                              info);
        if (info == 0) continue;
        constexpr double missing = std::numeric_limits<double>::quiet_NaN();
        std::fill_n(values.item(b), g.rows, missing);
        for (std::size_t j = 0; j < g.cols; ++j) std::fill_n(g.item(b) + j * g.ld, g.rows, missing);
    }
}

}  // namespace cucurbit
