#pragma once
// What a study with functions of a caller's cannot do.

#include "cucurbit/study.hpp"

namespace cucurbit {

/// Throws StudyError where the study names a function that nobody gave.
void require_functions(const Study& study);

/// Throws StudyError where the study names a function: those are called with a CPU's rows.
void refuse_functions_on_cards(const Study& study);

}  // namespace cucurbit
