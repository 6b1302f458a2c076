#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <memory>

#include "cucurbit/run.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/talk.hpp"
#include "host/config/messages.hpp"

namespace cucurbit::cli {
namespace {

struct ExplainOptions {
    StudyOptions study;
    std::vector<std::string> point;
    bool bands = false;
    Output output{"aligned", ""};
};

constexpr std::size_t most_sentences = 12;

/// Parameters and the value that each must have.
using Chosen = std::vector<std::pair<std::size_t, double>>;

Chosen chosen_of(const std::vector<std::string>& texts, const std::vector<std::string>& names) {
    Chosen chosen;
    for (const std::string& text : texts) {
        const std::size_t equals = text.find('=');
        double value = 0.0;
        const char* end = text.data() + text.size();
        if (equals == std::string::npos ||
            std::from_chars(text.data() + equals + 1, end, value).ptr != end)
            throw UsageError("--point " + in_quotes(text) +
                             ": give a parameter and its value, as "
                             "in n=200");
        const std::string name = text.substr(0, equals);
        const auto found = std::find(names.begin(), names.end(), name);
        if (found == names.end())
            throw UsageError(fmt::format("--point {}: unknown parameter{}; allowed: {}",
                                         in_quotes(text), suggestion(name, names), joined(names)));
        chosen.emplace_back(found - names.begin(), value);
    }
    return chosen;
}

bool matches(const Point& point, const Chosen& chosen) {
    return std::all_of(chosen.begin(), chosen.end(), [&](const auto& wanted) {
        return point.parameters[wanted.first] == wanted.second;
    });
}

/// One row for each part of each arm's risk at each point.
class PartTable {
public:
    explicit PartTable(const Setting& setting)
        : names_(setting.parameters()),
          whole_(setting.whole_parameters()),
          parameters_(names_.size()) {}

    void add(const Point& point, const std::vector<RiskPart>& parts) {
        std::map<std::string, double> risks;
        for (const RiskPart& part : parts) risks[part.arm] += part.value;
        for (const RiskPart& part : parts) {
            for (std::size_t k = 0; k < names_.size(); ++k)
                parameters_[k].push_back(point.parameters[k]);
            arms_.push_back(part.arm);
            causes_.push_back(part.cause);
            first_.push_back(static_cast<std::int64_t>(part.first));
            last_.push_back(static_cast<std::int64_t>(part.last));
            values_.push_back(part.value);
            const double risk = risks.at(part.arm);
            shares_.push_back(risk > 0.0 ? part.value / risk
                                         : std::numeric_limits<double>::quiet_NaN());
        }
    }

    std::vector<Column> columns() const {
        std::vector<Column> all;
        for (std::size_t k = 0; k < names_.size(); ++k)
            all.push_back(number_column(names_[k], parameters_[k], whole_[k]));
        all.push_back({"arm", arms_});
        all.push_back({"cause", causes_});
        all.push_back({"first", first_});
        all.push_back({"last", last_});
        all.push_back({"value", values_});
        all.push_back({"share", shares_});
        return all;
    }

private:
    std::vector<std::string> names_;
    std::vector<bool> whole_;
    std::vector<std::vector<double>> parameters_;
    std::vector<std::string> arms_, causes_;
    std::vector<std::int64_t> first_, last_;
    std::vector<double> values_, shares_;
};

/// "student at n = 60: 0.31, of which 62 % bias, 25 % sampling, 13 % noise_std", of each arm.
std::vector<std::string> sentences(const std::string& where, const std::vector<RiskPart>& parts) {
    std::vector<std::string> arms, causes, all;
    std::map<std::pair<std::string, std::string>, double> sums;
    std::map<std::string, double> risks;
    for (const RiskPart& part : parts) {
        if (!risks.contains(part.arm)) arms.push_back(part.arm);
        if (std::find(causes.begin(), causes.end(), part.cause) == causes.end())
            causes.push_back(part.cause);
        risks[part.arm] += part.value;
        sums[{part.arm, part.cause}] += part.value;
    }
    constexpr double least_share = 0.005;
    for (const std::string& arm : arms) {
        std::vector<std::pair<double, std::string>> shares;
        for (const std::string& cause : causes)
            if (const double share = sums[{arm, cause}] / risks[arm]; share >= least_share)
                shares.emplace_back(share, cause);
        std::sort(shares.rbegin(), shares.rend());
        std::vector<std::string> texts;
        for (const auto& [share, cause] : shares)
            texts.push_back(fmt::format("{:.0f} % {}", 100.0 * share, cause));
        all.push_back(fmt::format("{}{}: {:.4g}{}{}", arm, where, risks[arm],
                                  texts.empty() ? "" : ", of which ", joined(texts)));
    }
    return all;
}

/// " at p = 100, n = 60": the parameters with more than one value.
std::string place_text(const Study& study, const std::vector<Point>& points, const Point& point) {
    const std::vector<std::string> names = study.setting->parameters();
    std::vector<std::string> texts;
    for (std::size_t k = 0; k < names.size(); ++k)
        if (std::any_of(points.begin(), points.end(), [&](const Point& other) {
                return other.parameters[k] != point.parameters[k];
            }))
            texts.push_back(fmt::format("{} = {:.6g}", names[k], point.parameters[k]));
    return texts.empty() ? "" : " at " + joined(texts);
}

Exit explain_command(const ExplainOptions& options) {
    const Study study = read_study(options.study, options.output);
    const Chosen chosen = chosen_of(options.point, study.setting->parameters());
    std::vector<Point> points;
    for (const Design& design : study.setting->designs())
        for (const Point& point : design.points)
            if (matches(point, chosen)) points.push_back(point);
    if (points.empty()) throw UsageError("the study has no point with these values");
    PartTable table(*study.setting);
    std::vector<std::string> said;
    bool any = false;
    for (const Point& point : points) {
        const std::vector<RiskPart> parts = explain(*study.setting, point, options.bands);
        any = any || !parts.empty();
        table.add(point, parts);
        for (std::string& sentence : sentences(place_text(study, points, point), parts))
            said.push_back(std::move(sentence));
    }
    if (!any)
        throw UsageError(
            "no arm of this study (kind " + study.kind +
            ") has, at these points, a finite risk by a law that tells its parts apart");
    print_columns(table.columns(), options.output);
    if (said.size() > most_sentences)
        say(fmt::format("{} points; --point NAME=VALUE chooses, and a few are put into words",
                        count_text(points.size())));
    else
        for (const std::string& sentence : said) say(sentence);
    return Exit::done;
}

}  // namespace

void add_explain(Program& program) {
    CLI::App& command = *program.app.add_subcommand(
        "explain", "Split the predicted excess risks by cause: bias, sampling, each label noise");
    const auto options = std::make_shared<ExplainOptions>();
    add_study_options(command, options->study);
    command
        .add_option("--point", options->point,
                    "Points where a parameter has this value; several: where all have")
        ->type_name("NAME=VALUE")
        ->delimiter(',');
    command.add_flag("--bands", options->bands,
                     "Coordinates 1 to 10, 11 to 100, ... apart, in the order of the spectrum");
    add_output_options(command, options->output, Aligned::allowed);
    on_chosen(program, command, options, explain_command);
}

}  // namespace cucurbit::cli
