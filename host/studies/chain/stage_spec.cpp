#include "host/studies/chain/stage_spec.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "host/config/messages.hpp"
#include "host/studies/graph/features.hpp"
#include "host/theory/dense.hpp"

namespace cucurbit {
namespace {

const std::vector<std::string> feature_names{"identity", "mask", "subspace", "random", "file"};

}  // namespace

StageSpec StageSpec::read(Reader& table, const Grid<std::uint64_t>& p, const Spectrum& usual,
                          bool first) {
    StageSpec stage;
    stage.samples = table.counts("n", 1, 1'000'000'000);
    stage.noise_std = table.numbers("noise_std", not_negative);
    stage.penalty = {{0.0}, {}};
    if (table.has("penalty")) stage.penalty = table.numbers("penalty", not_negative);
    stage.from_truth = first;
    if (table.has("labels")) {
        stage.from_truth = table.choice("labels", {"previous", "truth"}) == "truth";
        if (first && !stage.from_truth)
            table.fail("labels", "the first stage has no previous one; allowed: truth");
    }
    stage.covariance = RotatedSpectrum::read(table, p, usual);
    if (table.has("features")) stage.read_features(table, p);
    table.finish();
    return stage;
}

void StageSpec::read_features(Reader& stage, const Grid<std::uint64_t>& p) {
    Reader table = stage.table("features");
    const std::string kind = table.choice("kind", feature_names);
    features_ = static_cast<Features>(std::find(feature_names.begin(), feature_names.end(), kind) -
                                      feature_names.begin());
    if (features_ == Features::identity) return table.finish();
    if (features_ == Features::file) return read_file(table, p);
    const std::string key = features_ == Features::mask       ? "keep"
                            : features_ == Features::subspace ? "dimension"
                                                              : "count";
    const std::uint64_t smallest = *std::min_element(p.values.begin(), p.values.end());
    count_ = table.count(key, 1, features_ == Features::random ? max_dense_dimension : smallest);
    if (features_ != Features::mask) seed_ = table.count("seed", 0, max_feature_seed);
    table.finish();
    for (const std::uint64_t dimension : p.values)
        if (dimension > max_dense_dimension)
            stage.fail("features", fmt::format("kind {} needs p at most {}, but p = {}",
                                               in_quotes(kind), max_dense_dimension, dimension));
}

void StageSpec::read_file(Reader& table, const Grid<std::uint64_t>& p) {
    const Reader::TableFile file = table.table_file("file");
    for (const std::uint64_t dimension : p.values)
        if (dimension != file.cols)
            table.fail("file", fmt::format("{} columns, but p = {}", file.cols, dimension));
    if (file.cols > max_dense_dimension)
        table.fail("file",
                   fmt::format("{} columns; allowed: at most {}", file.cols, max_dense_dimension));
    DenseMatrix written(file.rows, file.cols);
    for (std::size_t i = 0; i < file.rows; ++i)
        for (std::size_t j = 0; j < file.cols; ++j) written(i, j) = file.values[i * file.cols + j];
    file_ = compact(written);
    if (file_.rows == 0) table.fail("file", "every feature is zero");
    hash_ = file.hash;
    table.finish();
}

std::size_t StageSpec::feature_count(std::size_t p) const {
    if (features_ == Features::file) return file_.rows;
    return features_ == Features::identity ? p : std::min<std::size_t>(count_, p);
}

DenseMatrix StageSpec::features(std::size_t p) const {
    if (features_ == Features::file) return file_;
    if (features_ == Features::random) {
        DenseMatrix random = seeded_normals("features", seed_, count_, p);
        for (double& value : random.values) value /= std::sqrt(static_cast<double>(p));
        return count_ > p ? compact(random) : random;
    }
    DenseMatrix rows =
        features_ == Features::subspace ? transposed(random_rotation(seed_, p)) : DenseMatrix(p, p);
    DenseMatrix leading(feature_count(p), p);
    for (std::size_t i = 0; i < leading.rows; ++i)
        for (std::size_t j = 0; j < p; ++j)
            leading(i, j) = features_ == Features::subspace ? rows(i, j) : i == j ? 1.0 : 0.0;
    return leading;
}

std::string StageSpec::canonical() const {
    const std::string which =
        features_ == Features::file ? hash_ : fmt::format("{}:{}", count_, seed_);
    return fmt::format("[{} features={}:{} labels={}]", covariance.canonical(),
                       feature_names[static_cast<std::size_t>(features_)], which,
                       from_truth ? "truth" : "previous");
}

}  // namespace cucurbit
