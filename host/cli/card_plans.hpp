#pragma once
// What known cards would take for a study: predictions, never measurements.

#include <string>
#include <vector>

#include "cucurbit/costs.hpp"
#include "cucurbit/table.hpp"

namespace cucurbit::cli {

/// The words that every prediction carries.
inline constexpr const char* predicted = "predicted, never measured";

/// One row for each design and card, and for what was measured on a card that is there.
class CardPlanTable {
public:
    void add(std::size_t design, const std::string& card, const CardPlan& plan);
    /// entry: in the plan.
    void add_measured(const Plan& plan, std::size_t entry, double seconds_per_trial);
    std::vector<Column> columns() const;

private:
    void add_row(std::size_t design, const std::string& card, const char* basis,
                 const CardPlan& plan, double seconds_per_trial, const std::string& limit);

    std::vector<std::int64_t> designs_, batches_, bytes_, host_bytes_;
    std::vector<std::string> cards_, bases_, limits_;
    std::vector<double> numbers_[7];
};

/// Adds all designs of the study on all known cards; says where a card has not the memory. Throws
/// DeviceError where none has.
void add_predictions(const Study& study, const Shard& shard, std::size_t threads,
                     CardPlanTable& table);

}  // namespace cucurbit::cli
