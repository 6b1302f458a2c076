// [data] and [features] of gradient descent.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"
#include "host/studies/class_labels.hpp"
#include "host/studies/descent/spec.hpp"
#include "host/studies/points.hpp"

namespace cucurbit {
namespace {

constexpr std::uint64_t most_test_samples = 1'000'000;

/// Shares of flipped labels; none where nothing is said.
Grid<double> read_flips(Reader& table) {
    if (table.has("flip")) return table.numbers("flip", {0.0, 1.0});
    return {{0.0}, table.position()};
}

void read_labels(Reader& parent, DescentData& data) {
    Reader table = parent.table("labels");
    const std::string kind = table.choice("kind", {"linear", "logistic", "softmax"});
    if (kind == "linear") {
        data.disturbance = table.numbers("noise_std", not_negative);
    } else {
        data.classes = kind == "logistic" ? 2 : table.count("classes", 3, most_classes);
        data.strength = table.number("strength", positive);
        data.disturbance = read_flips(table);
    }
    table.finish();
}

/// Samples and classes of two files; each class from 0 on has a sample.
void read_files(Reader& table, DescentData& data) {
    Reader::TableFile features = table.table_file("features_file");
    const Reader::File labels = table.file("labels_file");
    if (labels.values.size() != features.rows)
        table.fail("labels_file", fmt::format("{} labels, but {} rows of features",
                                              labels.values.size(), features.rows));
    ClassFile classes = read_classes(table, "labels_file", labels.values);
    if (features.cols < 2) table.fail("features_file", "allowed: two columns or more");
    data.classes = classes.classes;
    data.file_labels = std::move(classes.labels);
    data.features = std::move(features.values);
    data.files = features.hash + ":" + labels.hash;
    data.p = {{features.cols}, table.position("features_file")};
    data.disturbance = read_flips(table);
}

}  // namespace

DescentData DescentData::read(Reader& root) {
    Reader table = root.table("data");
    DescentData data;
    data.samples = table.counts("n", 2, max_samples);
    if (table.has("features_file")) {
        read_files(table, data);
    } else {
        data.p = table.counts("p", 2, max_dimension);
        data.spectrum = Spectrum::read(table, "spectrum", data.p);
        data.signal = Signal::read(table, "signal", data.p);
        read_labels(table, data);
    }
    if (data.classes > 0) {
        // The slope of the student's margins on the teacher's needs two points.
        data.test_samples = table.count("test", 2, most_test_samples);
        if (table.has("held_out")) data.held_out = table.count("held_out", 1, most_test_samples);
    } else {
        for (const char* key : {"test", "held_out"})
            if (table.has(key)) table.fail(key, "only labels of classes have it");
    }
    table.finish();
    return data;
}

std::string DescentData::canonical() const {
    if (from_files())
        // Runs before splits=samples drew their splits by the bytes of the files.
        return fmt::format("files={} test={} held_out={} splits=samples", files, test_samples,
                           held_out);
    return fmt::format("spectrum={} signal={} classes={} strength={} test={} held_out={}",
                       spectrum.canonical(), signal.canonical(), classes,
                       canonical_number(strength), test_samples, held_out);
}

std::string DescentData::draws(std::uint64_t dimension, std::uint64_t n) const {
    if (from_files())
        return fmt::format("n={} samples={} classes={} test={} held_out={}", n, file_labels.size(),
                           classes, test_samples, held_out);
    return fmt::format("p={} n={} {}", dimension, n, canonical());
}

DescentFeatures DescentFeatures::read(Reader& root) {
    DescentFeatures features;
    if (!root.has("features")) return features;
    Reader table = root.table("features");
    if (table.choice("kind", {"identity", "random_relu"}) == "random_relu") {
        features.width = table.count("width", 2, max_dimension);
        features.seed = table.count("seed", 0, (std::uint64_t{1} << 63) - 1);
    }
    table.finish();
    return features;
}

std::string DescentFeatures::canonical() const {
    return width == 0 ? "identity" : fmt::format("random_relu:{}:{}", width, seed);
}

}  // namespace cucurbit
