#pragma once
// What the store keeps of a design's trials.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "cucurbit/run.hpp"
#include "cucurbit/study.hpp"

namespace cucurbit {

/// A series, or, where moments are kept, also the sums above and below of a derived row: they
/// cannot be made later from the moments of its series.
struct Kept {
    struct Term {
        double factor = 1.0;
        std::size_t series = 0;  ///< index into Design::series
    };
    SeriesKey key;
    std::vector<Term> above;
    std::vector<Term> below;
    bool derived = false;
};

/// All of a design, its series first.
std::vector<Kept> kept(const Study& study, const Design& design);
/// Of a derived row at a point of these series; nothing where it needs another one.
std::optional<Kept> kept(const Setting& setting, const Design& design,
                         const std::vector<const Series*>& of_point, const DerivedRow& row);

/// Moments of the first trials up to `limit`. Throws StudyError where the store holds some of them
/// only together with later ones.
std::vector<MomentsBlock> moments_until(const Store& store, const SeriesKey& key,
                                        std::uint64_t limit);
/// Throws StudyError where the folder holds moments that cannot be cut to what the study asks for.
void require_cut(const std::filesystem::path& folder, const Study& study);

/// Of the most trials that a study with these designs may ask for.
StoredBytes stored_bytes(const Study& study, const std::vector<Design>& designs);

/// Trials of a design that are stored, shared among machines and computed together at least.
std::uint64_t block_trials(const Precision& precision, const Design& design);

}  // namespace cucurbit
