#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

#include "cucurbit/moments.hpp"
#include "cucurbit/run.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/talk.hpp"

namespace cucurbit::cli {

namespace {

struct CompareArguments {
    std::string directory;
    bool any_time = false;
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
    const auto number = [&](const char* name, double Verdict::*field) {
        std::vector<double> values;
        for (const Verdict& verdict : verdicts) values.push_back(verdict.*field);
        columns.push_back({name, std::move(values)});
    };
    number("p_value", &Verdict::p_value);
    number("relative_gap", &Verdict::relative_gap);
    number("allowed_gap", &Verdict::allowed_gap);
    number("noticeable_gap", &Verdict::noticeable_gap);
    std::vector<std::string> names, reasons;
    for (const Verdict& verdict : verdicts) {
        names.emplace_back(verdict_name(verdict.kind));
        reasons.push_back(verdict.reason);
    }
    columns.push_back({"verdict", names});
    columns.push_back({"reason", reasons});
    return columns;
}

std::string percent(double share) {
    return share < 0.1 ? fmt::format("{:.2g} %", 100.0 * share)
                       : fmt::format("{:.0f} %", 100.0 * share);
}

/// How wrong a law would have been noticed.
std::string power_text(const std::vector<Verdict>& verdicts) {
    std::vector<double> gaps;
    for (const Verdict& verdict : verdicts)
        if (verdict.kind != Verdict::Kind::none && std::isfinite(verdict.noticeable_gap))
            gaps.push_back(verdict.noticeable_gap);
    if (gaps.empty()) return {};
    return fmt::format(
        "this run would notice a law off by {} in its sharpest row, by {} in half of its rows, by "
        "{} in all",
        percent(quantile(gaps, 0.0)), percent(quantile(gaps, 0.5)), percent(quantile(gaps, 1.0)));
}

/// Rows with a law that were not judged, by reason, the commonest first.
std::vector<std::string> unjudged_texts(const Table& table, const std::vector<Verdict>& verdicts) {
    std::map<std::string, std::size_t> counts;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        const bool has_law =
            table.rows[i].theory_kind != TheoryKind::none && !table.rows[i].arm.empty();
        if (verdicts[i].kind != Verdict::Kind::none || !has_law) continue;
        // What follows a colon is the row's own.
        ++counts[verdicts[i].reason.substr(0, verdicts[i].reason.find(':'))];
    }
    std::vector<std::pair<std::size_t, std::string>> order;
    for (const auto& [reason, count] : counts) order.emplace_back(count, reason);
    std::sort(order.rbegin(), order.rend());
    std::vector<std::string> texts;
    for (const auto& [count, reason] : order)
        texts.push_back(fmt::format("not judged: {}, {}", plural(count, "row"), reason));
    return texts;
}

void widen_intervals(const AnyTime& any_time, Table& table) {
    for (cucurbit::Row& row : table.rows) {
        const Interval wide = interval(row, any_time);
        row.ci95_low = wide.low;
        row.ci95_high = wide.high;
    }
}

Exit compare_command(const CompareArguments& options) {
    const Store store = Store::open_to_read(options.directory);
    const Study study = store.study();
    Table table = summarize(store, study);
    const AnyTime any_time = AnyTime::of(study.precision);
    const std::vector<Verdict> verdicts =
        options.any_time ? compare(table, any_time) : compare(table);
    if (options.any_time) widen_intervals(any_time, table);
    print_columns(verdict_columns(table, verdicts), options.output);
    const Judgement judgement = judgement_of(verdicts);
    for (const std::string& reason : unjudged_texts(table, verdicts)) say(reason);
    const std::string power = power_text(verdicts);
    if (!power.empty()) say(power);
    if (judgement.failed == 0) {
        say(judgement.text);
        return Exit::done;
    }
    complain("theory and simulation disagree: " + judgement.text);
    return Exit::disagreement;
}

}  // namespace

Judgement judgement_of(const std::vector<Verdict>& verdicts) {
    const auto count = [&](Verdict::Kind kind) {
        return static_cast<std::size_t>(
            std::count_if(verdicts.begin(), verdicts.end(),
                          [=](const Verdict& verdict) { return verdict.kind == kind; }));
    };
    const std::size_t confirmed = count(Verdict::Kind::confirmed);
    const std::size_t failed = count(Verdict::Kind::failed);
    return {confirmed + failed, failed,
            fmt::format("{} judged: {} confirmed, {} failed; {} without verdict",
                        plural(confirmed + failed, "row"), count_text(confirmed),
                        count_text(failed), count_text(count(Verdict::Kind::none)))};
}

void add_compare(Program& program) {
    CLI::App& command = *program.app.add_subcommand(
        "compare", "Judge theory against a run's table; exit code 4 where they disagree");
    const auto options = std::make_shared<CompareArguments>();
    add_directory(command, options->directory);
    command.add_flag("--any-time", options->any_time,
                     "Verdicts and intervals that hold however often a growing run is looked at");
    add_output_options(command, options->output, Aligned::allowed);
    on_chosen(program, command, options, compare_command);
}

}  // namespace cucurbit::cli
