#include <cmath>
#include <memory>
#include <regex>

#include "cucurbit/run.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/interrupt.hpp"
#include "host/cli/output.hpp"
#include "host/cli/process.hpp"
#include "host/cli/progress.hpp"
#include "host/cli/talk.hpp"
#include "host/cli/time_limit.hpp"
#include "host/run/precision.hpp"

namespace cucurbit::cli {

namespace {

struct RunArguments {
    StudyOptions study;
    DeviceOptions device;
    std::string directory;
    std::string shard;
    std::string max_time;
    std::optional<std::uint64_t> trials;
    bool table = false;
    bool quiet = false;
    bool force = false;
};

std::filesystem::path folder_of(const RunArguments& options, const Study& study) {
    if (!options.directory.empty()) return options.directory;
    if (std::filesystem::is_directory(options.study.file)) return options.study.file;
    static const std::regex plain("[A-Za-z0-9_][A-Za-z0-9._-]*");
    if (!std::regex_match(study.name, plain))
        throw UsageError("the study's name '" + study.name +
                         "' does not suit a folder: name one with -o DIR");
    std::string name = study.name;
    if (!options.shard.empty()) {
        const Shard shard = shard_of(options.shard);
        name += fmt::format("-{}-of-{}", shard.index + 1, shard.count);
    }
    return std::filesystem::path("runs") / name;
}

std::string shard_text(const Study& study, const RunArguments& options) {
    if (options.shard.empty()) return {};
    const std::size_t all = study.setting->designs().size();
    const Shard shard = shard_of(options.shard);
    std::size_t designs = 0;
    for (std::size_t i = 0; i < all; ++i) designs += shard.holds(i) ? 1 : 0;
    return fmt::format(" (shard {}: {} of {})", options.shard, designs, plural(all, "design"));
}

void warn_of_idle_shard(const Study& study, const RunArguments& options) {
    const std::size_t designs = study.setting->designs().size();
    const Shard shard = shard_of(options.shard);
    if (shard.index >= designs)
        warn(fmt::format("shard {} has nothing to do: the study has {}", options.shard,
                         plural(designs, "design")));
}

void announce(const Study& study, const RunArguments& options,
              const std::filesystem::path& directory, const DeviceChoice& choice) {
    say(fmt::format("{}: {}, {} → {}{}", study.name, extent_text(study),
                    precision_text(study.precision), directory.string(),
                    shard_text(study, options)));
    if (!choice.reason.empty()) say(device_text(choice.name, choice.reason));
    warn_of_remarks(study);
    warn_of_idle_shard(study, options);
}

void warn_of_imprecise(const Table& table) {
    const Row* worst = nullptr;
    std::size_t count = 0;
    const auto relative = [](const Row& row) { return row.std_err / std::abs(row.estimate); };
    for (const Row& row : table.rows) {
        if (!has_flag(row.flags, imprecise)) continue;
        ++count;
        if (worst == nullptr || relative(row) > relative(*worst)) worst = &row;
    }
    if (worst == nullptr) return;
    std::string place;
    for (std::size_t i = 0; i < table.parameters.size(); ++i)
        place += fmt::format("{} = {}, ", table.parameters[i], worst->parameters[i]);
    warn(fmt::format(
        "max_trials was reached before the precision in {} (flag {}); worst: {} {} at {}relative "
        "standard error {:.2g}",
        plural(count, "row"), imprecise, worst->arm, worst->estimand, place, relative(*worst)));
}

void say_judgement(const Table& table, const std::string& directory) {
    const Judgement judgement = judgement_of(compare(table));
    if (judgement.failed > 0)
        warn(fmt::format("theory and simulation disagree: {} (cucurbit compare {} says where)",
                         judgement.text, directory));
    else if (judgement.judged > 0)
        say("theory: " + judgement.text);
}

Exit ended(const Study& study, const RunArguments& options,
           const std::filesystem::path& directory) {
    const Table table = summarize(Store::open_to_read(directory), study);
    if (options.table) print_table(table, {"aligned", ""});
    const double failed = failed_share(table);
    warn_of_imprecise(table);
    // The rows of a shard's table are mostly without trials.
    if (options.shard.empty()) say_judgement(table, directory.string());
    say(fmt::format("complete: {}{}", directory.string(), shard_text(study, options)));
    if (options.shard.empty())
        say(fmt::format("next: cucurbit compare {0}, cucurbit export {0}, cucurbit plot {0}",
                        directory.string()));
    else
        say("next: cucurbit merge FOLDER... -o DIR joins all shards");
    if (failed <= max_failed_share) return Exit::done;
    complain(fmt::format(
        "{:.3g} % of the trials failed in the worst row (allowed: {:g} %); see n_failed",
        100 * failed, 100 * max_failed_share));
    return Exit::failed_trials;
}

Exit run_command(const RunArguments& options, const std::vector<std::string>& argv) {
    if (options.quiet) keep_quiet();
    spare_edit(options.study);
    const Study study = read_study(options.study);
    const DeviceChoice choice = choose_devices(study, options.device.device, options.device.threads,
                                               shard_of(options.shard));
    RunOptions run_options;
    run_options.directory = folder_of(options, study);
    run_options.device = choice.name;
    run_options.threads = options.device.threads;
    if (!options.max_time.empty()) run_options.max_seconds = seconds_of(options.max_time);
    run_options.shard = shard_of(options.shard);
    run_options.argv = argv;
    RunEnd end = RunEnd::stopped;
    Progress last;
    {
        const InterruptGuard guard;
        run_options.stop = guard.stop();
        ProgressLine line(stderr, has_screen());
        // The first report comes when study, device and folder have been found good.
        run_options.report = [&, announced = false](const Progress& progress) mutable {
            if (!announced) announce(study, options, run_options.directory, choice);
            announced = true;
            last = progress;
            if (!is_quiet()) line.show(progress);
        };
        end = run(study, run_options);
    }
    if (end == RunEnd::complete) return ended(study, options, run_options.directory);
    if (last.trials_total == 0)
        say("stopped before the first trial; the same command continues");
    else
        say(fmt::format("stopped after {} of {} trials; the same command continues",
                        count_text(last.trials_done), count_text(last.trials_total)));
    return Exit::stopped;
}

void refuse_fewer_trials(const StudyOptions& options) {
    const std::uint64_t wanted = read_study(options).precision.trials;
    if (wanted == 0) return;
    const Store store = Store::open_to_read(options.file);
    std::uint64_t stored = 0;
    for (const DesignStatus& design : status(store, store.study()))
        stored = std::max(stored, design.trials_done);
    if (wanted < stored)
        throw UsageError(fmt::format(
            "{} holds {} of a design, and {} would leave the others out of its table: --force "
            "does it",
            options.file, plural(stored, "trial"), count_text(wanted)));
}

CLI::Option* add_table(CLI::App& command, RunArguments& options) {
    return command.add_flag("--table", options.table, "Print the table at the end");
}

void add_limits(CLI::App& command, RunArguments& options) {
    add_device_options(command, options.device);
    command.add_flag("--quiet", options.quiet, "Say warnings and errors alone");
    command
        .add_option("--max-time", options.max_time,
                    "Stop after this time (90, 30min, 1h30m, 01:30:00, 1-00:00:00), ready to be "
                    "continued")
        ->check(CLI::Validator(time_fault, ""))
        ->type_name("TIME");
    command.footer("The exit code is 75 when the run was stopped and can be continued.");
}

}  // namespace

void add_run(Program& program) {
    CLI::App& command = *program.app.add_subcommand("run", "Run a study, or continue it");
    const auto options = std::make_shared<RunArguments>();
    add_study_options(command, options->study);
    command.add_option("-o,--output", options->directory, "The run's folder (default: runs/NAME)")
        ->type_name("DIR");
    add_shard(command, options->shard);
    add_table(command, *options)->excludes("--shard");
    add_limits(command, *options);
    on_chosen(program, command, options,
              [&program](const RunArguments& chosen) { return run_command(chosen, program.argv); });
}

void add_extend(Program& program) {
    CLI::App& command = *program.app.add_subcommand(
        "extend", "Continue a run with more trials, or with an edited grid, arms or precision");
    const auto options = std::make_shared<RunArguments>();
    add_directory(command, options->study.file);
    command
        .add_option("--trials", options->trials, "Trials of each design, the stored ones included")
        ->type_name("N");
    command.add_flag("--force", options->force,
                     "Fewer trials than are stored: the others stay, but outside of the table");
    add_edits(command, options->study.overrides);
    add_table(command, *options);
    add_limits(command, *options);
    on_chosen(program, command, options, [&program](RunArguments chosen) {
        if (!std::filesystem::is_directory(chosen.study.file))
            throw StoreError(chosen.study.file + ": no run's folder");
        if (chosen.trials)
            chosen.study.overrides.push_back(fmt::format("precision.trials={}", *chosen.trials));
        if (!chosen.force) refuse_fewer_trials(chosen.study);
        return run_command(chosen, program.argv);
    });
}

}  // namespace cucurbit::cli
