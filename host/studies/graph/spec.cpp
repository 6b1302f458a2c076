#include "host/studies/graph/spec.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/config/messages.hpp"
#include "host/studies/graph/optimum.hpp"
#include "host/studies/points.hpp"
#include "host/theory/dense.hpp"

namespace cucurbit {
namespace {

constexpr std::size_t most_rows = 16, most_fits = 32;
const std::vector<std::string> given_sources{"observed", "truth"};

/// In the order of GraphSpec::Measure::Kind.
struct MeasureName {
    const char* name;
    bool of_pairs;
};
constexpr std::array measure_names{
    MeasureName{"excess_risk", false},     MeasureName{"misfit", true},
    MeasureName{"output_variance", false}, MeasureName{"in_sample_risk", false},
    MeasureName{"error_rate", false},      MeasureName{"agreement", true}};

/// The place of a name among those that are known.
std::size_t place_of(const Reader::Item& item, const std::vector<std::string>& known,
                     const char* what) {
    const auto found = std::find(known.begin(), known.end(), *item.text);
    if (found == known.end())
        item.fail(fmt::format("unknown {} {}{}; allowed: {}", what, in_quotes(*item.text),
                              suggestion(*item.text, known), joined(known)));
    return static_cast<std::size_t>(found - known.begin());
}

/// What turns standard normals into whitened coordinates; none of Gaussian ones.
const std::vector<std::pair<std::string, std::optional<Entrywise>>> distributions{
    {"gaussian", {}},
    {"rademacher", Entrywise::sign},
    {"uniform", Entrywise::uniform},
    {"laplace", Entrywise::laplace}};

std::optional<Entrywise> read_distribution(Reader& table) {
    std::vector<std::string> names;
    for (const auto& [name, transform] : distributions) names.push_back(name);
    const std::string chosen = table.choice("distribution", names);
    return distributions[static_cast<std::size_t>(std::find(names.begin(), names.end(), chosen) -
                                                  names.begin())]
        .second;
}

/// Names become parts of columns.
void check_name(const Reader& table, const std::string& key, const std::string& name) {
    constexpr std::string_view letters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    constexpr std::size_t longest = 32;
    if (name.empty() || name.size() > longest ||
        name.find_first_not_of(letters) != std::string::npos)
        table.fail(key, fmt::format("{} is not allowed as a name; allowed: 1 to {} letters, "
                                    "digits and '_'",
                                    in_quotes(name), longest));
    for (const char* reserved : {"observed", "truth", "rest"})
        if (name == reserved)
            table.fail(key, fmt::format("{} means something in labels and cannot be a name",
                                        in_quotes(name)));
}

}  // namespace

GraphSpec GraphSpec::read(Reader& root) {
    GraphSpec spec;
    spec.population = PopulationSpec::read(root);
    spec.grids.add_dimensions(spec.population.p.values);
    spec.read_test(root);
    spec.read_rows(root);
    spec.read_fits(root);
    spec.read_measures(root);
    spec.grids.check(root, "fit");
    return spec;
}

void GraphSpec::read_test(Reader& root) {
    test.covariance = RotatedSpectrum(population.spectrum);
    if (!root.has("test")) return;
    Reader table = root.table("test");
    test.covariance = RotatedSpectrum::read(table, population.p, population.spectrum);
    if (table.has("signal")) test.signal = Signal::read(table, "signal", population.p);
    table.finish();
}

void GraphSpec::read_rows(Reader& root) {
    Reader all = root.table("rows");
    for (const std::string& name : all.keys()) {
        check_name(all, name, name);
        Reader table = all.table(name);
        Rows group;
        group.name = name;
        group.n = grids.add_counts("n_" + name, table, "n", 1, max_samples);
        if (table.has("noise_std"))
            group.noise_std = grids.add("noise_std_" + name, table, "noise_std", not_negative);
        group.covariance = RotatedSpectrum::read(table, population.p, population.spectrum);
        if (table.has("signal")) group.signal = Signal::read(table, "signal", population.p);
        if (table.has("distribution")) group.distribution = read_distribution(table);
        table.finish();
        rows.push_back(std::move(group));
    }
    if (rows.empty()) root.fail("rows", "empty; allowed: tables such as [rows.real]");
    if (rows.size() > most_rows)
        root.fail("rows", fmt::format("a graph has at most {} groups of rows", most_rows));
}

void GraphSpec::read_fits(Reader& root) {
    Reader all = root.table("fit");
    std::vector<std::string> waiting = all.keys();
    if (waiting.empty()) root.fail("fit", "empty; allowed: tables such as [fit.teacher]");
    if (waiting.size() > most_fits)
        root.fail("fit", fmt::format("a graph has at most {} fits", most_fits));
    for (const std::string& name : waiting) check_name(all, name, name);
    const std::vector<std::string> names = waiting;
    // A fit is read once all that it takes labels from are: those that can never be are a cycle.
    while (!waiting.empty()) {
        const auto ready = std::find_if(waiting.begin(), waiting.end(), [&](const auto& name) {
            Reader table = all.table(name);
            const std::vector<std::string> sources = label_names(table);
            return std::none_of(sources.begin(), sources.end(), [&](const std::string& source) {
                return std::find(waiting.begin(), waiting.end(), source) != waiting.end();
            });
        });
        if (ready == waiting.end()) refuse_cycle(all, waiting);
        Reader table = all.table(*ready);
        read_fit(*ready, table, names);
        table.finish();
        waiting.erase(ready);
    }
}

void GraphSpec::refuse_cycle(Reader& all, const std::vector<std::string>& waiting) {
    // Each of those that wait takes labels from another one: going back from any of them must
    // return to one that was passed.
    std::vector<std::string> path;
    std::string next = waiting.front();
    while (std::find(path.begin(), path.end(), next) == path.end()) {
        path.push_back(next);
        Reader table = all.table(next);
        const std::vector<std::string> sources = label_names(table);
        next = *std::find_first_of(sources.begin(), sources.end(), waiting.begin(), waiting.end());
    }
    path.erase(path.begin(), std::find(path.begin(), path.end(), next));
    path.push_back(next);
    all.fail(path.front(), fmt::format("takes labels from itself: {}", fmt::join(path, " from ")));
}

std::vector<std::string> GraphSpec::label_names(Reader& table) {
    std::vector<std::string> names;
    add_label_names(table, "labels", names);
    if (!table.is_table("labels_on")) return names;
    Reader labels = table.table("labels_on");
    for (const std::string& group : labels.keys()) add_label_names(labels, group, names);
    return names;
}

void GraphSpec::add_label_names(Reader& table, const std::string& key,
                                std::vector<std::string>& names) {
    if (!table.has(key)) return;
    if (!table.is_table(key)) {
        for (const Reader::Item& item : table.words(key)) names.push_back(*item.text);
        return;
    }
    Reader labels = table.table(key);
    for (const std::string& source : labels.keys())
        names.push_back(source == "rest" ? labels.text(source) : source);
}

void GraphSpec::read_fit(const std::string& name, Reader& table,
                         const std::vector<std::string>& names) {
    Fit fit;
    fit.name = name;
    std::vector<std::string> groups;
    for (const Rows& each : rows) groups.push_back(each.name);
    for (const Reader::Item& item : table.words("rows")) {
        const std::size_t group = place_of(item, groups, "rows");
        if (std::find(fit.rows.begin(), fit.rows.end(), group) != fit.rows.end())
            item.fail(fmt::format("rows {} appear twice", in_quotes(*item.text)));
        fit.rows.push_back(group);
    }
    fit.row_weights.resize(fit.rows.size());
    if (table.has("row_weights")) {
        std::vector<std::string> own;
        for (const std::size_t group : fit.rows) own.push_back(groups[group]);
        Reader weights = table.table("row_weights");
        for (const std::string& group : weights.keys()) {
            const auto found = std::find(own.begin(), own.end(), group);
            if (found == own.end())
                weights.fail(group,
                             fmt::format("not among the fit's rows; allowed: {}", joined(own)));
            fit.row_weights[static_cast<std::size_t>(found - own.begin())] =
                grids.add(fmt::format("row_weight_{}_{}", name, group), weights, group, positive);
        }
        weights.finish();
    }
    if (table.has("penalty"))
        fit.penalty = add_free(fit, "penalty_" + name, table, "penalty", not_negative);
    if (table.has("time")) {
        if (fit.penalty) table.fail("time", "a gradient flow has no penalty");
        constexpr Bounds times{0.0, longest_flow, true};
        fit.time = add_free(fit, "time_" + name, table, "time", times);
    }
    if (table.has("keep")) {
        fit.keep = Number{grids.add_counts("keep_" + name, table, "keep", 1, least_p(), true)};
    }
    if (table.has("features")) read_features(fit, table);
    if (table.has("noise_std"))
        fit.noise_std = grids.add("noise_std_" + name, table, "noise_std", not_negative);
    if (table.has("link")) {
        table.choice("link", {"sign"});
        fit.link = GraphLink::sign;
    }
    if (table.has("function")) {
        if (table.has("link")) table.fail("function", "a fit has a link or a function, not both");
        Reader function = table.table("function");
        fit.function = read_function(OwnFunction::Role::labels, function);
        function.finish();
    }
    const Labels usual =
        table.has("labels") ? read_labels(table, "labels", fit, names, "") : Labels{{}, observed};
    fit.labels.assign(fit.rows.size(), usual);
    if (table.has("labels_on")) {
        Reader labels = table.table("labels_on");
        for (std::size_t k = 0; k < fit.rows.size(); ++k) {
            const std::string& group = rows[fit.rows[k]].name;
            if (labels.has(group))
                fit.labels[k] = read_labels(labels, group, fit, names, "_on_" + group);
        }
        labels.finish();
    }
    fits.push_back(std::move(fit));
}

void GraphSpec::read_features(Fit& fit, Reader& table) {
    if (fit.keep) table.fail("features", "a fit of features keeps no coordinates");
    Reader of = table.table("features");
    const RowFeatures read = RowFeatures::read(of, population.p);
    fit.keep = Number{
        grids.add_counts("count_" + fit.name, of, "count", 1, read.most(least_p()), read.linear())};
    of.finish();
    for (const std::uint64_t p : population.p.values)
        if (p > max_dense_dimension)
            table.fail("features",
                       fmt::format("needs p at most {}, but p = {}", max_dense_dimension, p));
    for (const RowFeatures& other : features)
        if (!other.linear() && !read.linear() && !other.same_activation(read))
            of.fail("activation", "all features of a graph have one activation, or none");
    fit.features = add_features(read);
}

std::size_t GraphSpec::add_features(const RowFeatures& added) {
    const auto known = std::find(features.begin(), features.end(), added);
    const auto place = static_cast<std::size_t>(known - features.begin());
    if (known == features.end()) features.push_back(added);
    return place;
}

GraphSpec::Place GraphSpec::add_free(Fit& fit, const std::string& column, Reader& table,
                                     const std::string& key, Bounds bounds) {
    const Place place = grids.add_free(column, table, key, bounds);
    if (!grids.optimal(place)) return place;
    if (fit.optimal) table.fail(key, "a fit has at most one optimal number");
    fit.optimal = place;
    return place;
}

GraphSpec::Labels GraphSpec::read_labels(Reader& table, const std::string& key, Fit& fit,
                                         const std::vector<std::string>& names,
                                         const std::string& suffix) {
    // Those before this one are the fits that it can name.
    std::vector<std::string> sources = given_sources;
    for (const Fit& each : fits) sources.push_back(each.name);
    std::vector<std::string> known = given_sources;
    known.insert(known.end(), names.begin(), names.end());
    known.erase(std::find(known.begin(), known.end(), fit.name));
    const auto source_of = [&](const std::string& name) {
        return static_cast<std::size_t>(std::find(sources.begin(), sources.end(), name) -
                                        sources.begin());
    };
    const auto single = [&](Reader& of, const std::string& name) {
        const std::vector<Reader::Item> words = of.words(name);
        if (words.size() > 1) words[1].fail("allowed: one source, or a table of weights");
        place_of(words.front(), known, "labels");
        return source_of(*words.front().text);
    };
    Labels read;
    if (!table.is_table(key)) {
        read.rest = single(table, key);
        return read;
    }
    Reader labels = table.table(key);
    for (const std::string& source : labels.keys()) {
        if (source == "rest") {
            read.rest = single(labels, source);
            continue;
        }
        if (std::find(known.begin(), known.end(), source) == known.end())
            labels.fail(source, fmt::format("unknown labels{}; allowed: {}, rest",
                                            suggestion(source, known), joined(known)));
        const std::string column = fmt::format("weight_{}_{}{}", fit.name, source, suffix);
        read.terms.push_back(
            {source_of(source), Number{add_free(fit, column, labels, source, {})}});
    }
    if (read.terms.empty() && !read.rest)
        table.fail(key,
                   "empty; allowed: weights of sources, as in { teacher = 0.5, rest = "
                   "\"observed\" }");
    for (const Labels::Term& term : read.terms)
        if (read.rest == term.source) labels.fail("rest", "has a weight of its own");
    labels.finish();
    return read;
}

std::size_t GraphSpec::read_function(OwnFunction::Role role, Reader& table) {
    constexpr std::uint64_t latest = 1'000'000'000;
    OwnFunction read{role, table.text("name"), 0, table.position("name")};
    check_name(table, "name", read.name);
    read.version = table.count("version", 0, latest);
    for (std::size_t k = 0; k < functions.size(); ++k) {
        if (functions[k].is(read)) return k;
        if (functions[k].role == role && functions[k].name == read.name)
            table.fail("version", fmt::format("the study has version {} of this function already",
                                              functions[k].version));
    }
    functions.push_back(std::move(read));
    return functions.size() - 1;
}

GraphSpec::Labels GraphSpec::outputs_of(std::size_t fit) {
    return {{{observed, {{}, 1.0}}, {truth, {{}, -1.0}}, {first_fit + fit, {{}, 1.0}}}, {}};
}

void GraphSpec::add_curve(Fit fit, std::size_t group) {
    fit.rows = {group};
    fit.row_weights.resize(1);
    fit.labels = {{{}, observed}};
    fits.push_back(std::move(fit));
}

std::vector<std::string> GraphSpec::names_of_fits() const {
    std::vector<std::string> names;
    for (const Fit& each : fits) names.push_back(each.name);
    return names;
}

std::size_t GraphSpec::fit_named(const Reader::Item& item) const {
    return place_of(item, names_of_fits(), "fit");
}

std::string GraphSpec::estimand(const Measure& measure) const {
    const std::string_view name = measure_names[static_cast<std::size_t>(measure.kind)].name;
    return measure.fit == measure.other ? std::string(name)
                                        : fmt::format("{}_{}", name, fits[measure.other].name);
}

std::vector<std::pair<std::size_t, std::size_t>> GraphSpec::read_pairs(Reader& table,
                                                                       std::string_view key) const {
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    const std::vector<Reader::Item> items = table.pairs(key);
    for (std::size_t i = 0; i < items.size(); i += 2) {
        const std::pair pair{fit_named(items[i]), fit_named(items[i + 1])};
        if (pair.first == pair.second) items[i + 1].fail("the same fit twice");
        if (std::find(pairs.begin(), pairs.end(), pair) != pairs.end())
            items[i].fail("this pair appears twice");
        pairs.push_back(pair);
    }
    return pairs;
}

void GraphSpec::read_measures(Reader& table, Measure::Kind kind) {
    const auto& [key, of_pairs] = measure_names[static_cast<std::size_t>(kind)];
    if (!table.has(key)) return;
    if (of_pairs) {
        for (const auto& [fit, other] : read_pairs(table, key))
            measures.push_back({kind, fit, other});
        return;
    }
    for (const Reader::Item& item : table.words(key)) {
        const std::size_t fit = fit_named(item);
        const Measure measure{kind, fit, fit};
        if (std::find(measures.begin(), measures.end(), measure) != measures.end())
            item.fail(fmt::format("fit {} appears twice", in_quotes(*item.text)));
        measures.push_back(measure);
    }
}

void GraphSpec::read_own_measures(Reader& table) {
    if (!table.has("functions")) return;
    for (Reader::Item& item : table.items("functions")) {
        if (item.text)
            item.fail("allowed: tables such as { name = …, version = 1, fits = [\"student\"] }");
        const std::size_t function = read_function(OwnFunction::Role::measure, *item.table);
        const std::string& name = functions[function].name;
        std::vector<std::string> taken{"gain", "opr", "pgr"};
        for (const MeasureName& each : measure_names) taken.emplace_back(each.name);
        for (const std::string& measure : taken)
            if (name == measure || name.starts_with(measure + "_"))
                item.table->fail("name",
                                 fmt::format("{} is a measure of every graph", in_quotes(measure)));
        for (const Reader::Item& each : item.table->words("fits")) {
            const std::size_t fit = fit_named(each);
            for (const OwnMeasure& other : own_measures)
                if (other.function == function && other.fit == fit)
                    each.fail(fmt::format("fit {} appears twice", in_quotes(*each.text)));
            own_measures.push_back({function, fit});
        }
        item.table->finish();
    }
}

/// Signs of outputs that are not Gaussian follow from no angle.
void GraphSpec::check_rates(const Reader& table) const {
    for (const Measure& measure : measures) {
        const bool rate =
            measure.kind == Measure::Kind::error_rate || measure.kind == Measure::Kind::agreement;
        if (rate && (nonlinear(measure.fit) || nonlinear(measure.other)))
            table.fail(
                measure_names[static_cast<std::size_t>(measure.kind)].name,
                fmt::format(
                    "fit {} is not linear in x, and how often its sign is wrong is "
                    "not known",
                    in_quotes(fits[nonlinear(measure.fit) ? measure.fit : measure.other].name)));
    }
}

/// What is computed from a risk needs it.
void GraphSpec::need_risk(std::size_t fit) {
    const Measure risk{Measure::Kind::excess_risk, fit, fit};
    if (std::find(measures.begin(), measures.end(), risk) != measures.end()) return;
    const auto behind = std::find_if(measures.begin(), measures.end(), [](const Measure& each) {
        return each.kind != Measure::Kind::excess_risk;
    });
    measures.insert(behind, risk);
}

void GraphSpec::read_measures(Reader& root) {
    const auto every_risk = [&] {
        for (std::size_t fit = 0; fit < fits.size(); ++fit) need_risk(fit);
    };
    if (!root.has("measure")) return every_risk();
    Reader table = root.table("measure");
    if (!table.has(measure_names.front().name)) every_risk();
    for (std::size_t kind = 0; kind < measure_names.size(); ++kind)
        read_measures(table, static_cast<Measure::Kind>(kind));
    check_rates(table);
    if (table.has("gain")) gains = read_pairs(table, "gain");
    if (table.has("opr")) ratios = read_pairs(table, "opr");
    for (const auto* pairs : {&gains, &ratios})
        for (const auto& [fit, over] : *pairs) {
            need_risk(fit);
            need_risk(over);
        }
    if (table.has("pgr")) {
        Reader pgr = table.table("pgr");
        const auto named = [&](const char* key) {
            const std::vector<Reader::Item> words = pgr.words(key);
            if (words.size() > 1) words[1].fail("allowed: one fit");
            return fit_named(words.front());
        };
        recovery = Recovery{named("weak"), named("strong"), named("ceiling")};
        if (recovery->weak == recovery->ceiling)
            pgr.fail("ceiling", "is the weak fit: there is no gap to recover");
        pgr.finish();
        for (const std::size_t fit : {recovery->weak, recovery->strong, recovery->ceiling})
            need_risk(fit);
    }
    read_own_measures(table);
    table.finish();
}

std::string GraphSpec::arm_key(const OwnMeasure& measure) const {
    return fmt::format("{}#version {}", fits[measure.fit].name,
                       functions[measure.function].version);
}

std::string GraphSpec::canonical_functions() const {
    std::string text;
    for (const Fit& fit : fits)
        if (fit.function)
            text += fmt::format(" labels_of_{}={}:version_{}", fit.name,
                                functions[*fit.function].name, functions[*fit.function].version);
    return text;
}

std::vector<std::size_t> GraphSpec::feature_counts(const std::vector<Point>& points) const {
    std::vector<std::size_t> counts(features.size(), 0);
    for (const Point& point : points)
        for (const Fit& fit : fits)
            if (fit.features)
                counts[*fit.features] =
                    std::max(counts[*fit.features], feature_count(fit, point.parameters));
    return counts;
}

std::size_t GraphSpec::feature_count(const Fit& fit, const std::vector<double>& point) const {
    if (!fit.keep) return static_cast<std::size_t>(point.front());
    const double count = fit.keep->at(point);
    return static_cast<std::size_t>(linear(fit) ? std::min(count, point.front()) : count);
}

std::vector<double> GraphSpec::test_truth(std::size_t p) const {
    return test.signal ? test.signal->values(population.spectrum.values(p))
                       : population.at(p).truth;
}

std::pair<std::vector<GraphRows>, std::vector<GraphFit>> GraphSpec::at(
    const std::vector<double>& point, const std::vector<std::size_t>& counts) const {
    const auto p = static_cast<std::size_t>(point.front());
    const Population of_p = population.at(p);
    std::pair<std::vector<GraphRows>, std::vector<GraphFit>> graph;
    const auto value = [&](const std::optional<Place>& place, double otherwise) {
        return place ? point[*place] : otherwise;
    };
    for (const Rows& group : rows)
        graph.first.push_back({static_cast<std::size_t>(point[group.n]),
                               group.covariance.spectrum(p), value(group.noise_std, 0.0), nullptr,
                               group.signal  ? group.signal->values(of_p.spectrum)
                               : test.signal ? of_p.truth
                                             : std::vector<double>()});
    for (const Fit& fit : fits) {
        GraphFit& made = graph.second.emplace_back();
        made.rows = fit.rows;
        made.features = feature_count(fit, point);
        if (fit.features)
            made.first = std::accumulate(counts.begin(),
                                         counts.begin() + static_cast<long>(*fit.features), p);
        made.penalty = value(fit.penalty, 0.0);
        made.time = value(fit.time, 0.0);
        made.noise_std = value(fit.noise_std, 0.0);
        made.link = fit.link;
        if (fit.truth) made.truth = fit.truth(of_p, graph.first[fit.rows.front()].count);
        for (const std::optional<Place>& weight : fit.row_weights)
            made.row_weights.push_back(value(weight, 1.0));
        for (const Labels& labels : fit.labels) {
            GraphLabels& of_rows = made.labels.emplace_back();
            const auto give = [&](std::size_t source, double weight) {
                if (source == observed)
                    of_rows.observed = weight;
                else if (source == truth)
                    of_rows.from_truth = weight;
                else
                    of_rows.from_fits.emplace_back(source - first_fit, weight);
            };
            double left = 1.0;
            for (const Labels::Term& term : labels.terms) {
                const double weight = term.weight.at(point);
                give(term.source, weight);
                left -= weight;
            }
            if (labels.rest) give(*labels.rest, left);
        }
    }
    return graph;
}

bool GraphSpec::rotates() const {
    return !test.covariance.diagonal() ||
           !std::all_of(rows.begin(), rows.end(),
                        [](const Rows& group) { return group.covariance.diagonal(); });
}

bool GraphSpec::dense() const {
    return !features.empty() || rotates();
}

bool GraphSpec::interleaves() const {
    return !dense() &&
           std::none_of(fits.begin(), fits.end(), [](const Fit& fit) { return fit.time; });
}

bool GraphSpec::keeps_points_apart() const {
    return !rotates() && std::all_of(features.begin(), features.end(),
                                     [](const RowFeatures& each) { return each.linear(); });
}

std::string GraphSpec::seen(std::size_t fit) const {
    return fmt::format("{} {}", rows[fits[fit].rows.front()].covariance.canonical(),
                       fits[fit].features ? features[*fits[fit].features].canonical() : "");
}

std::optional<FeatureMap> GraphSpec::feature_map(std::size_t fit, std::size_t p,
                                                 std::size_t count) const {
    const Fit& of = fits[fit];
    const RotatedSpectrum& covariance = rows[of.rows.front()].covariance;
    if (nonlinear(fit) || std::any_of(of.rows.begin(), of.rows.end(), [&](std::size_t group) {
            return rows[group].covariance.canonical() != covariance.canonical();
        }))
        return {};
    if (of.features)
        return FeatureMap(covariance.root(p), transposed(features[*of.features].projection(
                                                  count, population.spectrum.values(p))));
    DenseMatrix leading(count, p);
    for (std::size_t i = 0; i < count; ++i) leading(i, i) = 1.0;
    return FeatureMap(covariance.root(p), leading);
}

bool GraphSpec::needs_moments_alone(std::size_t group) const {
    // Labels of a row are outputs of features that it has.
    const auto linear_source = [&](std::size_t source) {
        return source < first_fit || !nonlinear(source - first_fit);
    };
    const auto fits_moments = [&](const Fit& fit) {
        for (std::size_t k = 0; k < fit.rows.size(); ++k) {
            if (fit.rows[k] != group) continue;
            const auto& [terms, rest] = fit.labels[k];
            if (fit.link == GraphLink::sign || fit.function || !linear(fit) ||
                (rest && !linear_source(*rest)) ||
                !std::all_of(terms.begin(), terms.end(),
                             [&](const Labels::Term& term) { return linear_source(term.source); }))
                return false;
        }
        return true;
    };
    return !rows[group].distribution && std::all_of(fits.begin(), fits.end(), fits_moments);
}

std::string GraphSpec::canonical() const {
    const auto source = [&](std::size_t index) {
        return index < first_fit ? given_sources[index] : fits[index - first_fit].name;
    };
    std::string text = population.canonical();
    for (const Rows& group : rows) {
        text += fmt::format(" rows {} {}{}{}", group.name, group.covariance.canonical(),
                            group.noise_std ? " noise_std" : "",
                            group.signal ? " signal=" + group.signal->canonical() : "");
        for (const auto& [name, transform] : distributions)
            if (transform && group.distribution == transform) text += " " + name;
    }
    for (const Fit& fit : fits) {
        text += fmt::format(" fit {}", fit.name);
        for (std::size_t k = 0; k < fit.rows.size(); ++k) {
            text += fmt::format(" on {}{} of", rows[fit.rows[k]].name,
                                fit.row_weights[k] ? " weighted" : "");
            for (const Labels::Term& term : fit.labels[k].terms) text += " " + source(term.source);
            if (fit.labels[k].rest) text += " rest=" + source(*fit.labels[k].rest);
        }
        text += fmt::format("{}{}{}{}{}", fit.penalty ? " penalty" : "", fit.time ? " time" : "",
                            !fit.keep         ? ""
                            : fit.keep->place ? " keep"
                                              : fmt::format(" keep={}", fit.keep->fixed),
                            fit.noise_std ? " noise_std" : "",
                            fit.link == GraphLink::sign ? " sign" : "");
        if (fit.features) text += " features " + features[*fit.features].canonical();
    }
    return text;
}

std::string GraphSpec::canonical_test() const {
    std::string text;
    if (test.covariance.canonical() != population.spectrum.canonical())
        text += " test " + test.covariance.canonical();
    if (test.signal) text += " test_signal=" + test.signal->canonical();
    return text;
}

}  // namespace cucurbit
