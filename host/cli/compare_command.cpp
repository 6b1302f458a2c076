#include <memory>

#include "cucurbit/run.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/talk.hpp"

namespace cucurbit::cli {

namespace {

struct Options {
    std::string directory;
    Output output{"aligned", ""};
};

const char* verdict_name(Verdict::Kind kind) {
    switch (kind) {
        case Verdict::Kind::confirmed:
            return "confirmed";
        case Verdict::Kind::failed:
            return "failed";
        case Verdict::Kind::none:
            return "none";
    }
    return "";
}

std::vector<Column> verdict_columns(const Table& table, const std::vector<Verdict>& verdicts) {
    std::vector<Column> columns = table_columns(table);
    columns.pop_back();  // flags: the reason says what they mean for the verdict
    std::vector<double> p_value, relative_gap, allowed_gap;
    std::vector<std::string> names, reasons;
    for (const Verdict& verdict : verdicts) {
        p_value.push_back(verdict.p_value);
        relative_gap.push_back(verdict.relative_gap);
        allowed_gap.push_back(verdict.allowed_gap);
        names.emplace_back(verdict_name(verdict.kind));
        reasons.push_back(verdict.reason);
    }
    columns.push_back({"p_value", p_value});
    columns.push_back({"relative_gap", relative_gap});
    columns.push_back({"allowed_gap", allowed_gap});
    columns.push_back({"verdict", names});
    columns.push_back({"reason", reasons});
    return columns;
}

Exit execute(const Options& options) {
    const Table table = summarize(Store::open_to_read(options.directory));
    const std::vector<Verdict> verdicts = compare(table);
    print_columns(verdict_columns(table, verdicts), options.output);
    std::size_t counts[3] = {};
    for (const Verdict& verdict : verdicts) ++counts[static_cast<std::size_t>(verdict.kind)];
    const auto count = [&](Verdict::Kind kind) { return counts[static_cast<std::size_t>(kind)]; };
    const std::size_t failed = count(Verdict::Kind::failed);
    const std::string text = fmt::format("{} confirmed, {} failed, {} without verdict",
                                         plural(count(Verdict::Kind::confirmed), "row"), failed,
                                         count(Verdict::Kind::none));
    if (failed == 0) {
        say(text);
        return Exit::done;
    }
    complain("theory and simulation disagree: " + text);
    return Exit::disagreement;
}

}  // namespace

void add_compare(Program& program) {
    CLI::App& command = *program.app.add_subcommand(
        "compare", "Judge theory against a run's table; exit code 4 where they disagree");
    const auto options = std::make_shared<Options>();
    add_directory(command, options->directory);
    add_output_options(command, options->output, Aligned::allowed);
    on_chosen(program, command, options, execute);
}

}  // namespace cucurbit::cli
