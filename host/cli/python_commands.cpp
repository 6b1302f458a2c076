#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>

#include "host/cli/commands.hpp"
#include "host/cli/process.hpp"
#include "host/cli/talk.hpp"

namespace cucurbit::cli {

namespace {

struct PythonArguments {
    std::vector<std::string> directories{1};
    std::string output;
    bool watch = false;
    std::string every;
    std::string python = "python3";
};

// Looks for the packages before importing any, so that an absent one is named instead of traced.
// A folder that happens to be called cucurbit has no origin, and is not the package.
// First of all the working folder leaves the path: files there called numpy.py must not be run.
// (The interpreter's option -P would do, but only from Python 3.11 on.)
constexpr const char* run_package = R"(
import sys
sys.path = [folder for folder in sys.path if folder]
import importlib.util, runpy
needed = ["cucurbit", "numpy", "pandas", "matplotlib"] + ["jinja2"] * (sys.argv[1] == "report")
specs = {name: importlib.util.find_spec(name) for name in needed}
absent = [name for name, spec in specs.items() if spec is None or spec.origin is None]
if absent:
    sys.exit(sys.stderr.write("cucurbit: error: " + sys.argv[1] + " needs Python packages that "
             + sys.executable + " lacks: " + ", ".join(absent) + " (pip install "
             + ("'./python[plots]' in cucurbit's sources" if "cucurbit" in absent else " ".join(absent)) +
             " installs them; or name another interpreter with --python)\n") and 2)
runpy.run_module("cucurbit", run_name="__main__", alter_sys=True)
)";

/// Becomes the Python package's command of that name.
[[noreturn]] void become(const std::string& command, const PythonArguments& options,
                         const std::vector<std::string>& extra) {
    std::vector<std::string> words{options.python, "-c", run_package, command};
    words.insert(words.end(), options.directories.begin(), options.directories.end());
    words.insert(words.end(), extra.begin(), extra.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    // The package reads the table with this very program.
    const std::string self = own_path();
    if (!self.empty())
        ::setenv("CUCURBIT", self.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): no other thread
    restore_signals();
    ::execvp(argv[0], argv.data());
    throw UsageError(fmt::format("{} needs Python: {}: {}", command, options.python,
                                 std::generic_category().message(errno)));
}

void add_interpreter(CLI::App& command, std::string& python) {
    command.add_option("--python", python, "Interpreter that has the package cucurbit")
        ->type_name("PROGRAM")
        ->envname("CUCURBIT_PYTHON")
        ->capture_default_str();
}

}  // namespace

void add_plot(Program& program) {
    CLI::App& command = *program.app.add_subcommand(
        "plot", "Draw the figure of a run's folder with the Python package: plot DIR -o FILE");
    // The package reads all words but these, so that its options may stand in any order.
    const auto options = std::make_shared<PythonArguments>();
    options->directories.clear();
    add_interpreter(command, options->python);
    command.allow_extras();
    command.footer("Other options go to the Python package: see python3 -m cucurbit plot --help.");
    on_chosen(program, command, options, [&command](const PythonArguments& chosen) -> Exit {
        become("plot", chosen, command.remaining());
    });
}

void add_report(Program& program) {
    CLI::App& command = *program.app.add_subcommand(
        "report", "Write runs as one HTML page: verdict, figure, table, study, machines");
    const auto options = std::make_shared<PythonArguments>();
    command.add_option("DIR", options->directories, "Runs' folders")->required()->type_name("");
    command
        .add_option("-o,--output", options->output,
                    "Page to write [report.html in the run's folder; of several, in this one]")
        ->type_name("FILE");
    command.add_flag("--watch", options->watch,
                     "Write the page again and again until the runs have ended: a browser that "
                     "shows it follows");
    command
        .add_option("--every", options->every, "Time between two looks of --watch, in seconds [10]")
        ->type_name("SECONDS")
        ->needs("--watch");
    add_interpreter(command, options->python);
    on_chosen(program, command, options, [](const PythonArguments& chosen) -> Exit {
        std::vector<std::string> words;
        if (!chosen.output.empty()) words.insert(words.end(), {"-o", chosen.output});
        if (chosen.watch) words.emplace_back("--watch");
        if (!chosen.every.empty()) words.insert(words.end(), {"--every", chosen.every});
        become("report", chosen, words);
    });
}

}  // namespace cucurbit::cli
