#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>

#include "cucurbit/costs.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/talk.hpp"

namespace cucurbit::cli {

namespace {

struct ReplayArguments {
    std::string directory;
    std::vector<std::string> point;
    std::vector<std::uint64_t> trials{0};
    std::string device = "auto";
    std::optional<double> tolerance;
    Output output{"aligned", ""};
};

// What another BLAS may make of a CPU's trial.
constexpr double other_blas = 1e-9;

bool parse_number(const std::string& text, double& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

std::string coordinate_fault(const std::string& text) {
    const std::size_t equals = text.find('=');
    double number = 0.0;
    if (equals != std::string::npos && equals > 0 && parse_number(text.substr(equals + 1), number))
        return {};
    return "'" + text + "' is not PARAMETER=NUMBER, such as n=200";
}

std::string trial_fault(const std::string& text) {
    const bool digits = !text.empty() && text.size() <= 18 &&
                        text.find_first_not_of("0123456789") == std::string::npos;
    return digits ? "" : "'" + text + "' is no trial's number: 0, 1, 2 and so on";
}

std::string tolerance_fault(const std::string& text) {
    double number = 0.0;
    if (parse_number(text, number) && number >= 0.0) return {};
    return "'" + text + "' is no relative difference: a number >= 0";
}

std::vector<std::pair<std::string, double>> point_of(const ReplayArguments& options) {
    std::vector<std::pair<std::string, double>> point;
    for (const std::string& text : options.point) {
        const std::size_t equals = text.find('=');
        point.emplace_back(text.substr(0, equals), 0.0);
        parse_number(text.substr(equals + 1), point.back().second);
    }
    return point;
}

enum class Match { missing, same, close, different };

const char* match_name(Match match) {
    switch (match) {
        case Match::missing:
            return "not stored";
        case Match::same:
            return "same bits";
        case Match::close:
            return "within tolerance";
        case Match::different:
            return "different";
    }
    return "";
}

double tolerance_of(const Replayed& trial, const ReplayArguments& options) {
    return options.tolerance.value_or(trial.allowed > 0.0 ? trial.allowed : other_blas);
}

Match match_of(const Replayed& trial, double tolerance) {
    if (!trial.stored) return Match::missing;
    if (trial.same) return Match::same;
    if (trial.stored_outcome.status != trial.outcome.status) return Match::different;
    if (std::isinf(tolerance)) return Match::close;
    if (!std::isfinite(*trial.stored) || !std::isfinite(trial.recomputed)) return Match::different;
    const double gap = std::abs(*trial.stored - trial.recomputed);
    const double largest = std::max(std::abs(*trial.stored), std::abs(trial.recomputed));
    return gap <= tolerance * largest ? Match::close : Match::different;
}

std::string basis_text(const std::vector<Replayed>& replayed, const ReplayArguments& options) {
    if (options.tolerance) return fmt::format("{:g} of a value was allowed", *options.tolerance);
    const bool card = std::any_of(replayed.begin(), replayed.end(),
                                  [](const Replayed& trial) { return trial.allowed > 0.0; });
    return card ? fmt::format(
                      "a card may have computed one of the two: not bits but {:g} of a "
                      "value decide",
                      allowed_difference)
                : fmt::format(
                      "CPUs computed both: the same bits with one BLAS kernel, {:g} of a "
                      "value with another",
                      other_blas);
}

std::vector<Column> columns_of(const Setting& setting, const std::vector<Replayed>& replayed,
                               const std::vector<Match>& matches) {
    std::vector<Column> columns;
    const std::vector<std::string> names = setting.parameters();
    const std::vector<bool> whole = setting.whole_parameters();
    for (std::size_t i = 0; i < names.size(); ++i) {
        std::vector<double> numbers;
        for (const Replayed& trial : replayed) numbers.push_back(trial.parameters.at(i));
        columns.push_back(number_column(names[i], std::move(numbers), whole[i]));
    }
    std::vector<std::string> arms, estimands, verdicts;
    std::vector<std::int64_t> trials;
    std::vector<double> stored, recomputed;
    for (std::size_t i = 0; i < replayed.size(); ++i) {
        arms.push_back(replayed[i].arm);
        estimands.push_back(replayed[i].estimand);
        trials.push_back(static_cast<std::int64_t>(replayed[i].trial));
        stored.push_back(replayed[i].stored.value_or(std::numeric_limits<double>::quiet_NaN()));
        recomputed.push_back(replayed[i].recomputed);
        verdicts.emplace_back(match_name(matches[i]));
    }
    columns.push_back({"arm", arms});
    columns.push_back({"estimand", estimands});
    columns.push_back({"trial", trials});
    columns.push_back({"stored", stored});
    columns.push_back({"recomputed", recomputed});
    columns.push_back({"match", verdicts});
    return columns;
}

Exit replay_command(const ReplayArguments& options) {
    const Store store = Store::open_to_read(options.directory);
    const Study study = store.study();
    require_trials(options.directory, study, "replay");
    std::vector<Replayed> replayed;
    try {
        replayed = replay(store, study, point_of(options), options.trials, options.device);
    } catch (const std::invalid_argument& error) {
        throw UsageError(error.what());
    }
    std::vector<Match> matches;
    for (const Replayed& trial : replayed)
        matches.push_back(match_of(trial, tolerance_of(trial, options)));
    print_columns(columns_of(*study.setting, replayed, matches), options.output);
    const auto count = [&](Match match) {
        return std::count(matches.begin(), matches.end(), match);
    };
    const std::string text = fmt::format(
        "{} with the same bits, {} within the tolerance, {} different, {} not stored ({})",
        count(Match::same), count(Match::close), count(Match::different), count(Match::missing),
        basis_text(replayed, options));
    if (count(Match::different) == 0) {
        say(text);
        return Exit::done;
    }
    complain("recomputed values differ from the stored ones: " + text);
    return Exit::disagreement;
}

}  // namespace

void add_replay(Program& program) {
    CLI::App& command = *program.app.add_subcommand(
        "replay",
        "Recompute trials and put them beside the stored values; exit code 4 on a difference");
    const auto options = std::make_shared<ReplayArguments>();
    add_directory(command, options->directory);
    command
        .add_option("--trial", options->trials,
                    "Trial to recompute, counted from 0; may be repeated")
        ->type_name("NUMBER")
        ->allow_extra_args(false)
        ->check(CLI::Validator(trial_fault, ""))
        ->capture_default_str();
    command.add_option("--point", options->point, "Only points with this value, such as n=200")
        ->type_name("PARAMETER=NUMBER")
        ->allow_extra_args(false)
        ->check(CLI::Validator(coordinate_fault, ""));
    command
        .add_option("--tolerance", options->tolerance,
                    "Relative difference allowed (default: 1e-9 for another machine's BLAS, "
                    "1e-7 where a card computed either)")
        ->check(CLI::Validator(tolerance_fault, ""))
        ->type_name("NUMBER");
    add_device(command, options->device);
    add_output_options(command, options->output, Aligned::allowed);
    on_chosen(program, command, options, replay_command);
}

}  // namespace cucurbit::cli
