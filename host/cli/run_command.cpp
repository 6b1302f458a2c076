#include <cmath>
#include <map>
#include <memory>

#include "cucurbit/run.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/interrupt.hpp"
#include "host/cli/output.hpp"
#include "host/cli/process.hpp"
#include "host/cli/progress.hpp"
#include "host/cli/talk.hpp"
#include "host/cli/time_limit.hpp"
#include "host/run/budget.hpp"
#include "host/run/kept.hpp"
#include "host/run/precision.hpp"
#include "host/run/shares.hpp"

namespace cucurbit::cli {

namespace {

struct RunArguments {
    StudyOptions study;
    DeviceOptions device;
    std::string directory;
    NamedShard shard;
    std::string max_time;
    std::string budget;
    std::string progress = "auto";
    std::optional<std::uint64_t> trials;
    bool table = false;
    bool quiet = false;
    bool force = false;
};

std::filesystem::path folder_of(const RunArguments& options, const Study& study) {
    if (!options.directory.empty()) return options.directory;
    std::filesystem::path whole = whole_folder(options.study, study);
    if (options.shard.name.empty()) return whole;
    const Shard shard = shard_of(options.shard.name, options.study);
    return shard_folder(whole, fmt::format("{}-of-{}", shard.index + 1, shard.count));
}

/// A shard's folder is never the one of whose lacking trials it computes a part.
void spare_whole(const RunArguments& options, const std::filesystem::path& directory) {
    std::error_code absent;
    if (!options.shard.name.empty() &&
        std::filesystem::equivalent(options.study.file, directory, absent))
        throw UsageError(fmt::format(
            "{} is the folder whose lacking trials are divided: a shard needs another one with -o",
            directory.string()));
}

/// What a run was asked to compute, of how much.
struct Extent {
    std::uint64_t trials = 0;
    std::uint64_t blocks = 0;
};

Extent extent_of(const Study& study, const Shard& shard) {
    const std::vector<Design> designs = study.setting->designs();
    const std::vector<std::vector<TrialRange>> trials = shares(study, designs, shard);
    Extent extent;
    for (std::size_t i = 0; i < designs.size(); ++i) {
        const std::uint64_t count = count_trials(trials[i]);
        extent.trials += count;
        extent.blocks += count_blocks(count, block_trials(study.precision, designs[i]));
    }
    return extent;
}

/// Which part of how many trials a shard computes.
class ShardTalk {
public:
    ShardTalk(const Study& study, const RunArguments& options) : name_(options.shard.name) {
        if (name_.empty()) return;
        const Shard shard = shard_of(name_, options.study);
        part_ = extent_of(study, shard);
        all_ = extent_of(study, {0, 1, shard.of});
        round_ = is_fixed(study.precision) ? "" : " of a round";
    }

    /// " (shard 2/4: 64 of 130 trials)"; nothing where no shard was named.
    std::string text() const {
        if (name_.empty()) return {};
        return fmt::format(" (shard {}: {} of {}{})", name_, count_text(part_.trials),
                           plural(all_.trials, "trial"), round_);
    }

    void warn_if_idle() const {
        if (name_.empty() || part_.trials > 0) return;
        warn(fmt::format("shard {} has nothing to do: there {} {} of trials to share", name_,
                         all_.blocks == 1 ? "is" : "are", plural(all_.blocks, "block")));
    }

private:
    std::string name_;
    Extent part_, all_;
    const char* round_ = "";
};

void announce(const Study& study, const RunArguments& options,
              const std::filesystem::path& directory, const DeviceChoice& choice,
              const ShardTalk& shard) {
    const std::string trials = options.budget.empty()
                                   ? precision_text(study.precision)
                                   : "as many trials as a budget of " + options.budget + " allows";
    say(fmt::format("{}: {}, {} → {}{}", study.name, extent_text(study), trials, directory.string(),
                    shard.text()));
    if (!choice.reason.empty()) say(device_text(choice.name, choice.reason));
    warn_of_remarks(study);
    shard.warn_if_idle();
}

/// What to type when a run is complete.
std::string next_text(const Study& study, const RunArguments& options,
                      const std::filesystem::path& directory) {
    if (options.shard.name.empty())
        return fmt::format("next: cucurbit compare {0}, cucurbit export {0}, cucurbit plot {0}",
                           typed(directory.string()));
    if (!options.directory.empty()) return "next: cucurbit merge FOLDER... -o DIR joins all shards";
    const std::filesystem::path whole = whole_folder(options.study, study);
    const Shard shard = shard_of(options.shard.name, options.study);
    return fmt::format("next: cucurbit merge {}*-of-{} -o {} joins all shards",
                       typed(shard_folder(whole, "").string()), shard.count, typed(whole.string()));
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

/// Rows that did not decide how many trials a study to a precision took.
void warn_of_heavy_tails(const Table& table) {
    std::map<std::string, std::size_t> names;
    std::size_t count = 0;
    for (const Row& row : table.rows) {
        const bool is_mean = row.skewness != 0.0;  // quantiles have none
        if (!is_mean || !has_flag(row.flags, heavy_tail)) continue;
        ++count;
        ++names[row.arm.empty() ? row.estimand : row.arm + " " + row.estimand];
    }
    if (count == 0) return;
    std::string text;
    for (const auto& [name, rows] : names)
        text += fmt::format("{}{}{}", text.empty() ? "" : ", ", name,
                            rows == 1 ? "" : fmt::format(" ({} rows)", count_text(rows)));
    warn(
        fmt::format("tails too heavy for a standard error, so that trials do not depend on {} "
                    "(flag {}): {}",
                    plural(count, "row"), heavy_tail, text));
}

void say_judgement(const Table& table, const std::string& directory) {
    const Judgement judgement = judgement_of(compare(table));
    if (judgement.failed > 0)
        warn(fmt::format("theory and simulation disagree: {} (cucurbit compare {} says where)",
                         judgement.text, typed(directory)));
    else if (judgement.judged > 0)
        say("theory: " + judgement.text);
}

Exit ended(const Study& study, const RunArguments& options, const std::filesystem::path& directory,
           const ShardTalk& shard) {
    const Table table = summarize(Store::open_to_read(directory), study);
    if (options.table) print_table(table, {"aligned", ""});
    const double failed = failed_share(table);
    warn_of_imprecise(table);
    if (!is_fixed(study.precision)) warn_of_heavy_tails(table);
    say_judgement(table, directory.string());
    say(fmt::format("complete: {}{}", directory.string(), shard.text()));
    say(next_text(study, options, directory));
    if (failed <= max_failed_share) return Exit::done;
    complain(fmt::format(
        "{:.3g} % of the trials failed in the worst row (allowed: {:g} %); see n_failed",
        100 * failed, 100 * max_failed_share));
    return Exit::failed_trials;
}

/// The study with another precision, all else of it as it was.
ToPrecision to_precision(const StudyOptions& options) {
    return [options](const Precision& to) {
        std::string edit =
            fmt::format("rel_std_err = {}, max_trials = {}", *to.rel_std_err, to.max_trials);
        if (to.abs_std_err) edit += fmt::format(", abs_std_err = {}", *to.abs_std_err);
        if (to.label_noise == LabelNoise::sample) edit += ", label_noise = \"sample\"";
        if (to.sampler)
            edit += fmt::format(", sampler = \"{}\"",
                                *to.sampler == Sampler::direct ? "direct" : "sufficient");
        if (to.keep == Keep::moments) edit += ", keep = \"moments\"";
        StudyOptions edited = options;
        edited.overrides.push_back("precision={ " + edit + " }");
        return read_study(edited);
    };
}

Budgeted run_within(const RunArguments& options, const Study& study,
                    const RunOptions& run_options) {
    const double seconds = *seconds_of(options.budget);
    Budgeted done = run_within(seconds, study.precision, to_precision(options.study), run_options,
                               [](const Forecast& next) {
                                   say(
                                       fmt::format("forecast: a relative standard error of {:.2g} "
                                                   "in every mean, after about {} more",
                                                   next.error, duration_text(next.seconds)));
                               });
    if (done.end != RunEnd::complete) return done;
    if (done.error == 0.0)
        say("reached: the study's abs_std_err in every mean");
    else
        say(fmt::format(
            "reached: a relative standard error of {:.3g} in every mean that has one; equal "
            "trials of all designs would take {:.2g} times as long to it",
            done.error, done.saved));
    return done;
}

ProgressForm form_of(const std::string& progress) {
    if (progress == "json") return ProgressForm::json;
    return has_screen() ? ProgressForm::bar : ProgressForm::log;
}

Exit run_command(const RunArguments& options, const std::vector<std::string>& argv) {
    if (options.quiet) keep_quiet();
    spare_edit(options.study);
    Study study = read_study(options.study);
    RunOptions run_options;
    run_options.directory = folder_of(options, study);
    spare_whole(options, run_options.directory);
    run_options.shard = shard_of(options.shard.name, options.study);
    const ShardTalk shard(study, options);
    DeviceChoice choice =
        choose_devices(study, options.device.device, options.device.threads, run_options.shard);
    choice.name = own_device(choice, options.shard.local_rank);
    run_options.device = choice.name;
    run_options.threads = options.device.threads;
    if (!options.max_time.empty()) run_options.max_seconds = seconds_of(options.max_time);
    run_options.argv = argv;
    RunEnd end = RunEnd::stopped;
    Progress last;
    {
        const InterruptGuard guard;
        run_options.stop = guard.stop();
        ProgressLine line(stderr, form_of(options.progress));
        // The first report comes when study, device and folder have been found good.
        bool announced = false;
        run_options.report = [&](const Progress& progress) {
            if (!announced) announce(study, options, run_options.directory, choice, shard);
            announced = true;
            last = progress;
            if (!is_quiet()) line.show(progress);
        };
        if (options.budget.empty()) {
            end = run(study, run_options);
        } else {
            Budgeted done = run_within(options, study, run_options);
            end = done.end;
            study = std::move(done.study);
        }
    }
    if (end == RunEnd::complete) return ended(study, options, run_options.directory, shard);
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
        .add_option("--progress", options.progress,
                    "auto: a bar on a terminal, else a line now and then; json: lines of JSON on "
                    "stderr, 20 a second at first, after an hour and a half one every ten seconds")
        ->check(CLI::IsMember({"auto", "json"}))
        ->capture_default_str();
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
    command
        .add_option(
            "--budget", options->budget,
            "Instead of the study's trials as many of each design as make all means equally "
            "precise in this time")
        ->check(CLI::Validator(time_fault, ""))
        ->type_name("TIME")
        ->excludes("--shard");
    add_limits(command, *options);
    command.get_option("--max-time")->excludes("--budget");
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
        const std::string edit = fmt::format("precision.trials={}", chosen.trials.value_or(0));
        if (chosen.trials) chosen.study.overrides.push_back(edit);
        try {
            if (!chosen.force) refuse_fewer_trials(chosen.study);
            return run_command(chosen, program.argv);
        } catch (const StudyError& error) {
            const std::string place = "--set " + edit, text = error.what();
            if (!chosen.trials || !text.starts_with(place)) throw;
            throw UsageError(
                fmt::format("--trials {}{}", *chosen.trials, text.substr(place.size())));
        }
    });
}

}  // namespace cucurbit::cli
