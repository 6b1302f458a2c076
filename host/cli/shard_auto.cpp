#include "host/cli/shard_auto.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstring>
#include <vector>

#include "host/cli/exit.hpp"

namespace cucurbit::cli {

namespace {

/// A variable that is set.
struct Variable {
    const char* name = "";
    std::uint64_t value = 0;
};

std::string text_of(const Variable& variable) {
    return fmt::format("{}={}", variable.name, variable.value);
}

/// A variable's number; nothing where it is not set, or "undefined", as SGE says outside of arrays.
std::optional<Variable> find(const Environment& environment, const char* name) {
    const char* text = environment(name);
    if (text == nullptr || *text == '\0' || std::strcmp(text, "undefined") == 0) return {};
    Variable variable{name, 0};
    constexpr std::uint64_t most = 1'000'000'000;
    const char* end = text + std::strlen(text);
    const auto [last, error] = std::from_chars(text, end, variable.value);
    if (error != std::errc() || last != end || variable.value > most)
        throw UsageError(
            fmt::format("--shard auto: {}='{}' is no number up to {}", name, text, most));
    return variable;
}

/// A variable that stands beside another one.
Variable require(const Environment& environment, const char* name, const Variable& beside) {
    if (const std::optional<Variable> found = find(environment, name)) return *found;
    throw UsageError(
        fmt::format("--shard auto: {} is set, but {} is not: name the shard, as "
                    "--shard I/N",
                    text_of(beside), name));
}

[[noreturn]] void refuse(const Variable& a, const Variable& b, const std::string& why) {
    throw UsageError(fmt::format("--shard auto: {} and {} {}: name the shard, as --shard I/N",
                                 text_of(a), text_of(b), why));
}

/// One of several parts, from 0 on, and the variables that say so.
struct Part {
    Variable index_from, count_from;
    std::uint64_t index = 0;
    std::uint64_t count = 1;
};

/// Task `id` of those from `first` to `last` by steps.
Part part_of(const Variable& id, const Variable& first, const Variable& last,
             const Variable& step) {
    if (step.value == 0 || last.value < first.value) refuse(first, last, "are no range of tasks");
    if (id.value < first.value) refuse(id, first, "contradict each other");
    if (id.value > last.value) refuse(id, last, "contradict each other");
    if ((id.value - first.value) % step.value != 0) refuse(id, step, "contradict each other");
    // Someone who submits a few tasks of an array again wants these shards, not a new division.
    if (first.value > step.value) refuse(first, step, "belong to a part of an array, it seems");
    return {id, last, (id.value - first.value) / step.value,
            (last.value - first.value) / step.value + 1};
}

std::optional<Part> slurm_array(const Environment& environment) {
    const std::optional<Variable> id = find(environment, "SLURM_ARRAY_TASK_ID");
    if (!id) return {};
    const Part part = part_of(*id, require(environment, "SLURM_ARRAY_TASK_MIN", *id),
                              require(environment, "SLURM_ARRAY_TASK_MAX", *id),
                              require(environment, "SLURM_ARRAY_TASK_STEP", *id));
    const Variable count = require(environment, "SLURM_ARRAY_TASK_COUNT", *id);
    if (count.value != part.count) refuse(count, part.count_from, "are of an array with gaps");
    return part;
}

std::optional<Part> sge_array(const Environment& environment) {
    const std::optional<Variable> id = find(environment, "SGE_TASK_ID");
    if (!id) return {};
    return part_of(*id, require(environment, "SGE_TASK_FIRST", *id),
                   require(environment, "SGE_TASK_LAST", *id),
                   require(environment, "SGE_TASK_STEPSIZE", *id));
}

/// LSF's index is 0 outside of arrays, and it does not tell where an array begins.
std::optional<Part> lsf_array(const Environment& environment) {
    const std::optional<Variable> id = find(environment, "LSB_JOBINDEX");
    if (!id || id->value == 0) return {};
    const Variable step =
        find(environment, "LSB_JOBINDEX_STEP").value_or(Variable{"LSB_JOBINDEX_STEP", 1});
    return part_of(*id, {"the first index", 1}, require(environment, "LSB_JOBINDEX_END", *id),
                   step);
}

void refuse_pbs_array(const Environment& environment) {
    for (const char* name : {"PBS_ARRAY_INDEX", "PBS_ARRAYID"})
        if (const std::optional<Variable> index = find(environment, name))
            throw UsageError(fmt::format(
                "--shard auto: {} tells which part this is, but PBS does not tell of how many: "
                "write --shard ${}/N, for an array from 1 to N",
                text_of(*index), name));
}

std::optional<Part> rank_in(const Environment& environment, const char* rank, const char* size) {
    const std::optional<Variable> index = find(environment, rank);
    if (!index) return {};
    const Variable count = require(environment, size, *index);
    if (index->value >= count.value) refuse(*index, count, "contradict each other");
    return Part{*index, count, index->value, count.value};
}

/// The one of two parts that is there; where both are, they must be the same.
std::optional<Part> same(const std::optional<Part>& a, const std::optional<Part>& b) {
    if (!a || !b) return a ? a : b;
    if (a->count != b->count) refuse(a->count_from, b->count_from, "contradict each other");
    if (a->index != b->index) refuse(a->index_from, b->index_from, "contradict each other");
    return a;
}

/// Only tasks of srun have SLURM_STEP_NUM_TASKS: the script that sbatch starts is number 0 of
/// SLURM_NTASKS too, of which it is the only one.
std::optional<Part> slurm_task(const Environment& environment) {
    if (find(environment, "SLURM_STEP_NUM_TASKS"))
        return rank_in(environment, "SLURM_PROCID", "SLURM_STEP_NUM_TASKS");
    const std::optional<Variable> rank = find(environment, "SLURM_PROCID");
    const std::optional<Variable> tasks = find(environment, "SLURM_NTASKS");
    if (rank && tasks && tasks->value > 1)
        throw UsageError(fmt::format(
            "--shard auto: {} and {}, but no srun started this process: start it with srun, or "
            "ask for --cpus-per-task instead of tasks",
            text_of(*rank), text_of(*tasks)));
    return {};
}

struct Rank {
    std::optional<Part> part;
    std::optional<std::size_t> local;
};

Rank rank_from(const Environment& environment) {
    const auto local = [&](const char* name) -> std::optional<std::size_t> {
        const std::optional<Variable> found = find(environment, name);
        return found ? std::optional<std::size_t>(found->value) : std::nullopt;
    };
    const auto open_mpi = rank_in(environment, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE");
    const auto hydra = rank_in(environment, "PMI_RANK", "PMI_SIZE");
    Rank rank{same(open_mpi, hydra), {}};
    if (!rank.part) rank.part = slurm_task(environment);
    if (rank.part && rank.part->count > 1)
        rank.local = local(open_mpi ? "OMPI_COMM_WORLD_LOCAL_RANK"
                           : hydra  ? "MPI_LOCALRANKID"
                                    : "SLURM_LOCALID");
    const std::optional<Variable> pmix = find(environment, "PMIX_RANK");
    if (pmix && !rank.part)
        throw UsageError(fmt::format(
            "--shard auto: {} tells which part this is, but nothing tells of how many: name the "
            "shard, as --shard I/N",
            text_of(*pmix)));
    if (pmix && pmix->value != rank.part->index)
        refuse(*pmix, rank.part->index_from, "contradict each other");
    return rank;
}

}  // namespace

NamedShard shard_from(const Environment& environment) {
    refuse_pbs_array(environment);
    const std::optional<Part> array =
        same(same(slurm_array(environment), sge_array(environment)), lsf_array(environment));
    const Rank rank = rank_from(environment);
    if (!array && !rank.part)
        throw UsageError(
            "--shard auto: no batch system or launcher tells which shard this is; looked for "
            "SLURM_ARRAY_TASK_ID, SGE_TASK_ID, LSB_JOBINDEX, PBS_ARRAY_INDEX, PBS_ARRAYID, "
            "OMPI_COMM_WORLD_RANK, PMI_RANK, PMIX_RANK, and SLURM_PROCID with "
            "SLURM_STEP_NUM_TASKS");
    const Part outer = array.value_or(Part()), inner = rank.part.value_or(Part());
    return {fmt::format("{}/{}", outer.index * inner.count + inner.index + 1,
                        outer.count * inner.count),
            rank.local};
}

std::string own_device(const DeviceChoice& choice, std::optional<std::size_t> local_rank) {
    if (!local_rank || choice.devices.size() < 2) return choice.name;
    return choice.devices[*local_rank % choice.devices.size()].name;
}

}  // namespace cucurbit::cli
