#pragma once
// The commands. Each add_ function declares a command's options and sets the program's action when
// the command is chosen.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cucurbit/run.hpp"
#include "cucurbit/study.hpp"
#include "host/cli/exit.hpp"
#include "host/cli/output.hpp"
#include "host/cli/shard_auto.hpp"

namespace cucurbit::cli {

struct Program {
    CLI::App app;
    std::vector<std::string> argv;
    std::function<Exit()> action;
};

void add_run(Program& program);
void add_extend(Program& program);
void add_check(Program& program);
void add_plan(Program& program);
void add_theory(Program& program);
void add_explain(Program& program);
void add_submit(Program& program);
void add_status(Program& program);
void add_export(Program& program);
void add_merge(Program& program);
void add_compare(Program& program);
void add_replay(Program& program);
void add_verify(Program& program);
void add_plot(Program& program);
void add_report(Program& program);
void add_bench(Program& program);
void add_devices(Program& program);
void add_doctor(Program& program);
void add_init(Program& program);
void add_cite(Program& program);
void add_completion(Program& program);

/// Runs `body(options)` when the command is chosen. The options outlive parsing.
template <class Options, class Body>
void on_chosen(Program& program, CLI::App& command, std::shared_ptr<Options> options, Body body) {
    command.callback([&program, options = std::move(options), body = std::move(body)] {
        program.action = [options, body] { return body(*options); };
    });
}

/// The positional STUDY.toml and --set of a command.
struct StudyOptions {
    std::string file;
    std::vector<std::string> overrides;
};
void add_edits(CLI::App& command, std::vector<std::string>& overrides);
void add_study_options(CLI::App& command, StudyOptions& options);
/// Reads the study; where `file` is a run's folder, the study that the folder holds, edited
/// likewise.
Study read_study(const StudyOptions& options);
/// Likewise, where the output is none of the files that are read; else throws UsageError.
Study read_study(const StudyOptions& options, const Output& output);
/// Throws UsageError where `file` is a run's folder whose study.toml is not what the run stored:
/// someone's edit, which the run would overwrite.
void spare_edit(const StudyOptions& options);

/// The positional DIR.
void add_directory(CLI::App& command, std::string& directory);
void add_device(CLI::App& command, std::string& device);
/// --device and --threads.
struct DeviceOptions {
    std::string device = "auto";
    std::size_t threads = 0;
};
void add_device_options(CLI::App& command, DeviceOptions& options);

/// --shard, read by shard_of: I/N, which auto has become.
void add_shard(CLI::App& command, NamedShard& shard);
/// The shard I/N, from 1/N to N/N, of the study or, where a run's folder was named, of what that
/// folder lacks; all of the study where no shard was named.
Shard shard_of(const std::string& text, const StudyOptions& study);

/// The folder of a whole run where no other is named: the run's folder that was named as the study,
/// or runs/NAME. Throws UsageError where the study's name suits no folder.
std::filesystem::path whole_folder(const StudyOptions& options, const Study& study);
/// A shard's folder beside the whole run's: runs/NAME-3-of-8 for runs/NAME and "3-of-8".
std::filesystem::path shard_folder(const std::filesystem::path& whole, const std::string& part);

/// The device that was chosen where its name left it open, and why.
std::string device_text(const std::string& device, const std::string& reason);
/// "1 design, 48 points, 144 series".
std::string extent_text(const Study& study);
/// How many rows of a table were judged, and how.
struct Judgement {
    std::size_t judged = 0;
    std::size_t failed = 0;
    std::string text;  ///< "7 rows judged: 7 confirmed, 0 failed; 2 without verdict"
};
Judgement judgement_of(const std::vector<Verdict>& verdicts);

/// Throws UsageError where the folder keeps moments: `what` needs single trials.
void require_trials(const std::string& directory, const Study& study, const std::string& what);
/// Says what the study's author should know before it runs.
void warn_of_remarks(const Study& study);
/// "1,024 trials", or "until rel_std_err 0.005, at most 100,000 trials"
std::string precision_text(const Precision& precision);

}  // namespace cucurbit::cli
