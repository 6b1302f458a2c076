#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <memory>
#include <system_error>

#include "cucurbit/store.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/process.hpp"
#include "host/cli/talk.hpp"
#include "host/run/shares.hpp"

namespace cucurbit::cli {

namespace {

struct SubmitArguments {
    StudyOptions study;
    std::string directory;
    std::size_t shards = 8;
    bool slurm = false;
    bool print = false;
    std::vector<std::string> sbatch;
};

/// The scripts of an array job of shards and of the merge that follows it.
struct Scripts {
    std::string shard, merge, submit;
};

// Slurm's warning before the time limit reaches the script alone, which hands it on: the run stops
// after the trials in flight. A signal ends the script's waiting too, but not the run.
constexpr const char* shard_script = R"(#!/bin/bash
# A shard of {folder}: task SLURM_ARRAY_TASK_ID of an array from 1 to {shards}.
{program} run {quoted} --shard "$SLURM_ARRAY_TASK_ID/{shards}" &
run=$!
trap 'kill -USR1 "$run"' USR1 TERM
for _ in 1 2 3; do
    wait "$run"
    code=$?
    [ "$code" -le 128 ] && break
done
# Stopped, and can be continued: back into the queue.
[ "$code" -eq 75 ] && scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"
exit "$code"
)";

constexpr const char* merge_script = R"(#!/bin/bash
# Joins the shards of {folder} when all of them are complete.
exec {program} merge {quoted}-{{1..{shards}}}-of-{shards} -o {quoted}
)";

constexpr const char* submit_script = R"(#!/bin/bash
# Submits the shards of {folder} as an array, and the merge that follows it.
array=$(sbatch --parsable --job-name={name} --array=1-{shards} --requeue --open-mode=append \
    --signal=B:USR1@120 --output={logs}/shard-%a.log{options} {scripts}/shard.sh) || exit 2
echo "array job ${{array%%;*}}: {shards} shards"
sbatch --job-name={name}-merge --open-mode=append --output={logs}/merge.log{options} \
    --dependency="afterok:${{array%%;*}}" {scripts}/merge.sh || exit 2
)";

/// sbatch replaces what follows a per cent sign in a log's name.
std::string without_patterns(const std::filesystem::path& path) {
    std::string text;
    for (const char c : path.string()) text += c == '%' ? "%%" : std::string(1, c);
    return text;
}

Scripts scripts_of(const SubmitArguments& options, const Study& study,
                   const std::filesystem::path& folder) {
    std::string sbatch;
    for (const std::string& word : options.sbatch) sbatch += " " + single_quoted(word);
    const auto fill = [&](const char* script) {
        return fmt::format(fmt::runtime(script), fmt::arg("folder", folder.string()),
                           fmt::arg("quoted", single_quoted(folder.string())),
                           fmt::arg("program", single_quoted(own_path())),
                           fmt::arg("scripts", single_quoted((folder / "slurm").string())),
                           fmt::arg("logs", single_quoted(without_patterns(folder / "slurm"))),
                           fmt::arg("name", single_quoted(study.name)),
                           fmt::arg("shards", options.shards), fmt::arg("options", sbatch));
    };
    return {fill(shard_script), fill(merge_script), fill(submit_script)};
}

void write_script(const std::filesystem::path& file, const std::string& text) {
    errno = 0;
    std::ofstream out(file, std::ios::binary);
    out << text;
    out.close();
    if (!out)
        throw StoreError(fmt::format("{}: cannot be written: {}", file.string(),
                                     std::generic_category().message(errno)));
}

/// The options of the array are this command's own.
void refuse_array(const std::vector<std::string>& sbatch) {
    for (const std::string& word : sbatch)
        if (word.starts_with("--array") || word.starts_with("-a"))
            throw UsageError(word + " does not suit submit: --shards N makes the array");
}

/// As jobs name it, wherever they start.
std::filesystem::path folder_of_jobs(const SubmitArguments& options, const Study& study) {
    std::filesystem::path folder = options.directory;
    if (folder.empty()) folder = whole_folder(options.study, study);
    folder = std::filesystem::absolute(folder).lexically_normal();
    // Scripts and sbatch's options are lines.
    const std::string text = folder.string();
    if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }))
        throw UsageError("jobs need a folder without line breaks and other control characters");
    return folder.has_filename() ? folder : folder.parent_path();
}

std::uint64_t lacking_trials(const Study& study, const std::filesystem::path& folder) {
    std::uint64_t trials = 0;
    for (const std::vector<TrialRange>& ranges :
         shares(study, study.setting->designs(), {0, 1, folder}))
        trials += count_trials(ranges);
    return trials;
}

/// Becomes the script, whose words and exit code are this command's.
[[noreturn]] void become(const std::filesystem::path& script) {
    restore_signals();
    ::execlp("bash", "bash", script.c_str(), nullptr);
    throw UsageError("bash cannot be started: " + std::generic_category().message(errno));
}

Exit submit(const SubmitArguments& options) {
    refuse_array(options.sbatch);
    spare_edit(options.study);
    const Study study = read_study(options.study);
    const std::filesystem::path folder = folder_of_jobs(options, study);
    const Scripts scripts = scripts_of(options, study, folder);
    if (options.print) {
        std::cout << scripts.shard << '\n' << scripts.merge << '\n' << scripts.submit;
        finish_stdout();
        return Exit::done;
    }
    // The jobs take the study from the folder: an edit of its file does not reach them.
    Store::open_to_write(folder, study);
    if (lacking_trials(study, folder) == 0) {
        say(folder.string() + " is complete: nothing is submitted");
        return Exit::done;
    }
    std::filesystem::create_directories(folder / "slurm");
    write_script(folder / "slurm/shard.sh", scripts.shard);
    write_script(folder / "slurm/merge.sh", scripts.merge);
    write_script(folder / "slurm/submit.sh", scripts.submit);
    say(fmt::format("scripts and logs: {}; cucurbit status {} tells when it is complete",
                    (folder / "slurm").string(), typed(folder.string())));
    become(folder / "slurm/submit.sh");
}

}  // namespace

void add_submit(Program& program) {
    CLI::App& command = *program.app.add_subcommand(
        "submit", "Run a study as an array of batch jobs, and merge what they compute");
    const auto options = std::make_shared<SubmitArguments>();
    add_study_options(command, options->study);
    command.add_flag("--slurm", options->slurm, "By Slurm's sbatch")->required();
    command.add_option("--shards", options->shards, "Jobs that share the study's trials")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{100'000}).description(""))
        ->capture_default_str();
    command.add_option("-o,--output", options->directory, "The run's folder (default: runs/NAME)")
        ->type_name("DIR");
    command.add_flag("--print", options->print, "Print the scripts; write and submit nothing");
    command
        .add_option("OPTION", options->sbatch,
                    "After --: options of sbatch for all jobs, such as --time=4:00:00")
        ->type_name("");
    command.footer(
        "A job that is stopped before its time limit goes back into the queue and continues.");
    on_chosen(program, command, options, submit);
}

}  // namespace cucurbit::cli
