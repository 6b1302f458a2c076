// Included once for each instruction set, with CUCURBIT_INSTRUCTION_SET and CUCURBIT_LANE_BYTES.

#include <type_traits>

#include "kernels/common/exponential.hpp"
#include "kernels/common/score.hpp"
#include "kernels/cpu/descent/links.hpp"
#include "kernels/cpu/random/lanes.hpp"
#include "kernels/cpu/vectors.hpp"

namespace cucurbit::CUCURBIT_INSTRUCTION_SET {
namespace {

template <class Lane>
CUCURBIT_INLINE typename Lane::Real get(const double* from) {
    if constexpr (std::is_same_v<Lane, ScalarLane>)
        return *from;
    else
        return load(from);
}
template <class Lane>
CUCURBIT_INLINE void put(double* to, typename Lane::Real value) {
    if constexpr (std::is_same_v<Lane, ScalarLane>)
        *to = value;
    else
        store(to, value);
}

struct Identity {
    template <class Lane>
    static CUCURBIT_INLINE typename Lane::Real of(typename Lane::Real z) {
        return z;
    }
};
struct Logistic {
    template <class Lane>
    static CUCURBIT_INLINE typename Lane::Real of(typename Lane::Real z) {
        return logistic<Lane>(z);
    }
};

template <class Lane>
CUCURBIT_INLINE void add(const LinkTask& task, std::size_t i, std::size_t j,
                         typename Lane::Real prediction) {
    double* const to = task.to + i + j * task.to_ld;
    if (task.targets != nullptr)
        prediction = prediction - get<Lane>(task.targets + i + j * task.targets_ld);
    put<Lane>(to, get<Lane>(to) + task.factor * prediction);
}

template <class Function, class Lane>
CUCURBIT_INLINE void add_each(const DescentLink& link, const LinkTask& task, std::size_t i) {
    const double coldness = 1.0 / link.temperature;
    for (std::size_t j = 0; j < task.cols; ++j) {
        const auto z = get<Lane>(task.outputs + i + j * task.ld) * coldness;
        add<Lane>(task, i, j, Function::template of<Lane>(z));
    }
}

template <class Lane>
CUCURBIT_INLINE void add_softmax(const DescentLink& link, const LinkTask& task, std::size_t i) {
    using Real = typename Lane::Real;
    const double coldness = 1.0 / link.temperature;
    for (std::size_t first = 0; first < task.cols; first += link.classes) {
        const auto z = [&](std::size_t c) {
            return get<Lane>(task.outputs + i + (first + c) * task.ld);
        };
        Real largest = z(0);
        for (std::size_t c = 1; c < link.classes; ++c) {
            const Real other = z(c);
            largest = other > largest ? other : largest;
        }
        Real sum = {};
        for (std::size_t c = 0; c < link.classes; ++c) {
            const Real power = exponential<Lane>((z(c) - largest) * coldness);
            put<Lane>(task.scratch + c * link_lanes, power);
            sum = sum + power;
        }
        const Real share = 1.0 / sum;
        for (std::size_t c = 0; c < link.classes; ++c)
            add<Lane>(task, i, first + c, get<Lane>(task.scratch + c * link_lanes) * share);
    }
}

template <class Lane>
CUCURBIT_INLINE void add_rows(const DescentLink& link, const LinkTask& task, std::size_t i) {
    switch (link.kind) {
        case DescentLink::Kind::identity:
            return add_each<Identity, Lane>(link, task, i);
        case DescentLink::Kind::logistic:
            return add_each<Logistic, Lane>(link, task, i);
        case DescentLink::Kind::softmax:
            return add_softmax<Lane>(link, task, i);
    }
}

void add_residual(const DescentLink& link, const LinkTask& task) {
    std::size_t i = 0;
    for (; i + lanes <= task.rows; i += lanes) add_rows<VectorLane>(link, task, i);
    for (; i < task.rows; ++i) add_rows<ScalarLane>(link, task, i);
}

template <class Lane>
CUCURBIT_INLINE void measure(const double* z, double* confidence, double* loss) {
    const Confidence<Lane> measured = confidence_of<Lane>(get<Lane>(z));
    put<Lane>(confidence, measured.value);
    put<Lane>(loss, measured.loss);
}

void measure_confidence(const double* z, std::size_t count, double* confidence, double* loss) {
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) measure<VectorLane>(z + i, confidence + i, loss + i);
    for (; i < count; ++i) measure<ScalarLane>(z + i, confidence + i, loss + i);
}

}  // namespace
}  // namespace cucurbit::CUCURBIT_INSTRUCTION_SET
