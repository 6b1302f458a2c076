// Every stored trial as a row of its own.

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "cucurbit/run.hpp"
#include "host/run/precision.hpp"
#include "host/run/summary.hpp"

namespace cucurbit {
namespace {

const char* status_name(Status status) {
    switch (status) {
        case Status::ok:
            return "ok";
        case Status::not_finite:
            return "not_finite";
        case Status::not_converged:
            return "not_converged";
    }
    return "";
}

/// Columns that grow by one trial after another.
class Trials {
public:
    explicit Trials(const Setting& setting)
        : names_(setting.parameters()), whole_(setting.whole_parameters()) {
        parameters_.resize(names_.size());
    }

    /// design: its number, from 1.
    void add(std::int64_t design, const Point& point, const Series& series,
             const BlockValues& block, std::uint64_t limit) {
        const std::size_t wanted =
            block.first_trial < limit
                ? std::min<std::uint64_t>(limit - block.first_trial, block.values.size())
                : 0;
        for (std::size_t i = 0; i < names_.size(); ++i)
            parameters_[i].insert(parameters_[i].end(), wanted, point.parameters[i]);
        arms_.insert(arms_.end(), wanted, series.arm);
        estimands_.insert(estimands_.end(), wanted, series.estimand);
        designs_.insert(designs_.end(), wanted, design);
        for (std::size_t i = 0; i < wanted; ++i) {
            const Outcome& outcome = block.outcomes[i];
            trials_.push_back(static_cast<std::int64_t>(block.first_trial + i));
            values_.push_back(outcome.status == Status::ok
                                  ? block.values[i]
                                  : std::numeric_limits<double>::quiet_NaN());
            statuses_.emplace_back(status_name(outcome.status));
            rungs_.push_back(static_cast<std::int64_t>(outcome.rung));
            deficits_.push_back(outcome.rank_deficit);
        }
    }

    std::vector<Column> columns() && {
        std::vector<Column> columns;
        for (std::size_t i = 0; i < names_.size(); ++i)
            columns.push_back(parameter_column(names_[i], whole_[i], std::move(parameters_[i])));
        columns.push_back({"arm", std::move(arms_)});
        columns.push_back({"estimand", std::move(estimands_)});
        columns.push_back({"design", std::move(designs_)});
        columns.push_back({"trial", std::move(trials_)});
        columns.push_back({"value", std::move(values_)});
        columns.push_back({"status", std::move(statuses_)});
        columns.push_back({"rung", std::move(rungs_)});
        columns.push_back({"rank_deficit", std::move(deficits_)});
        return columns;
    }

private:
    std::vector<std::string> names_;
    std::vector<bool> whole_;
    std::vector<std::vector<double>> parameters_;
    std::vector<std::string> arms_, estimands_, statuses_;
    std::vector<std::int64_t> designs_, trials_, rungs_, deficits_;
    std::vector<double> values_;
};

}  // namespace

std::vector<Column> trial_columns(const Store& store, const Study& study) {
    if (study.precision.keep == Keep::moments)
        throw std::invalid_argument("the store keeps moments, not single trials");
    Trials trials(*study.setting);
    std::int64_t number = 0;
    for (const Design& design : study.setting->designs()) {
        ++number;
        const std::vector<std::uint64_t> wanted = tabled_trials(store, study, design);
        for (const auto& of_point : series_by_point(design))
            for (const Series* series : of_point)
                for (const BlockValues& block :
                     store.read(series_key(*study.setting, design, *series)))
                    trials.add(number, design.points[series->point], *series, block,
                               wanted[series->point]);
    }
    return std::move(trials).columns();
}

}  // namespace cucurbit
