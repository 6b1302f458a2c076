#pragma once
// The kinds of study that this build knows.

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "cucurbit/study.hpp"
#include "host/config/reader.hpp"

namespace cucurbit {

/// Reads a setting's tables from the study's root ([study] and [precision] are already read) and
/// finishes each of them; the root itself is finished by the caller. Throws StudyError.
using SettingReader = std::unique_ptr<const Setting> (*)(Reader& root, const Precision& precision,
                                                         std::uint64_t seed);

/// The readers by [study] kind; defined by the room `studies`.
const std::map<std::string, SettingReader>& settings();

}  // namespace cucurbit
