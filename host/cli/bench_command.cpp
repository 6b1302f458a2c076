#include <limits>
#include <memory>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

#include "cucurbit/costs.hpp"
#include "host/cli/card_plans.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/talk.hpp"
#include "host/cli/time_limit.hpp"

namespace cucurbit::cli {

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr double wanted_error = 0.01;

struct BenchArguments {
    StudyOptions study;
    std::string devices = "cpu,cuda";
    double seconds = 2.0;
    Output output{"aligned", ""};
};

std::string devices_fault(const std::string& names) {
    static const std::regex grammar("(cpu|cuda(:[0-9]+)?)(,(cpu|cuda(:[0-9]+)?))*");
    if (std::regex_match(names, grammar)) return {};
    return "no list of devices: '" + names + "'; such as cpu,cuda:0";
}

std::vector<std::string> names_in(const std::string& list) {
    std::vector<std::string> names;
    std::istringstream text(list);
    for (std::string name; std::getline(text, name, ',');) names.push_back(name);
    return names;
}

/// The arms at each n: what one trial fits.
std::size_t fits_per_trial(const Design& design) {
    std::set<std::pair<std::size_t, std::string>> fits;
    for (const Series& series : design.series) fits.emplace(series.point, series.arm);
    return fits.size();
}

/// One design on one device.
struct Row {
    std::string device;
    const char* basis = "measured";
    double workers = unknown, batch = unknown, trials = unknown;
    double trials_per_second = unknown;
    double difference = unknown;
    std::string limit{};  // g++ warns of rows without it. NOLINT(readability-redundant-member-init)
};

class BenchTable {
public:
    /// The first row of a design is what its others are compared with.
    void add(std::size_t design, const Row& row, std::size_t fits, double trials_needed,
             double first_rate) {
        const bool compared = !std::isnan(row.difference);
        designs_.push_back(static_cast<std::int64_t>(design));
        devices_.push_back(row.device);
        bases_.emplace_back(row.basis);
        limits_.push_back(row.limit);
        const double values[] = {row.workers,
                                 row.batch,
                                 row.trials,
                                 row.trials_per_second,
                                 row.trials_per_second * static_cast<double>(fits),
                                 trials_needed / row.trials_per_second,
                                 row.trials_per_second / first_rate,
                                 row.difference,
                                 compared ? allowed_difference : unknown};
        for (std::size_t i = 0; i < std::size(values); ++i) numbers_[i].push_back(values[i]);
    }

    std::vector<Column> columns() const {
        constexpr const char* names[] = {"workers",         "batch",
                                         "trials",          "trials_per_second",
                                         "fits_per_second", "seconds_to_1_percent",
                                         "ratio",           "largest_difference",
                                         "tolerance"};
        std::vector<Column> result{{"design", designs_}, {"device", devices_}, {"basis", bases_}};
        for (std::size_t i = 0; i < std::size(names); ++i)
            result.push_back({names[i], numbers_[i]});
        result.push_back({"limit", limits_});
        return result;
    }

private:
    std::vector<std::int64_t> designs_;
    std::vector<std::string> devices_, bases_, limits_;
    std::vector<double> numbers_[9];
};

/// The plans of the devices that are there; the others are named.
struct Contenders {
    std::vector<Plan> plans;
    bool any_absent = false;
};

Contenders find_contenders(const Study& study, const std::string& list) {
    Contenders found;
    std::optional<DeviceError> why;
    for (const std::string& name : names_in(list)) {
        try {
            found.plans.push_back(make_plan(study, name, 0));
        } catch (const DeviceError& error) {
            say(std::string(error.what()) + ": predictions for known cards instead");
            found.any_absent = true;
            why = error;
        }
    }
    if (found.plans.empty() && why) throw DeviceError(*why);
    return found;
}

using Predictions = std::vector<std::pair<std::string, std::vector<CardPlan>>>;  // by card

/// Of the cards that have the memory.
Predictions predict_all(const Study& study) {
    Predictions all;
    for (const Card& card : known_cards()) {
        try {
            all.emplace_back(card.name, predict(study, card));
        } catch (const DeviceError& error) {
            say(error.what());
        }
    }
    return all;
}

Row measured_row(const Plan& plan, std::size_t entry, const Throughput& measured) {
    Row row;
    row.device = plan.device;
    row.workers = static_cast<double>(plan.workers);
    row.batch = static_cast<double>(plan.entries[entry].batch);
    row.trials = static_cast<double>(measured.trials);
    row.trials_per_second = measured.trials_per_second;
    return row;
}

Row predicted_row(const std::string& card, const BatchCost& batch) {
    Row row;
    row.device = card;
    row.basis = predicted;
    row.batch = static_cast<double>(batch.trials);
    row.trials_per_second = static_cast<double>(batch.trials) / batch.seconds;
    row.limit = limit_name(batch.limit);
    return row;
}

/// Adds the rows of one design; whether all devices agree about its trials.
bool bench_design(const Study& study, std::size_t i, const std::vector<Plan>& plans,
                  const Predictions& predictions, double seconds, BenchTable& table) {
    const Design& design = plans.front().entries[i].design;
    const std::size_t fits = fits_per_trial(design);
    const Throughput first = measure(study, plans.front(), i, seconds);
    const double needed = trials_for(wanted_error, study, design, first.moments);
    const auto add = [&](const Row& row) {
        table.add(i + 1, row, fits, needed, first.trials_per_second);
    };
    add(measured_row(plans.front(), i, first));
    bool agree = true;
    for (std::size_t k = 1; k < plans.size(); ++k) {
        const Throughput other = measure(study, plans[k], i, seconds);
        Row row = measured_row(plans[k], i, other);
        row.difference = largest_difference(study, design, first.first, other.first);
        agree = agree && row.difference <= allowed_difference;
        add(row);
    }
    for (const auto& [card, designs] : predictions) add(predicted_row(card, designs[i].batch));
    return agree;
}

Exit bench_command(const BenchArguments& options) {
    const Study study = read_study(options.study, options.output);
    const auto [plans, any_absent] = find_contenders(study, options.devices);
    const Predictions predictions = any_absent ? predict_all(study) : Predictions{};
    BenchTable table;
    bool agree = true;
    for (std::size_t i = 0; i < plans.front().entries.size(); ++i)
        agree = bench_design(study, i, plans, predictions, options.seconds, table) && agree;
    print_columns(table.columns(), options.output);
    for (const Plan& plan : plans)
        for (const Device& device : plan.devices) say(device.name + ": " + device.description);
    if (any_absent)
        say("predicted rows are upper bounds by published figures (plan --device cuda)");
    if (agree) return Exit::done;
    complain("devices disagree about the same trials: see largest_difference and run doctor");
    return Exit::disagreement;
}

}  // namespace

void add_bench(Program& program) {
    CLI::App& command = *program.app.add_subcommand(
        "bench", "Time a study's trials on devices side by side, and compare their results");
    const auto options = std::make_shared<BenchArguments>();
    add_study_options(command, options->study);
    command
        .add_option("--devices", options->devices, "Devices; the first is what others compare to")
        ->type_name("LIST")
        ->check(CLI::Validator(devices_fault, ""))
        ->capture_default_str();
    command.add_option("--seconds", options->seconds, "Time for each design on each device")
        ->type_name("S")
        ->check(CLI::Validator(seconds_fault, ""))
        ->capture_default_str();
    add_output_options(command, options->output, Aligned::allowed);
    on_chosen(program, command, options, bench_command);
}

}  // namespace cucurbit::cli
