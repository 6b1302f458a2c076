#include "host/run/functions.hpp"

#include <fmt/format.h>

namespace cucurbit {

namespace {

std::string name_of(const OwnFunction& function) {
    return fmt::format("{} '{}' of version {}",
                       function.role == OwnFunction::Role::labels ? "labels" : "measure",
                       function.name, function.version);
}

}  // namespace

void require_functions(const Study& study) {
    const std::optional<OwnFunction> missing = study.setting->missing_function();
    if (!missing) return;
    throw StudyError(missing->position,
                     fmt::format("{} is a function in Python, where alone the study can be run or "
                                 "continued: by Study.run of a study that has it",
                                 name_of(*missing)));
}

void refuse_functions_on_cards(const Study& study) {
    const std::vector<OwnFunction> functions = study.setting->functions();
    if (functions.empty()) return;
    throw StudyError(
        functions.front().position,
        fmt::format("{} is a function in Python, which is called with rows of the CPU; allowed: "
                    "device cpu",
                    name_of(functions.front())));
}

}  // namespace cucurbit
