// Which shard a process is, by the environments of batch systems and launchers.

#include "host/cli/shard_auto.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "host/cli/exit.hpp"

namespace cucurbit::cli {
namespace {

using Variables = std::map<std::string, std::string>;

NamedShard shard_in(const Variables& variables) {
    return shard_from([&](const char* name) -> const char* {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    });
}

/// Why there is no shard; empty where there is one.
std::string refusal(const Variables& variables) {
    try {
        shard_in(variables);
        return {};
    } catch (const UsageError& error) {
        return error.what();
    }
}

/// Both, where names are not the same.
Variables operator+(Variables a, const Variables& b) {
    a.insert(b.begin(), b.end());
    return a;
}

Variables slurm_array(const std::string& id, const std::string& count, const std::string& first,
                      const std::string& last, const std::string& step = "1") {
    return {{"SLURM_ARRAY_TASK_ID", id},
            {"SLURM_ARRAY_TASK_COUNT", count},
            {"SLURM_ARRAY_TASK_MIN", first},
            {"SLURM_ARRAY_TASK_MAX", last},
            {"SLURM_ARRAY_TASK_STEP", step}};
}

/// As sbatch leaves it in the script of a job with so many tasks.
Variables slurm_script(const std::string& tasks) {
    return {{"SLURM_JOB_ID", "77"},
            {"SLURM_PROCID", "0"},
            {"SLURM_LOCALID", "0"},
            {"SLURM_NTASKS", tasks}};
}

Variables slurm_task(const std::string& rank, const std::string& tasks, const std::string& local) {
    return {{"SLURM_STEP_NUM_TASKS", tasks},
            {"SLURM_NTASKS", tasks},
            {"SLURM_PROCID", rank},
            {"SLURM_LOCALID", local}};
}

Variables open_mpi(const std::string& rank, const std::string& size, const std::string& local) {
    return {{"OMPI_COMM_WORLD_RANK", rank},
            {"OMPI_COMM_WORLD_SIZE", size},
            {"OMPI_COMM_WORLD_LOCAL_RANK", local},
            {"PMIX_RANK", rank}};
}

Variables hydra(const std::string& rank, const std::string& size, const std::string& local) {
    return {{"PMI_RANK", rank}, {"PMI_SIZE", size}, {"MPI_LOCALRANKID", local}};
}

Variables sge_array(const std::string& id, const std::string& first, const std::string& last,
                    const std::string& step = "1") {
    return {{"SGE_TASK_ID", id},
            {"SGE_TASK_FIRST", first},
            {"SGE_TASK_LAST", last},
            {"SGE_TASK_STEPSIZE", step}};
}

TEST(AutoShard, IsTheTaskOfAnArray) {
    EXPECT_EQ(shard_in(slurm_array("3", "8", "1", "8")).name, "3/8");
    EXPECT_EQ(shard_in(slurm_array("0", "8", "0", "7")).name, "1/8");
    EXPECT_EQ(shard_in(slurm_array("7", "8", "0", "7")).name, "8/8");
    EXPECT_EQ(shard_in(slurm_array("8", "3", "0", "8", "4")).name, "3/3");
    EXPECT_EQ(shard_in(slurm_array("1", "1", "1", "1")).name, "1/1");
    EXPECT_EQ(shard_in(sge_array("3", "1", "8")).name, "3/8");
    EXPECT_EQ(shard_in(sge_array("6", "2", "10", "2")).name, "3/5");
    EXPECT_EQ(shard_in({{"LSB_JOBINDEX", "3"}, {"LSB_JOBINDEX_END", "8"}}).name, "3/8");
    EXPECT_EQ(
        shard_in({{"LSB_JOBINDEX", "7"}, {"LSB_JOBINDEX_END", "10"}, {"LSB_JOBINDEX_STEP", "3"}})
            .name,
        "3/4");
    EXPECT_FALSE(shard_in(slurm_array("3", "8", "1", "8")).local_rank);
}

TEST(AutoShard, IsTheRankThatALauncherGave) {
    EXPECT_EQ(shard_in(open_mpi("2", "4", "0")).name, "3/4");
    EXPECT_EQ(shard_in(open_mpi("2", "4", "1")).local_rank, 1u);
    EXPECT_EQ(shard_in(hydra("0", "4", "0")).name, "1/4");
    EXPECT_EQ(shard_in(hydra("3", "4", "3")).local_rank, 3u);
    EXPECT_EQ(shard_in({{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}}).name, "2/2");
    EXPECT_FALSE(shard_in({{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}}).local_rank);
    EXPECT_EQ(shard_in(slurm_task("5", "6", "2")).name, "6/6");
    EXPECT_EQ(shard_in(slurm_task("5", "6", "2")).local_rank, 2u);
    EXPECT_FALSE(shard_in(slurm_task("0", "1", "0")).local_rank) << "all cards are its own";
    EXPECT_EQ(shard_in(slurm_task("1", "4", "1") + Variables{{"PMIX_RANK", "1"}}).name, "2/4");
}

TEST(AutoShard, OfALauncherInsideASlurmJobIsTheLaunchers) {
    EXPECT_EQ(shard_in(open_mpi("3", "4", "3") + slurm_script("8")).name, "4/4");
    EXPECT_EQ(shard_in(open_mpi("3", "4", "1") + slurm_task("1", "2", "0")).name, "4/4");
    EXPECT_EQ(shard_in(open_mpi("3", "4", "1") + slurm_task("1", "2", "0")).local_rank, 1u);
    EXPECT_EQ(shard_in(hydra("1", "4", "1") + slurm_task("0", "2", "0")).name, "2/4");
}

TEST(AutoShard, OfAnArraysTaskWithRanksCountsBoth) {
    const Variables task = slurm_array("2", "3", "1", "3");
    EXPECT_EQ(shard_in(task + slurm_task("0", "4", "0")).name, "5/12");
    EXPECT_EQ(shard_in(task + slurm_task("3", "4", "1")).name, "8/12");
    EXPECT_EQ(shard_in(task + open_mpi("1", "2", "1")).name, "4/6");
    EXPECT_EQ(shard_in(task + slurm_script("1")).name, "2/3");
    EXPECT_EQ(shard_in(sge_array("2", "1", "3") + hydra("1", "2", "1")).name, "4/6");
    EXPECT_EQ(shard_in(Variables{{"SGE_TASK_ID", "undefined"}} + hydra("1", "2", "1")).name, "2/2");
    EXPECT_EQ(shard_in(Variables{{"LSB_JOBINDEX", "0"}} + open_mpi("1", "2", "1")).name, "2/2");
}

TEST(AutoShard, RefusesContradictionsByNamesAndValues) {
    struct Case {
        Variables variables;
        std::vector<std::string> words;
    };
    const std::vector<Case> cases{
        {slurm_array("9", "8", "1", "8"), {"SLURM_ARRAY_TASK_ID=9", "SLURM_ARRAY_TASK_MAX=8"}},
        {slurm_array("1", "4", "2", "8", "2"), {"SLURM_ARRAY_TASK_ID=1", "SLURM_ARRAY_TASK_MIN=2"}},
        {slurm_array("3", "4", "0", "6", "2"),
         {"SLURM_ARRAY_TASK_ID=3", "SLURM_ARRAY_TASK_STEP=2"}},
        {slurm_array("7", "3", "1", "7"), {"SLURM_ARRAY_TASK_COUNT=3", "SLURM_ARRAY_TASK_MAX=7"}},
        {slurm_array("3", "1", "3", "3"), {"SLURM_ARRAY_TASK_MIN=3", "part of an array"}},
        {slurm_array("3", "8", "1", "8", "0"), {"are no range"}},
        {{{"SLURM_ARRAY_TASK_ID", "3"}},
         {"SLURM_ARRAY_TASK_ID=3", "is set, but SLURM_ARRAY_TASK_"}},
        {slurm_array("3", "8", "1", "8") + sge_array("2", "1", "8"),
         {"SLURM_ARRAY_TASK_ID=3", "SGE_TASK_ID=2"}},
        {slurm_array("3", "8", "1", "8") + sge_array("3", "1", "9"),
         {"SLURM_ARRAY_TASK_MAX=8", "SGE_TASK_LAST=9"}},
        {open_mpi("1", "4", "0") + hydra("2", "4", "0"), {"OMPI_COMM_WORLD_RANK=1", "PMI_RANK=2"}},
        {open_mpi("1", "4", "0") + hydra("1", "3", "0"), {"OMPI_COMM_WORLD_SIZE=4", "PMI_SIZE=3"}},
        {hydra("1", "4", "0") + Variables{{"PMIX_RANK", "2"}}, {"PMIX_RANK=2", "PMI_RANK=1"}},
        {hydra("4", "4", "0"), {"PMI_RANK=4", "PMI_SIZE=4"}},
        {{{"PMI_RANK", "1"}}, {"PMI_RANK=1", "PMI_SIZE is not"}},
        {{{"PMIX_RANK", "1"}}, {"PMIX_RANK=1", "of how many"}},
        {slurm_script("8"), {"SLURM_PROCID=0", "SLURM_NTASKS=8", "srun"}},
        {{{"PBS_ARRAY_INDEX", "3"}}, {"PBS_ARRAY_INDEX=3", "--shard $PBS_ARRAY_INDEX/N"}},
        {{{"PBS_ARRAYID", "3"}}, {"PBS_ARRAYID=3", "--shard $PBS_ARRAYID/N"}},
        {{{"PMI_RANK", "one"}, {"PMI_SIZE", "2"}}, {"PMI_RANK='one'", "no number"}},
        {{{"PMI_RANK", "-1"}, {"PMI_SIZE", "2"}}, {"PMI_RANK='-1'", "no number"}},
        {{{"PMI_RANK", "1"}, {"PMI_SIZE", "99999999999999999999"}}, {"no number"}}};
    for (const auto& [variables, words] : cases)
        for (const std::string& word : words)
            EXPECT_NE(refusal(variables).find(word), std::string::npos)
                << word << " is not in: " << refusal(variables);
}

TEST(AutoShard, WithoutAnyVariableSaysWhichAreLookedFor) {
    for (const Variables& none : {Variables(), slurm_script("1")})
        for (const char* name :
             {"SLURM_ARRAY_TASK_ID", "SGE_TASK_ID", "LSB_JOBINDEX", "PBS_ARRAY_INDEX",
              "PBS_ARRAYID", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID"})
            EXPECT_NE(refusal(none).find(name), std::string::npos) << name;
}

TEST(OwnDevice, IsOneCardForEachProcessOfAMachine) {
    DeviceChoice cards{"cuda:0,2", {Device(), Device()}, {}};
    cards.devices[0].name = "cuda:0";
    cards.devices[1].name = "cuda:2";
    EXPECT_EQ(own_device(cards, {}), "cuda:0,2");
    EXPECT_EQ(own_device(cards, 0), "cuda:0");
    EXPECT_EQ(own_device(cards, 1), "cuda:2");
    EXPECT_EQ(own_device(cards, 5), "cuda:2");
    EXPECT_EQ(own_device({"cpu", {Device()}, {}}, 3), "cpu");
}

}  // namespace
}  // namespace cucurbit::cli
