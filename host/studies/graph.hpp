#pragma once
// kind = "graph": ridge and ridgeless fits on groups of rows, each labelled by observations, the
// truth and other fits in any mixture: distillation on the same or on fresh inputs, several
// teachers, unions of rows (docs/theory.md, "Graphs of fits").

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/studies/graph/fresh.hpp"
#include "host/studies/graph/spec.hpp"

namespace cucurbit {

class GraphStudy : public Setting {
public:
    /// kind: of the studies that write such a graph.
    GraphStudy(std::string kind, GraphSpec spec, const Precision& precision, std::uint64_t seed);

    std::string_view kind() const override { return kind_; }
    std::vector<std::string> parameters() const override { return spec_.grids.columns(); }
    std::vector<bool> whole_parameters() const override { return spec_.grids.whole(); }
    std::string identity() const override {
        return drawn() + spec_.canonical_test() + spec_.canonical_functions();
    }
    std::vector<Design> designs() const override;
    std::unique_ptr<Simulation> simulation(const Design& design, Engine& engine,
                                           std::size_t batch) const override;
    /// Risks and variances of outputs by fresh_laws where these have the fit, and otherwise, as all
    /// else, by graph_law: none where no second moment exists (as many rows as features without a
    /// penalty, and what learns from that) or none is found.
    std::vector<TheoryRow> theory(const Point& point) const override;
    std::vector<ArmRisks> risks_by_coordinate(const Point& point) const override;
    Coordinates coordinates(const Point&) const override { return {}; }
    bool integrates_label_noise() const override { return false; }
    bool has_samplers() const override { return true; }
    /// Gains and recovered gaps.
    std::vector<DerivedRow> derived() const override;
    std::vector<OwnFunction> functions() const override { return spec_.functions; }
    std::shared_ptr<const Setting> with(const std::vector<OwnCall>& calls) const override;
    std::optional<OwnFunction> missing_function() const override;

    const GraphSpec& spec() const { return spec_; }
    std::uint64_t seed() const { return seed_; }
    /// Whether a sufficient factor stands for n rows of a group: for more than p.
    bool has_factor(std::size_t group, std::size_t n, std::size_t p) const {
        return n > p && sampler_ == Sampler::sufficient && spec_.needs_moments_alone(group);
    }
    /// Of the factor of n rows of a group.
    std::uint64_t factor_key(const Design& design, std::size_t group, std::size_t n) const;
    /// Of a function of the study, which must be there.
    const OwnCall& call(std::size_t function) const { return calls_.at(function); }

protected:
    /// All points of the study, those of each p together.
    const std::vector<std::vector<Point>>& points() const { return points_; }
    /// Adds a point and its series.
    void add_point(Design& design, const Point& point) const;
    /// All that draws depend on but p.
    std::string drawn() const;
    /// The graph of a point without moments of its rows.
    std::pair<std::vector<GraphRows>, std::vector<GraphFit>> at(const Point& point) const {
        return spec_.at(point.parameters, spec_.feature_counts({point}));
    }

private:
    std::vector<TheoryRow> predict(const Point& point) const;
    /// Predictions of points, which every round of an adaptive run asks for: a law may take
    /// seconds.
    struct Known {
        DenseMaps maps;
        std::mutex mutex;
        std::map<std::vector<double>, std::vector<TheoryRow>> rows;
    };
    /// The law of the fits that have one and are wanted (none named: all), and where each of all
    /// fits is in it.
    struct Law {
        std::optional<GraphLaw> of;
        std::vector<std::optional<std::size_t>> places;
        std::vector<std::size_t> not_found;  ///< fits that have no fixed point of their own
    };
    /// What is predicted of each measure, and whether a law was looked for in vain.
    struct Found {
        std::vector<Prediction> predictions;
        std::vector<bool> lost;
    };
    Found find(const Point& point) const;
    void allow_for_slopes(const Point& point, std::vector<Prediction>& found) const;
    static bool is_of_fresh_law(const FreshLaws& fresh, const GraphSpec::Measure& measure);
    /// None where one of the measure's fits has no law.
    static Prediction predicted(const Law& law, const GraphSpec::Measure& measure);
    /// Of the rows of a graph at a point, and of those that risks are measured on.
    struct RowLaws {
        std::vector<std::shared_ptr<const SecondMoments>> moments;  ///< none without features
        GraphRows test;
    };
    RowLaws row_laws(const Point& point) const;
    Law law(const RowLaws& row_laws, const Point& point, std::vector<GraphRows> rows,
            const std::vector<GraphFit>& fits, const std::vector<bool>& wanted = {}) const;
    /// Whether a fit sees features, or learns from one, that are not linear.
    bool nonlinear(const std::vector<GraphFit>& fits, std::size_t fit) const;

    /// Chooses the optimal numbers of a point, in the order of the fits.
    void optimise(Point& point) const;
    /// Says at which point there is no such number, and why.
    [[noreturn]] void refuse_optimum(GraphSpec::Place place, const Point& point,
                                     bool has_law) const;
    double predicted_risk(const RowLaws& row_laws, const Point& point, std::size_t fit) const;

    std::string kind_;
    GraphSpec spec_;
    std::shared_ptr<Known> known_ = std::make_shared<Known>();
    Sampler sampler_;
    std::uint64_t seed_;
    std::vector<std::vector<Point>> points_;  ///< of each p, optimal numbers chosen
    std::vector<OwnCall> calls_;              ///< of each function; none before with()
};

}  // namespace cucurbit
