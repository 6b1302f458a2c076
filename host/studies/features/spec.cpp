#include "host/studies/features/spec.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"
#include "host/config/messages.hpp"
#include "host/studies/class_labels.hpp"
#include "host/studies/points.hpp"

namespace cucurbit {
namespace {

constexpr Bounds lost_share{0.0, 0.999};

FeatureSpace read_space(const Reader& table, const char* key, const MatrixFile& file, double tau) {
    try {
        return feature_space(
            {file.rows(), file.cols(),
             [&file](std::size_t row, std::size_t rows, std::size_t col, std::size_t cols,
                     double* to) { file.read(row, rows, col, cols, to); }},
            tau);
    } catch (const std::invalid_argument& error) {
        table.fail(key, error.what());
    }
}

void read_labels(const Reader& table, const MatrixFile& file, bool classification,
                 FeaturesSpec& spec) {
    DenseMatrix values(file.rows(), file.cols());
    file.read(0, file.rows(), 0, file.cols(), values.values.data());
    if (!classification) {
        for (const double value : values.values)
            if (!has_room(value))
                table.fail("labels", fmt::format("{} among the labels; allowed: {}",
                                                 canonical_number(value), allowed_sizes()));
        spec.labels = std::move(values);
        return;
    }
    if (file.cols() != 1)
        table.fail("labels",
                   fmt::format("{} columns; allowed: one, of classes 0, 1, …", file.cols()));
    ClassFile read = read_classes(table, "labels", values.values);
    spec.labels = DenseMatrix(file.rows(), read.classes);
    for (std::size_t i = 0; i < file.rows(); ++i) spec.labels(i, read.labels[i]) = 1.0;
    spec.classes = std::move(read.labels);
}

void read_files(Reader& table, FeaturesSpec& spec) {
    const MatrixFile weak = table.matrix_file("weak"), strong = table.matrix_file("strong");
    const MatrixFile labels = table.matrix_file("labels");
    const auto require_rows = [&](const char* key, const MatrixFile& file) {
        if (file.rows() != weak.rows())
            table.fail(key, fmt::format("{} rows, but {} rows of weak features", file.rows(),
                                        weak.rows()));
    };
    require_rows("strong", strong);
    require_rows("labels", labels);
    if (weak.rows() < 3)
        table.fail("weak", fmt::format("{} rows; allowed: 3 or more", weak.rows()));
    const std::string task = table.choice("task", {"regression", "classification"});
    read_labels(table, labels, task == "classification", spec);
    spec.files = fmt::format("weak={} strong={} labels={} task={}", weak.hash(), strong.hash(),
                             labels.hash(), task);
    spec.test = table.count("test", 1, weak.rows() - 2);
    if (table.has("tau")) spec.tau = table.number("tau", lost_share);
    table.finish();
    spec.weak = read_space(table, "weak", weak, spec.tau);
    spec.strong = read_space(table, "strong", strong, spec.tau);
}

void read_surrogates(Reader& table, FeaturesSpec& spec) {
    for (const Reader::Item& item : table.items("surrogates")) {
        const std::string name = item.text.value_or("");
        if (name != "optimal_surrogate" && name != "mask")
            item.fail(R"(allowed: "optimal_surrogate" and "mask")");
        if (std::find(spec.surrogates.begin(), spec.surrogates.end(), name) !=
            spec.surrogates.end())
            item.fail("named twice");
        spec.surrogates.push_back(name);
    }
}

}  // namespace

FeaturesSpec FeaturesSpec::read(Reader& root) {
    FeaturesSpec spec;
    Reader features = root.table("features");
    read_files(features, spec);
    Reader weak = root.table("weak"), strong = root.table("strong");
    spec.samples = weak.counts("n", 1, max_samples);
    weak.finish();
    spec.pseudo_samples = strong.counts("n_pseudo", 1, max_samples);
    if (strong.has("surrogates")) read_surrogates(strong, spec);
    strong.finish();
    spec.penalty = {{0.0}, {}};
    if (root.has("heads")) {
        Reader heads = root.table("heads");
        spec.penalty = heads.numbers("penalty", not_negative);
        heads.finish();
    }
    strong.limit_points("n_pseudo", {spec.samples.values.size(), spec.pseudo_samples.values.size(),
                                     spec.penalty.values.size()});
    const auto most = [](const Grid<std::uint64_t>& grid) {
        return *std::max_element(grid.values.begin(), grid.values.end());
    };
    const std::uint64_t needed = most(spec.samples) + most(spec.pseudo_samples) + spec.test;
    if (needed > spec.all_samples())
        strong.fail(
            "n_pseudo",
            fmt::format("the largest n and n_pseudo and the {} test samples are {} together; "
                        "allowed: at most the {} rows of the files",
                        spec.test, needed, spec.all_samples()));
    return spec;
}

std::string FeaturesSpec::canonical() const {
    // Runs before splits=samples drew their splits by the bytes of the files.
    return fmt::format("{} test={} tau={} splits=samples", files, test, canonical_number(tau));
}

}  // namespace cucurbit
