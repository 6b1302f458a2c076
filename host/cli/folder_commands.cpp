#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include "cucurbit/run.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/folder_lines.hpp"
#include "host/cli/output.hpp"
#include "host/cli/process.hpp"
#include "host/cli/talk.hpp"
#include "host/cli/time_limit.hpp"
#include "host/run/precision.hpp"
#include "host/run/shares.hpp"
#include "host/table/printable.hpp"

namespace cucurbit::cli {

namespace {

struct StatusOptions {
    std::vector<std::string> directories;
    bool manifest = false;
    bool study = false;
    bool watch = false;
    double every = 10.0;
    Output output{"aligned", ""};
};

void print_manifest(const Store& store, const Output& output) {
    std::vector<std::string> facts;
    std::vector<std::string> values;
    for (const auto& [fact, value] : store.manifest()) {
        facts.push_back(fact);
        values.push_back(value);
    }
    print_columns({{"fact", facts}, {"value", values}}, output);
}

std::uint64_t missing_trials(const std::vector<DesignStatus>& designs) {
    std::uint64_t missing = 0;
    for (const DesignStatus& design : designs) missing += design.trials_wanted - design.trials_done;
    return missing;
}

/// How many designs have gone to a further round, which they lack.
std::size_t imprecise_designs(const Study& study, const std::vector<DesignStatus>& designs) {
    std::size_t count = 0;
    for (const DesignStatus& design : designs)
        count += design.trials_done < design.trials_wanted &&
                         design.trials_wanted > first_round(study.precision)
                     ? 1
                     : 0;
    return count;
}

std::string state_text(const Study& study, const std::vector<DesignStatus>& designs) {
    const std::uint64_t missing = missing_trials(designs);
    std::string state = "complete";
    if (missing > 0) {
        state = plural(missing, "trial") + " missing";
        if (const std::size_t imprecise = imprecise_designs(study, designs); imprecise > 0)
            state += fmt::format(" (precision not reached in {} of {})", imprecise,
                                 plural(designs.size(), "design"));
        state += "; run continues";
    }
    return fmt::format("{} ({}, {}): {}", study.name, study.kind, precision_text(study.precision),
                       state);
}

Exit show_status(const StatusOptions& options) {
    if (options.watch || options.directories.size() > 1) {
        if (options.manifest || options.study)
            throw UsageError("--manifest and --study tell of one folder");
        if (options.watch) {
            watch_lines(options.directories, options.every, options.output);
            return Exit::done;
        }
        std::vector<Line> lines;
        for (const std::string& directory : options.directories)
            lines.push_back({directory, false});
        print_lines(lines, options.output);
        return Exit::done;
    }
    const Store store = Store::open_to_read(options.directories.front());
    if (options.manifest) {
        print_manifest(store, options.output);
        return Exit::done;
    }
    const Study study = store.study();
    if (options.study) {
        std::cout << study.text;
        finish_stdout();
        return Exit::done;
    }
    std::vector<std::int64_t> index, points, series, blocks, blocks_wanted, trials, trials_wanted;
    const LastRun last = last_run(store);
    const Shard shard = shard_in(options.directories.front(), study, last);
    const std::vector<DesignStatus> designs = status(store, study, shard);
    for (const DesignStatus& design : designs) {
        index.push_back(static_cast<std::int64_t>(index.size()) + 1);
        points.push_back(static_cast<std::int64_t>(design.design.points.size()));
        series.push_back(static_cast<std::int64_t>(design.design.series.size()));
        blocks.push_back(static_cast<std::int64_t>(design.blocks_done));
        blocks_wanted.push_back(static_cast<std::int64_t>(design.blocks_wanted));
        trials.push_back(static_cast<std::int64_t>(design.trials_done));
        trials_wanted.push_back(static_cast<std::int64_t>(design.trials_wanted));
    }
    print_columns({{"design", index},
                   {"points", points},
                   {"series", series},
                   {"blocks_done", blocks},
                   {"blocks_wanted", blocks_wanted},
                   {"trials_done", trials},
                   {"trials_wanted", trials_wanted}},
                  options.output);
    if (!last.shard.empty())
        say(fmt::format("{} ({}, {}): shard {}, {}", study.name, study.kind,
                        precision_text(study.precision), last.shard, last.ended));
    else
        say(state_text(study, designs));
    return Exit::done;
}

struct MergeOptions {
    std::vector<std::string> directories;
    std::string output;
};

Exit merge(const MergeOptions& options) {
    std::vector<Store> stores;
    for (const std::string& directory : options.directories) {
        stores.push_back(Store::open_to_read(directory));
        std::error_code absent;
        if (std::filesystem::equivalent(directory, options.output, absent))
            throw UsageError(directory + " cannot be merged into itself");
    }
    const Study study = Store::exists(options.output) ? Store::open_to_read(options.output).study()
                                                      : stores[0].study();
    // All of them, before the first is copied and a folder made.
    for (const Store& from : stores) from.require_identity(study.identity);
    Store into = Store::open_to_write(options.output, study);
    const AllowedDifference allowed = allowed_differences(study);
    for (const Store& from : stores) {
        const Merged merged = into.merge(from, allowed);
        if (merged.contradicted > 0) {
            complain(fmt::format(
                "{} and {} hold different values of the same trials: {}, such as {}. "
                "One of them is wrong (replay tells which); nothing of the second was copied",
                options.output, from.directory().string(), plural(merged.contradicted, "value"),
                merged.contradiction));
            return Exit::disagreement;
        }
        say(fmt::format("{}: {} copied, {} were there", from.directory().string(),
                        plural(merged.copied, "value"), count_text(merged.held)));
        if (from.study().text != study.text)
            say(
                fmt::format("{}: its study differs in grids, arms, precision or comments; the one "
                            "of {} stays",
                            from.directory().string(), options.output));
    }
    const std::vector<DesignStatus> designs = status(into, study);
    say(state_text(study, designs));
    if (missing_trials(designs) > 0)
        say(
            fmt::format("next: cucurbit run {0} computes them; on N machines, cucurbit run {0} "
                        "--shard I/N a part each, to be merged again",
                        typed(options.output)));
    return Exit::done;
}

struct ExportOptions {
    std::string directory;
    std::vector<double> quantiles;
    bool trials = false;
    Output output{"csv", ""};
};

Exit export_table(const ExportOptions& options) {
    const Store store = Store::open_to_read(options.directory);
    const Study study = store.study();
    if (options.trials || !options.quantiles.empty())
        require_trials(options.directory, study, options.trials ? "--trials" : "--quantiles");
    if (options.trials)
        print_columns(trial_columns(store, study), options.output);
    else
        print_table(summarize(store, study, options.quantiles), options.output);
    return Exit::done;
}

struct VerifyOptions {
    std::string directory;
    bool repair = false;
};

Exit verify(const VerifyOptions& options) {
    const std::string& directory = options.directory;
    if (options.repair) {
        const Study study = Store::open_to_read(directory).study();
        Store store = Store::open_to_write(directory, study);
        const std::size_t dropped = store.repair();
        say(dropped == 0
                ? "no trials are damaged"
                : fmt::format("dropped {} of damaged trials; next: cucurbit run {} computes them "
                              "anew",
                              plural(dropped, "row"), typed(directory)));
    }
    const Store store = Store::open_to_read(directory);
    try {
        store.verify();
    } catch (const StoreError& error) {
        complain(error.what());
        return Exit::disagreement;
    }
    std::cout << printable(directory) << ": all checksums agree\n";
    finish_stdout();
    return Exit::done;
}

}  // namespace

void add_status(Program& program) {
    CLI::App& command =
        *program.app.add_subcommand("status", "Say how far a run is; of several, a line each");
    const auto options = std::make_shared<StatusOptions>();
    command.add_option("DIR", options->directories, "Runs' folders")->required()->type_name("");
    command.add_flag("--manifest", options->manifest,
                     "What wrote the folder: command lines, version, compiler, BLAS, times");
    command.add_flag("--study", options->study, "The study's text that the trials were made from")
        ->excludes("--manifest");
    command.add_flag("--watch", options->watch,
                     "A line for each folder, or for all of its shards DIR-1-of-N, …, again and "
                     "again until none lacks a trial");
    command.add_option("--every", options->every, "Time between two looks of --watch, in seconds")
        ->type_name("SECONDS")
        ->check(CLI::Validator(seconds_fault, ""))
        ->capture_default_str()
        ->needs("--watch");
    add_output_options(command, options->output, Aligned::allowed);
    on_chosen(program, command, options, show_status);
}

void add_merge(Program& program) {
    CLI::App& command = *program.app.add_subcommand(
        "merge", "Join the folders of one study's runs, such as shards, into one");
    const auto options = std::make_shared<MergeOptions>();
    command.add_option("DIR", options->directories, "Runs' folders; they stay as they are")
        ->required()
        ->type_name("");
    command
        .add_option("-o,--output", options->output,
                    "The folder to fill, which may hold trials already")
        ->required()
        ->type_name("DIR");
    on_chosen(program, command, options, merge);
}

void add_export(Program& program) {
    CLI::App& command =
        *program.app.add_subcommand("export", "Print a run's table with full precision");
    const auto options = std::make_shared<ExportOptions>();
    add_directory(command, options->directory);
    CLI::Option* quantiles =
        command
            .add_option("--quantiles", options->quantiles,
                        "Rows with quantiles over the trials, such as 0.05,0.5,0.95")
            ->type_name("Q,Q")
            ->delimiter(',')
            ->allow_extra_args(false)
            ->check(CLI::Range(0.0, 1.0).description(""));
    command.add_flag("--trials", options->trials, "Every trial's value instead of means")
        ->excludes(quantiles);
    add_output_options(command, options->output, Aligned::refused);
    on_chosen(program, command, options, export_table);
}

void add_verify(Program& program) {
    CLI::App& command =
        *program.app.add_subcommand("verify", "Check every stored block against its checksum");
    const auto options = std::make_shared<VerifyOptions>();
    add_directory(command, options->directory);
    command.add_flag("--repair", options->repair,
                     "Drop trials that are damaged, so that run computes them anew");
    on_chosen(program, command, options, verify);
}

}  // namespace cucurbit::cli
