#include "host/studies/graph/curves.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "host/config/messages.hpp"
#include "host/studies/points.hpp"

namespace cucurbit {

std::vector<Design> CurveStudy::designs() const {
    std::vector<Design> designs;
    for (const std::vector<Point>& of_p : points())
        for (const Point& point : of_p) {
            const std::string text = canonical(point);
            auto design = std::find_if(designs.begin(), designs.end(), [&](const Design& known) {
                return known.canonical == text;
            });
            if (design == designs.end()) {
                designs.push_back(
                    design_of(seed(), text, static_cast<std::size_t>(point.parameters.front())));
                design = std::prev(designs.end());
            }
            add_point(*design, point);
        }
    for (Design& design : designs) measure_memory<CurveRun>(*this, design);
    return designs;
}

std::unique_ptr<Simulation> CurveStudy::simulation(const Design& design, Engine& engine,
                                                   std::size_t batch) const {
    return std::make_unique<CurveRun>(*this, design, &engine, batch);
}

FixedPoint CurveStudy::add_fixed_point(std::vector<TheoryRow>& rows, const std::string& prefix,
                                       const Point& point, std::size_t group) const {
    const GraphRows of = spec().at(point.parameters, {}).first[group];
    FixedPoint solution = solve_fixed_point(of.spectrum, of.count);
    const TheoryKind kind =
        of.count < of.spectrum.size() ? TheoryKind::deterministic_equivalent : TheoryKind::exact;
    rows.push_back({"", prefix + "xi", {solution.xi, kind}, ""});
    rows.push_back({"", prefix + "omega", {solution.omega, kind}, ""});
    return solution;
}

std::vector<double> CurveStudy::indices(std::size_t p) {
    std::vector<double> indices(p);
    std::iota(indices.begin(), indices.end(), 1.0);
    return indices;
}

std::string CurveGraph::canonical(const Point& point) const {
    const auto [rows, fits] = at(point);
    std::set<std::size_t> teaching;
    for (const GraphFit& fit : fits)
        for (const auto& [from, weight] : fit.labels.front().from_fits)
            teaching.insert(fits[from].rows.front());
    std::string text = fmt::format("{} curves p={}", drawn(), point.parameters.front());
    for (const std::size_t group : teaching)
        text += fmt::format(" n_{}={}", spec().rows[group].name, rows[group].count);
    return text;
}

bool CurveGraph::is_curve(std::size_t fit) const {
    const GraphSpec::Fit& of = spec().fits[fit];
    const std::size_t group = of.rows.front();
    const auto& [name, n, noise_std, covariance, signal, distribution] = spec().rows[group];
    if (of.rows.size() > 1 || of.penalty || of.time || of.keep || of.features || of.noise_std ||
        of.row_weights.front() || of.link != GraphLink::identity || of.function || signal ||
        distribution || !covariance.diagonal())
        return false;
    const auto alone = [&](std::size_t teacher) {
        return std::count_if(spec().fits.begin(), spec().fits.end(), [&](const auto& other) {
                   return other.rows == spec().fits[teacher].rows;
               }) == 1;
    };
    const auto only = [group](std::size_t teacher, const std::vector<GraphFit>& fits) {
        return std::all_of(fits.begin(), fits.end(), [&](const GraphFit& other) {
            const auto& from = other.labels.front().from_fits;
            return other.rows.front() != group || from.empty() || from.front().first == teacher;
        });
    };
    for (const std::vector<Point>& of_p : points())
        for (const Point& point : of_p) {
            const std::vector<GraphFit> fits = at(point).second;
            const GraphLabels& labels = fits[fit].labels.front();
            const double given = labels.observed + labels.from_truth;
            const auto is = [&](double sum, double whole) {
                constexpr double of_rounding = 1e-12;
                return std::abs(sum - whole) <= of_rounding * (1.0 + std::abs(labels.observed));
            };
            if (labels.from_fits.empty() && is(given, 1.0)) continue;
            if (labels.from_fits.size() != 1 || !is(given, 0.0)) return false;
            const auto [from, weight] = labels.from_fits.front();
            if (!is(weight, 1.0) || !fits[from].labels.front().from_fits.empty() ||
                fits[from].rows.front() >= group || !alone(from) || !only(from, fits))
                return false;
        }
    return true;
}

std::unique_ptr<const Setting> read_graph(Reader& root, const Precision& precision,
                                          std::uint64_t seed) {
    GraphSpec spec = GraphSpec::read(root);
    const Reader table = root.table("precision");
    if (!table.has("label_noise") || precision.label_noise == LabelNoise::sample)
        return std::make_unique<GraphStudy>("graph", std::move(spec), precision, seed);
    const auto refuse = [&](const std::string& what) {
        table.fail("label_noise",
                   fmt::format("noise is integrated out of risks on Gaussian inputs alone, of "
                               "ridgeless fits of all coordinates, each on one group of rows and "
                               "labelled by observations, the truth or one fit that was: alone on "
                               "earlier rows, and no other fit labels these; but not of {}; "
                               "allowed: sample",
                               what));
    };
    if (precision.sampler == Sampler::sufficient)
        table.fail("sampler", "noise is integrated out of rows that are drawn; allowed: direct");
    for (const GraphSpec::Measure& measure : spec.measures)
        if (measure.kind != GraphSpec::Measure::Kind::excess_risk) refuse(spec.estimand(measure));
    if (!spec.own_measures.empty()) refuse(spec.estimand(spec.own_measures.front()));
    if (spec.test.signal || !spec.test.covariance.diagonal()) refuse("this test's");
    Precision direct = precision;
    direct.sampler = Sampler::direct;
    auto study = std::make_unique<CurveGraph>("graph", std::move(spec), direct, seed);
    for (std::size_t fit = 0; fit < study->spec().fits.size(); ++fit)
        if (!study->is_curve(fit)) refuse("fit " + in_quotes(study->spec().fits[fit].name));
    return study;
}

CurveRun::CurveRun(const CurveStudy& setting, const Design& design, Engine* engine,
                   std::size_t batch)
    : LadderSimulation(design,
                       [&setting, engine](const Design& restricted) {
                           return std::make_unique<CurveRun>(setting, restricted, engine, 1);
                       }),
      p_(static_cast<std::size_t>(design.points.front().parameters.front())),
      workspace_(engine, batch, design.bytes_per_matrix) {
    const Population population = setting.spec().population.at(p_);
    std::map<Place, Terms> terms;
    add_terms(setting.spec(), population, terms);
    std::vector<double> minus_truth = population.truth;
    for (double& value : minus_truth) value = -value;
    minus_truth_ = workspace_.shared(minus_truth, p_, 1);
    for (auto& [place, of] : terms) add_side(setting, population, place, of);
}

/// The terms of each series' fit and of the one that teaches it.
void CurveRun::add_terms(const GraphSpec& spec, const Population& population,
                         std::map<Place, Terms>& terms) {
    std::pair<std::vector<GraphRows>, std::vector<GraphFit>> graph;
    for (std::size_t s = 0; s < design().series.size(); ++s) {
        const Series& series = design().series[s];
        if (s == 0 || series.point != design().series[s - 1].point)
            graph = spec.at(design().points[series.point].parameters, {});
        const std::vector<GraphRows>& rows = graph.first;
        const std::vector<GraphFit>& fits = graph.second;
        const auto place = [&](const GraphFit& fit) {
            const std::size_t group = fit.rows.front();
            return Place{group, rows[group].count >= p_};
        };
        const auto term = [&](const GraphFit& fit) {
            const GraphRows& group = rows[fit.rows.front()];
            return CurveTerm{s, group.count, 0,
                             std::abs(fit.labels.front().observed) * group.noise_std};
        };
        const auto truth = [&](const GraphFit& fit) {
            return fit.truth.empty() ? population.truth : fit.truth;
        };
        const GraphFit& fit = fits[spec.fit_with(series.arm_key)];
        const auto& from = fit.labels.front().from_fits;
        CurveTerm own = term(fit);
        samples_.push_back(own.samples);
        if (from.empty()) {
            terms[place(fit)].add(own, truth(fit));
            continue;
        }
        const GraphFit& teacher = fits[from.front().first];
        CurveTerm behind = term(teacher);
        behind.teaches = true;
        own.inherited_std = behind.noise_std;
        terms[place(teacher)].add(behind, truth(teacher));
        terms[place(fit)].teacher = place(teacher);
        terms[place(fit)].add(own, {});
    }
    for (auto& [place, of] : terms) of.sort();
}

void CurveRun::Terms::add(CurveTerm term, std::vector<double> coefficients) {
    const auto known = std::find_if(labels.begin(), labels.end(), [&](const Label& label) {
        return label.coefficients == coefficients;
    });
    term.label = static_cast<std::size_t>(known - labels.begin());
    if (known == labels.end()) labels.push_back({std::move(coefficients), 0});
    std::size_t& most = labels[term.label].most_samples;
    most = std::max(most, term.samples);
    terms.push_back(term);
}

void CurveRun::Terms::sort() {
    std::vector<std::size_t> order(labels.size()), place(labels.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return labels[a].most_samples < labels[b].most_samples;
    });
    std::vector<Label> sorted;
    for (const std::size_t k : order) {
        place[k] = sorted.size();
        sorted.push_back(std::move(labels[k]));
    }
    labels = std::move(sorted);
    for (CurveTerm& term : terms) term.label = place[term.label];
}

void CurveRun::add_side(const CurveStudy& setting, const Population& population, Place place,
                        const Terms& of) {
    Side side;
    std::vector<double> given;
    for (const Label& label : of.labels) {
        side.outputs.push_back(label.coefficients.empty());
        given.insert(given.end(), label.coefficients.begin(), label.coefficients.end());
        given.resize(side.outputs.size() * p_, 0.0);
    }
    StageRequest request;
    request.key = design().key;
    request.stage = static_cast<std::uint8_t>(place.first);
    request.spectrum = setting.spec().rows[place.first].covariance.spectrum(p_);
    request.test_spectrum = setting.spec().test.covariance.spectrum(p_);
    request.truth = population.truth;
    request.label_noise = setting.label_noise();
    request.against_truth.resize(of.labels.size(), true);
    if (of.teacher) {
        side.teacher = &sides_.at(*of.teacher);
        Curve& teacher = *side.teacher->curve;
        side.noise = !teacher.integrates() &&
                     std::any_of(of.terms.begin(), of.terms.end(),
                                 [](const CurveTerm& term) { return term.inherited_std > 0.0; });
        if (side.noise) request.against_truth.push_back(false);
        if (teacher.integrates()) request.inherited = teacher.fits().root_columns();
    }
    side.given = workspace_.shared(given, p_, of.labels.size());
    side.labels = of.teacher ? workspace_.matrix(p_, request.against_truth.size()) : side.given;
    side.curve.emplace(workspace_, std::move(request), of.terms);
    sides_.emplace(place, std::move(side));
}

double CurveRun::flops() const {
    double flops = 0.0;
    for (const auto& [place, side] : sides_) flops += side.curve->flops();
    return flops;
}

void CurveRun::attempt(std::span<const std::uint64_t> trials, Rung rung) {
    for (auto& [place, side] : sides_) {
        if (side.teacher != nullptr) label(side, trials.size());
        side.curve->run(trials, rung, side.labels,
                        side.teacher != nullptr ? side.teacher->root : BatchMatrix());
        if (side.curve->teaches() && side.curve->integrates())
            side.root = side.curve->fits().root();
    }
}

/// A fit's errors plus the truth are its coefficients.
void CurveRun::label(const Side& side, std::size_t count) {
    Engine& engine = workspace_.engine();
    const auto column = [&](BatchMatrix of, std::size_t k) {
        return of.block(0, p_, k, 1).trials(count);
    };
    const StageFits& fits = side.teacher->curve->fits();
    for (std::size_t k = 0; k < side.outputs.size(); ++k) {
        const auto labels = column(side.labels, k);
        if (!side.outputs[k]) {
            engine.copy(column(side.given, k), labels);
            continue;
        }
        engine.copy(fits.fit({0, 0}).trials(count), labels);
        engine.subtract(minus_truth_.data, workspace_.repeated(1, 1), labels);
    }
    if (side.noise)
        engine.copy(fits.fit({own_noise, 0}).trials(count),
                    column(side.labels, side.outputs.size()));
}

void CurveRun::read(std::size_t first, std::size_t end, Rung rung, FittedBlock out) const {
    for (std::size_t s = 0; s < design().series.size(); ++s)
        std::fill_n(&out(s, 0), end - first, Fitted{0.0, Rung::none, 0});
    for (const auto& [place, side] : sides_) side.curve->read(first, end, rung, out);
}

}  // namespace cucurbit
