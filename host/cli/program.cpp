#include "host/cli/program.hpp"

#include <algorithm>
#include <iostream>

#include "host/cli/output.hpp"
#include "host/cli/run_program.hpp"
#include "host/cli/usage.hpp"

namespace cucurbit::cli {

namespace {

constexpr const char* about =
    "Thousands of ridgeless teacher-student fits in parallel; their risks against theory.\n";

constexpr const char* exit_codes =
    "Data goes to stdout, talk to stderr. Exit codes: 0 done, 1 internal error, 2 usage or study,\n"
    "3 too many failed trials, 4 comparison or verification failed, 5 no device or memory,\n"
    "6 store cannot be read, written or locked, 75 stopped and can be continued.";

void group(Program& program, const char* name, std::initializer_list<void (*)(Program&)> commands) {
    for (const auto add : commands) {
        add(program);
        program.app.get_subcommands([](CLI::App*) { return true; }).back()->group(name);
    }
}

}  // namespace

void declare(Program& program) {
    CLI::App& app = program.app;
    app.name("cucurbit");
    app.description(about);
    app.set_version_flag("--version", "cucurbit " CUCURBIT_VERSION);
    app.require_subcommand(1);
    app.get_formatter()->column_width(26);
    group(program, "Studies",
          {add_init, add_check, add_plan, add_theory, add_explain, add_run, add_submit});
    group(program, "Run folders",
          {add_status, add_extend, add_merge, add_export, add_compare, add_plot, add_report,
           add_replay, add_verify});
    group(program, "This machine and this program",
          {add_devices, add_doctor, add_bench, add_completion, add_cite});
    app.footer(exit_codes);  // last, for commands inherit it
}

Exit run_program(int argc, char** argv) {
    Program program;
    program.argv.assign(argv, argv + argc);
    declare(program);
    const bool wants_help = argc > 1 && program.argv[1] == "help";  // cucurbit help [COMMAND]
    if (wants_help) program.argv.erase(program.argv.begin() + 1);
    std::vector<std::string> words(program.argv.rbegin(), program.argv.rend() - 1);
    const std::vector<std::string> known = command_names(program.app);
    if (wants_help &&
        (words.empty() || std::find(known.begin(), known.end(), words.back()) != known.end()))
        words.insert(words.begin(), "--help");
    try {
        program.app.parse(std::move(words));
    } catch (const CLI::Success& help) {
        program.app.exit(help, std::cout, std::cerr);
        finish_stdout();
        return Exit::done;
    } catch (const CLI::ParseError& error) {
        throw UsageError(explain(program.app, program.argv, error));
    }
    return program.action();
}

}  // namespace cucurbit::cli
