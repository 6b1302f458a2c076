#include "host/run/count.hpp"

#include "kernels/costs/one_for_all.hpp"

namespace cucurbit {

namespace {

/// Of the host, for one trial of a batch: its values and outcomes as a rung of the ladder gives
/// them, in the batch, and in the piece that goes to the store; whatever came down, since a
/// simulation may keep of all results what it makes of each; and the largest transfer on its way,
/// in page-locked memory and as it arrives.
std::size_t host_bytes(const OneForAll::Transfers& transfers, std::size_t series) {
    return 3 * series * (sizeof(double) + sizeof(Outcome)) +
           sizeof(double) *
               (transfers.down + 2 * transfers.largest_down + 2 * transfers.largest_up);
}

}  // namespace

Counted count_batch(const Setting& setting, const Design& design, std::size_t trials,
                    std::size_t scratch_bytes) {
    CountingEngine counting(scratch_bytes);
    OneForAll engine(counting, trials);
    const auto simulation = setting.simulation(design, engine, 1);
    counting.forget();
    engine.forget();
    const std::uint64_t trial = 0;
    TrialValues values;
    simulation->run({&trial, 1}, values);
    Counted counted;
    counted.calls = counting.calls();
    counted.host_bytes_per_trial = host_bytes(engine.transfers(), design.series.size());
    return counted;
}

}  // namespace cucurbit
