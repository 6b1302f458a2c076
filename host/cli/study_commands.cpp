#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "cucurbit/run.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"

namespace cucurbit::cli {

namespace {

Exit check(const StudyOptions& options) {
    const Study study = read_study(options);
    std::cout << fmt::format(
        "name       {}\nkind       {}\nseed       {}\nextent     {}\nprecision  {}\n", study.name,
        study.kind, study.seed, extent_text(study), precision_text(study.precision));
    finish_stdout();
    warn_of_remarks(study);
    return Exit::done;
}

struct TheoryOptions {
    StudyOptions study;
    Output output{"csv", ""};
    bool coordinates = false;
};

// One row per point and coordinate: parameters…, then the setting's own columns.
class CoordinateTable {
public:
    explicit CoordinateTable(const Setting& setting)
        : names_(setting.parameters()),
          whole_(setting.whole_parameters()),
          numbers_(names_.size()) {}

    void add(const Point& point, const Setting::Coordinates& coordinates) {
        const std::size_t leading = point.parameters.size();
        if (names_.size() == leading) {
            names_.insert(names_.end(), coordinates.names.begin(), coordinates.names.end());
            for (const std::string& name : coordinates.names) whole_.push_back(name == "index");
            numbers_.resize(names_.size());
        }
        const std::size_t rows = coordinates.columns.at(0).size();
        for (std::size_t i = 0; i < leading; ++i)
            numbers_[i].insert(numbers_[i].end(), rows, point.parameters[i]);
        for (std::size_t i = 0; i < coordinates.columns.size(); ++i) {
            const std::vector<double>& values = coordinates.columns[i];
            auto& column = numbers_.at(leading + i);
            column.insert(column.end(), values.begin(), values.end());
        }
    }

    std::vector<Column> columns() && {
        std::vector<Column> result;
        for (std::size_t i = 0; i < names_.size(); ++i)
            result.push_back(number_column(names_[i], std::move(numbers_[i]), whole_[i]));
        return result;
    }

private:
    std::vector<std::string> names_;
    std::vector<bool> whole_;
    std::vector<std::vector<double>> numbers_;
};

Exit theory(const TheoryOptions& options) {
    const Study study = read_study(options.study, options.output);
    if (!options.coordinates) {
        print_table(theory_table(study), options.output);
        return Exit::done;
    }
    CoordinateTable table(*study.setting);
    bool any = false;
    for (const Design& design : study.setting->designs()) {
        for (const Point& point : design.points) {
            const Setting::Coordinates coordinates = study.setting->coordinates(point);
            if (coordinates.columns.empty()) continue;
            table.add(point, coordinates);
            any = true;
        }
    }
    if (!any) throw UsageError("studies of kind " + study.kind + " have no table of coordinates");
    print_columns(std::move(table).columns(), options.output);
    return Exit::done;
}

}  // namespace

void add_check(Program& program) {
    CLI::App& command =
        *program.app.add_subcommand("check", "Say what a study asks for, or what is wrong with it");
    const auto options = std::make_shared<StudyOptions>();
    add_study_options(command, *options);
    on_chosen(program, command, options, check);
}

void add_theory(Program& program) {
    CLI::App& command =
        *program.app.add_subcommand("theory", "Print a study's theory without simulating");
    const auto options = std::make_shared<TheoryOptions>();
    add_study_options(command, options->study);
    command.add_flag("--coordinates", options->coordinates,
                     "One row per coordinate: shrinkage, truth, optimal surrogate, mask");
    add_output_options(command, options->output, Aligned::allowed);
    on_chosen(program, command, options, theory);
}

}  // namespace cucurbit::cli
