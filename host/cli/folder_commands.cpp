#include <iostream>
#include <memory>

#include "cucurbit/run.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/talk.hpp"

namespace cucurbit::cli {

namespace {

struct StatusOptions {
    std::string directory;
    bool manifest = false;
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

Exit show_status(const StatusOptions& options) {
    const Store store = Store::open_to_read(options.directory);
    if (options.manifest) {
        print_manifest(store, options.output);
        return Exit::done;
    }
    const Study study = store.study();
    std::vector<std::int64_t> index, points, series, blocks, blocks_wanted, trials, trials_wanted;
    std::int64_t missing = 0;
    for (const DesignStatus& design : status(store, study)) {
        index.push_back(static_cast<std::int64_t>(index.size()) + 1);
        points.push_back(static_cast<std::int64_t>(design.design.points.size()));
        series.push_back(static_cast<std::int64_t>(design.design.series.size()));
        blocks.push_back(static_cast<std::int64_t>(design.blocks_done));
        blocks_wanted.push_back(static_cast<std::int64_t>(design.blocks_wanted));
        trials.push_back(static_cast<std::int64_t>(design.trials_done));
        trials_wanted.push_back(static_cast<std::int64_t>(design.trials_wanted));
        missing += std::max<std::int64_t>(0, trials_wanted.back() - trials.back());
    }
    print_columns({{"design", index},
                   {"points", points},
                   {"series", series},
                   {"blocks_done", blocks},
                   {"blocks_wanted", blocks_wanted},
                   {"trials_done", trials},
                   {"trials_wanted", trials_wanted}},
                  options.output);
    say(fmt::format("{} ({}, {}): {}", study.name, study.kind, precision_text(study.precision),
                    missing == 0 ? "complete"
                                 : plural(static_cast<std::uint64_t>(missing), "trial") +
                                       " missing; run continues"));
    return Exit::done;
}

struct ExportOptions {
    std::string directory;
    Output output{"csv", ""};
};

Exit export_table(const ExportOptions& options) {
    print_table(summarize(Store::open_to_read(options.directory)), options.output);
    return Exit::done;
}

Exit verify(const std::string& directory) {
    const Store store = Store::open_to_read(directory);
    try {
        store.verify();
    } catch (const StoreError& error) {
        complain(error.what());
        return Exit::disagreement;
    }
    std::cout << directory << ": all checksums agree\n";
    finish_stdout();
    return Exit::done;
}

}  // namespace

void add_status(Program& program) {
    CLI::App& command = *program.app.add_subcommand("status", "Say how far a run is");
    const auto options = std::make_shared<StatusOptions>();
    add_directory(command, options->directory);
    command.add_flag("--manifest", options->manifest,
                     "What wrote the folder: command lines, version, compiler, BLAS, times");
    add_output_options(command, options->output, Aligned::allowed);
    on_chosen(program, command, options, show_status);
}

void add_export(Program& program) {
    CLI::App& command =
        *program.app.add_subcommand("export", "Print a run's table with full precision");
    const auto options = std::make_shared<ExportOptions>();
    add_directory(command, options->directory);
    add_output_options(command, options->output, Aligned::refused);
    on_chosen(program, command, options, export_table);
}

void add_verify(Program& program) {
    CLI::App& command =
        *program.app.add_subcommand("verify", "Check every stored block against its checksum");
    const auto directory = std::make_shared<std::string>();
    add_directory(command, *directory);
    on_chosen(program, command, directory, verify);
}

}  // namespace cucurbit::cli
