#include "host/config/subspaces.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"
#include "host/config/messages.hpp"

namespace cucurbit {

SubspaceSpec SubspaceSpec::read(Reader& population, Reader& weak, Reader& strong) {
    SubspaceSpec spec;
    spec.p = population.count("p", 1, std::uint64_t{1} << 53);
    spec.weak = weak.counts("d", 1, max_subspace);
    spec.strong = strong.counts("d", 1, max_subspace);
    spec.read_overlap(strong);
    spec.read_signal(population);
    for (const std::uint64_t d_w : spec.weak.values)
        for (const std::uint64_t d_s : spec.strong.values)
            for (std::size_t k = 0; k < spec.overlaps(); ++k) {
                const std::string fault = spec.fault(d_w, d_s, k);
                if (!fault.empty())
                    strong.fail("overlap",
                                fmt::format("weak.d = {}, strong.d = {}: {}", d_w, d_s, fault));
                const auto cosines = spec.cosines(d_w, d_s, k);
                if (spec.place_ == Place::both &&
                    std::find(cosines.begin(), cosines.end(), 1.0) == cosines.end())
                    population.fail("signal",
                                    "of = 'both' needs a direction that both subspaces share, and "
                                    "strong.overlap leaves none; allowed: strong, weak");
            }
    return spec;
}

void SubspaceSpec::read_overlap(Reader& strong_table) {
    Reader table = strong_table.table("overlap");
    const std::vector<std::string> keys{"shared", "cosines", "correlation_dimension"};
    std::vector<std::string> given;
    for (const std::string& key : keys)
        if (table.has(key)) given.push_back(key);
    table.finish();
    if (given.size() != 1)
        strong_table.fail("overlap",
                          fmt::format("{}; allowed: {{ shared = k }}, {{ cosines = [ … ] }} or "
                                      "{{ correlation_dimension = x }}",
                                      given.empty() ? "empty" : joined(given) + " contradict"));
    overlap_.position = table.position(given[0]);
    if (given[0] == "shared") {
        const Grid<std::uint64_t> grid = table.counts("shared", 0, max_subspace);
        overlap_.values.assign(grid.values.begin(), grid.values.end());
    } else if (given[0] == "cosines") {
        kind_ = Overlap::cosines;
        cosines_ = table.list("cosines", Bounds{0.0, 1.0});
        overlap_.values = {
            std::inner_product(cosines_.begin(), cosines_.end(), cosines_.begin(), 0.0)};
    } else {
        kind_ = Overlap::correlation_dimension;
        overlap_ = table.numbers("correlation_dimension", not_negative);
    }
}

void SubspaceSpec::read_signal(Reader& population) {
    Reader table = population.table("signal");
    table.choice("kind", {"subspace"});
    const std::string of = table.choice("of", {"strong", "weak", "both"});
    place_ = of == "strong" ? Place::strong : of == "weak" ? Place::weak : Place::both;
    if (table.has("norm")) norm_ = table.number("norm", not_negative);
    if (table.has("outside_norm")) outside_norm_ = table.number("outside_norm", not_negative);
    table.finish();
}

std::string SubspaceSpec::fault(std::size_t weak_dimension, std::size_t strong_dimension,
                                std::size_t overlap) const {
    const std::size_t angles = std::min(weak_dimension, strong_dimension);
    const double value = overlap_.values[overlap];
    if (kind_ == Overlap::cosines && cosines_.size() > angles)
        return fmt::format("{} cosines, but there are {} principal angles", cosines_.size(),
                           angles);
    if (kind_ != Overlap::cosines && value > static_cast<double>(angles))
        return fmt::format("{} is not allowed; allowed: at most {}, the smaller dimension",
                           canonical_number(value), angles);
    const std::size_t joint = pair(weak_dimension, strong_dimension, overlap).joint();
    const std::size_t needed = joint + (outside_norm_ > 0.0 ? 1 : 0);
    if (needed > p)
        return fmt::format("the subspaces{} span {} dimensions, but p = {}",
                           outside_norm_ > 0.0 ? " and outside_norm" : "", needed, p);
    return "";
}

std::size_t SubspaceSpec::overlap_of(double correlation_dimension) const {
    const auto found =
        std::find(overlap_.values.begin(), overlap_.values.end(), correlation_dimension);
    return static_cast<std::size_t>(found - overlap_.values.begin());
}

std::vector<double> SubspaceSpec::cosines(std::size_t weak_dimension, std::size_t strong_dimension,
                                          std::size_t overlap) const {
    const std::size_t angles = std::min(weak_dimension, strong_dimension);
    std::vector<double> cosines;
    if (kind_ == Overlap::cosines) cosines = cosines_;
    if (kind_ == Overlap::shared)
        cosines.assign(static_cast<std::size_t>(overlap_.values[overlap]), 1.0);
    if (kind_ == Overlap::correlation_dimension)
        cosines.assign(angles, std::sqrt(overlap_.values[overlap] / static_cast<double>(angles)));
    cosines.resize(angles, 0.0);
    return cosines;
}

SubspaceTruth SubspaceSpec::truth(const std::vector<double>& cosines, std::size_t weak_dimension,
                                  std::size_t strong_dimension) const {
    SubspaceTruth truth{std::vector<double>(weak_dimension, 0.0),
                        std::vector<double>(strong_dimension, 0.0), outside_norm_};
    if (place_ == Place::both) {
        const auto shared = std::count(cosines.begin(), cosines.end(), 1.0);
        for (std::size_t j = 0; j < cosines.size(); ++j)
            if (cosines[j] == 1.0) truth.strong[j] = norm_ / std::sqrt(static_cast<double>(shared));
        return truth;
    }
    std::vector<double>& along = place_ == Place::weak ? truth.weak : truth.strong;
    std::fill(along.begin(), along.end(), norm_ / std::sqrt(static_cast<double>(along.size())));
    return truth;
}

SubspacePair SubspaceSpec::pair(std::size_t weak_dimension, std::size_t strong_dimension,
                                std::size_t overlap) const {
    SubspacePair pair;
    pair.weak = weak_dimension;
    pair.strong = strong_dimension;
    pair.cosines = cosines(weak_dimension, strong_dimension, overlap);
    const SubspaceTruth at = truth(pair.cosines, weak_dimension, strong_dimension);
    pair.weak_truth = at.weak;
    pair.strong_truth = at.strong;
    const double outside = at.outside * at.outside;
    pair.weak_unexplained = pair.strong_unexplained = outside;
    for (std::size_t j = 0; j < std::max(weak_dimension, strong_dimension); ++j) {
        const double along_weak = j < weak_dimension ? at.weak[j] : 0.0;
        const double along_strong = j < strong_dimension ? at.strong[j] : 0.0;
        if (j < weak_dimension) pair.weak_truth[j] += pair.cosine(j) * along_strong;
        if (j < strong_dimension) pair.strong_truth[j] += pair.cosine(j) * along_weak;
        pair.weak_unexplained += pair.discrepancy(j) * along_strong * along_strong;
        pair.strong_unexplained += pair.discrepancy(j) * along_weak * along_weak;
    }
    return pair;
}

std::string SubspaceSpec::canonical() const {
    const char* places[] = {"strong", "weak", "both"};
    return fmt::format("p={} signal={}:{}:{}", p, places[static_cast<int>(place_)],
                       canonical_number(norm_), canonical_number(outside_norm_));
}

std::string SubspaceSpec::canonical_overlap(std::size_t overlap) const {
    if (kind_ == Overlap::cosines) {
        std::vector<std::string> numbers;
        for (const double cosine : cosines_) numbers.push_back(canonical_number(cosine));
        return fmt::format("cosines=[{}]", fmt::join(numbers, ","));
    }
    return fmt::format("{}={}", kind_ == Overlap::shared ? "shared" : "correlation_dimension",
                       canonical_number(overlap_.values[overlap]));
}

}  // namespace cucurbit
