#include "host/studies/chain.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "host/config/messages.hpp"
#include "host/studies/graph.hpp"
#include "host/studies/points.hpp"
#include "host/theory/dense.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t most_stages = 64;

/// Independent rows of a file's features.
RowFeatures read_file(Reader& table, const Grid<std::uint64_t>& p, std::uint64_t& count) {
    const Reader::TableFile file = table.table_file("file");
    for (const std::uint64_t dimension : p.values)
        if (dimension != file.cols)
            table.fail("file", fmt::format("{} columns, but p = {}", file.cols, dimension));
    if (file.cols > max_dense_dimension)
        table.fail("file",
                   fmt::format("{} columns; allowed: at most {}", file.cols, max_dense_dimension));
    DenseMatrix columns(file.cols, file.rows);
    columns.values = file.values;
    const DenseMatrix rows = compact(transposed(columns));
    if (rows.rows == 0) table.fail("file", "every feature is zero");
    count = rows.rows;
    return RowFeatures::given(transposed(rows), file.hash);
}

/// What a stage's model sees: all coordinates, leading ones, or features.
void read_features(Reader& stage, GraphSpec& spec, GraphSpec::Fit& fit) {
    Reader table = stage.table("features");
    const Grid<std::uint64_t>& p = spec.population.p;
    const std::string kind =
        table.choice("kind", {"identity", "mask", "subspace", "random", "file"});
    if (kind == "identity") return table.finish();
    std::uint64_t count = 0;
    std::optional<RowFeatures> features;
    if (kind == "file") {
        features = read_file(table, p, count);
    } else {
        const std::string key = kind == "mask"       ? "keep"
                                : kind == "subspace" ? "dimension"
                                                     : "count";
        count = table.count(key, 1, kind == "random" ? max_dense_dimension : spec.least_p());
        if (kind == "subspace")
            features = RowFeatures::subspace(table.count("seed", 0, max_feature_seed));
        if (kind == "random")
            features = RowFeatures::compacted(table.count("seed", 0, max_feature_seed), count);
    }
    table.finish();
    for (const std::uint64_t dimension : p.values)
        if (dimension > max_dense_dimension)
            stage.fail("features", fmt::format("kind {} needs p at most {}, but p = {}",
                                               in_quotes(kind), max_dense_dimension, dimension));
    fit.keep = GraphSpec::Number{{}, static_cast<double>(count)};
    if (features) fit.features = spec.add_features(*features);
}

/// The rows and the fit of stage number `stage`, counted from 0.
void read_stage(Reader& table, GraphSpec& spec, std::size_t stage) {
    const auto column = [&](const char* name) { return fmt::format("{}_{}", name, stage + 1); };
    GraphSpec::Rows rows;
    rows.name = fmt::format("{}", stage + 1);
    rows.n = spec.grids.add_counts(column("n"), table, "n", 1, max_samples);
    rows.noise_std = spec.grids.add(column("noise_std"), table, "noise_std", not_negative);
    GraphSpec::Fit fit;
    fit.name = column("stage");
    fit.rows = {stage};
    fit.row_weights.resize(1);
    fit.penalty = table.has("penalty")
                      ? spec.grids.add(column("penalty"), table, "penalty", not_negative)
                      : spec.grids.add_one(column("penalty"), 0.0);
    bool from_truth = stage == 0;
    if (table.has("labels")) {
        from_truth = table.choice("labels", {"previous", "truth"}) == "truth";
        if (stage == 0 && !from_truth)
            table.fail("labels", "the first stage has no previous one; allowed: truth");
    }
    fit.labels = {from_truth ? GraphSpec::Labels{{}, GraphSpec::observed}
                             : GraphSpec::outputs_of(stage - 1)};
    rows.covariance = RotatedSpectrum::read(table, spec.population.p, spec.population.spectrum);
    if (table.has("features")) read_features(table, spec, fit);
    table.finish();
    spec.rows.push_back(std::move(rows));
    spec.fits.push_back(std::move(fit));
    spec.measures.push_back({GraphSpec::Measure::Kind::excess_risk, stage, stage});
}

}  // namespace

std::unique_ptr<const Setting> read_chain(Reader& root, const Precision& precision,
                                          std::uint64_t seed) {
    GraphSpec spec;
    spec.population = PopulationSpec::read(root);
    spec.grids.add_dimensions(spec.population.p.values);
    for (const Reader::Item& item : root.items("stage")) {
        if (!item.table) item.fail("text is not allowed; allowed: a [[stage]] table");
        read_stage(*item.table, spec, spec.fits.size());
        if (spec.fits.size() > most_stages)
            item.fail(fmt::format("a chain has at most {} stages", most_stages));
    }
    spec.grids.check(root, "stage");
    spec.test.covariance = spec.rows.back().covariance;
    if (root.has("test")) {
        Reader test = root.table("test");
        spec.test.covariance =
            RotatedSpectrum::read(test, spec.population.p, spec.population.spectrum);
        test.finish();
    }
    return std::make_unique<GraphStudy>("chain", std::move(spec), precision, seed);
}

}  // namespace cucurbit
