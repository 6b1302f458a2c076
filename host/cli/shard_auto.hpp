#pragma once
// Which shard a process is, by what batch systems and MPI's launchers tell it.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "cucurbit/engine.hpp"

namespace cucurbit::cli {

/// The value of a variable of the environment, or null: std::getenv.
using Environment = std::function<const char*(const char* name)>;

struct NamedShard {
    std::string name;  ///< I/N, as --shard takes it
    /// Number of this process among those that a launcher started on this machine, from 0 on; empty
    /// where it started one alone, or none.
    std::optional<std::size_t> local_rank;
};

/// The task of an array job (Slurm, SGE, LSF), times the rank in it of a process that Open MPI,
/// Hydra, Intel MPI or srun started. A launcher inside a Slurm job counts, not the job's own
/// variables, which it passes on. Throws UsageError, with names and values, where variables
/// contradict each other, do not say of how many parts this is one (PBS), belong to a part of an
/// array or to the script around srun, or where there are none.
NamedShard shard_from(const Environment& environment);

/// The card of a process that shares all of these devices with others of its machine, one card
/// each; the choice as it is without such others.
std::string own_device(const DeviceChoice& choice, std::optional<std::size_t> local_rank);

}  // namespace cucurbit::cli
