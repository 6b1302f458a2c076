#pragma once
// A study, its designs and what is measured at each point.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "cucurbit/theory.hpp"

namespace cucurbit {

class Engine;

/// A place in a study file; line and column (in characters) count from 1. Both are 0 when the place
/// is a whole file, or an edit: file is then "--set table.key=value".
struct Position {
    std::string file;
    std::size_t line = 0;
    std::size_t column = 0;
};

/// What is wrong with a study, where, what is allowed and the nearest key. what() is the whole
/// message, "file:line:column: text", control characters escaped. The program ends with exit
/// code 2.
class StudyError : public std::runtime_error {
public:
    StudyError(Position position, const std::string& message);
    const Position& position() const { return position_; }
    /// Whole messages of what else is wrong with the study, at most nine.
    const std::vector<std::string>& others() const { return others_; }
    void add(const StudyError& other) { others_.emplace_back(other.what()); }

private:
    Position position_;
    std::vector<std::string> others_;
};

/// How a trial's fit came out; a failed trial is counted data, never averaged in.
enum class Status : std::uint8_t { ok = 0, not_finite = 1, not_converged = 2 };

/// The step of the solver ladder that gave a value.
enum class Rung : std::uint8_t {
    none = 0,
    cholesky = 1,
    refined = 2,
    orthogonal = 3,
    truncated = 4
};

struct Outcome {
    Status status = Status::ok;
    Rung rung = Rung::none;
    std::uint16_t rank_deficit = 0;  ///< full rank minus effective rank, saturated
    bool operator==(const Outcome&) const = default;
};

/// One cell of the study's grid: values in the order of Setting::parameters().
struct Point {
    std::vector<double> parameters;
    bool operator==(const Point&) const = default;
};

/// One measured quantity of one arm at one point of a design.
struct Series {
    std::size_t point = 0;  ///< index into Design::points
    std::string arm;        ///< as the table prints it
    std::string arm_key;    ///< as the store keys it: the name plus the hash of any file it reads
    std::string estimand;
};

/// What determines the random draws, and all the points that share them.
struct Design {
    std::string canonical;  ///< text hashed into key: everything the draws depend on but the seed
    std::uint64_t key = 0;  ///< 64-bit hash of seed and canonical
    /// Keys of draws that more than the design addresses, such as an independent factor for each n.
    std::vector<std::uint64_t> further_keys;
    std::size_t trials_per_block = 64;
    /// Whether a simulation restricted to some of the points gives these the same bits, and is the
    /// cheaper for it: each point then stops by itself where a precision decides.
    bool points_apart = false;
    std::vector<Point> points;
    std::vector<Series> series;
    double flops_per_trial = 0.0;      ///< by formula; for plans and progress, not for scheduling
    std::size_t bytes_per_trial = 0;   ///< engine memory for each trial of a batch
    std::size_t bytes_per_matrix = 0;  ///< of them, those of the largest matrix
    std::size_t bytes_per_worker = 0;  ///< engine memory whatever the batch
};

/// Values of a batch of trials.
struct TrialValues {
    std::size_t trials = 0;
    std::vector<double> values;     ///< [series][trial]
    std::vector<Outcome> outcomes;  ///< [series][trial]
};

/// A design bound to an engine's workspace. Values depend on the trial alone, never on the batch it
/// came in: trial 17 alone equals trial 17 of a million.
class Simulation {
public:
    virtual ~Simulation() = default;
    /// Overwrites out with the series of Design::series for these trials (at most the batch that
    /// the simulation was made for). Throws only on library failure.
    virtual void run(std::span<const std::uint64_t> trials, TrialValues& out) = 0;
};

/// A predicted row of the table.
struct TheoryRow {
    std::string arm;  ///< empty for quantities of the point itself (xi, omega, amplified, kept)
    std::string estimand;
    Prediction prediction;
    std::string flags;  ///< space-separated, e.g. "near_interpolation"
    /// The size beside which an estimate of a law of 0 is rounding; 0: such a law is not judged.
    double zero_scale = 0.0;
    /// P(value > x) falls as x^-tail_exponent: (|n − p| + 1)/2 of Gaussian samples with noise,
    /// infinity where tails are light. NaN: not known, so that the trials themselves are looked at.
    double tail_exponent = std::numeric_limits<double>::quiet_NaN();
};

/// A row computed from means over trials of other series of a point: Σ factor · mean over above,
/// divided by that over below unless below is empty. The same draws enter both, so that trials are
/// taken together: a ratio of means, never a mean of ratios.
struct DerivedRow {
    struct Term {
        double factor = 1.0;
        std::string arm;
        std::string estimand;
    };
    std::string arm;
    std::string estimand;
    std::vector<Term> above;
    std::vector<Term> below;
};

/// A function of a caller's that a study file can only name: labels of a fit's rows, or a measure
/// of its coefficients. Another version is another function.
struct OwnFunction {
    enum class Role { labels, measure };
    Role role = Role::labels;
    std::string name;
    std::uint64_t version = 0;
    Position position;  ///< where the study names it first
    bool is(const OwnFunction& other) const {
        return role == other.role && name == other.name && version == other.version;
    }
};

/// What such a function is given of some trials, and where its values go. Those of a trial must
/// depend on this trial alone.
struct OwnBatch {
    std::size_t trials = 0;
    std::size_t rows = 0;       ///< of each trial; one where it is measured
    std::size_t columns = 0;    ///< coordinates
    const double* x = nullptr;  ///< [trial][row][column]: rows, or a fit's coefficients
    double* values = nullptr;   ///< [trial][row]: of rows the labels that they have so far
};
/// Called by several workers at once. What it throws ends the run.
using OwnCall = std::function<void(const OwnBatch&)>;

/// One paper setting: its parameters, its simulation on an engine, its theory (host/studies/).
class Setting {
public:
    virtual ~Setting() = default;
    virtual std::string_view kind() const = 0;
    /// Parameter columns of the table, in order; which of them are whole numbers.
    virtual std::vector<std::string> parameters() const = 0;
    virtual std::vector<bool> whole_parameters() const = 0;
    /// Canonical text of all that may not change in an existing run: everything but name, grids,
    /// arms and precision.
    virtual std::string identity() const = 0;
    virtual std::vector<Design> designs() const = 0;
    /// The simulation of a design (possibly restricted to some of its points and series).
    virtual std::unique_ptr<Simulation> simulation(const Design& design, Engine& engine,
                                                   std::size_t batch) const = 0;
    virtual std::vector<TheoryRow> theory(const Point& point) const = 0;
    /// Per-coordinate table at a point (Figure 1a): column names and columns; empty if none.
    struct Coordinates {
        std::vector<std::string> names;
        std::vector<std::vector<double>> columns;
    };
    virtual Coordinates coordinates(const Point& point) const = 0;
    /// What each coordinate of the test covariance adds to an arm's predicted excess risk, for arms
    /// that have a prediction; empty for kinds without such a law.
    struct ArmRisks {
        std::string arm;
        CoordinateRisks risks;
    };
    virtual std::vector<ArmRisks> risks_by_coordinate(const Point&) const { return {}; }
    /// Whether label noise can be integrated out; it is sampled otherwise.
    virtual bool integrates_label_noise() const { return true; }
    /// Whether [precision] sampler means something.
    virtual bool has_samplers() const { return false; }
    /// Rows that the table computes from the stored values of each point's series.
    virtual std::vector<DerivedRow> derived() const { return {}; }
    /// Functions of a caller's that its simulation needs, each once; most settings need none.
    virtual std::vector<OwnFunction> functions() const { return {}; }
    /// The same setting with these functions, in that order; without them it cannot be simulated.
    virtual std::shared_ptr<const Setting> with(const std::vector<OwnCall>&) const {
        throw std::logic_error("this kind of study has no functions");
    }
    /// The first of its functions that nobody gave.
    virtual std::optional<OwnFunction> missing_function() const { return {}; }
    /// What a study's author should know before it runs, though nothing is wrong: a sentence each.
    virtual std::vector<std::string> remarks() const { return {}; }
};

/// Part of an arm's predicted excess risk.
struct RiskPart {
    std::string arm;
    std::string cause;                ///< "bias", "sampling" or the parameter of a label noise
    std::size_t first = 0, last = 0;  ///< coordinates of the test covariance, counted from 1
    double value = 0.0;
};
/// The parts of every arm's excess risk at a point: the squared bias of the mean fit; the variance
/// that the draw of the samples leaves without label noise; what each label noise adds, wherever in
/// the chain or graph it enters. Risks are quadratic forms of truth and independent noises, so that
/// the parts add up. decades: coordinates 1–10, 11–100, … apart, in the order of the spectrum.
/// Without arms that have no law or no second moment; empty for kinds without
/// Setting::risks_by_coordinate.
std::vector<RiskPart> explain(const Setting& setting, const Point& point, bool decades);

enum class LabelNoise { integrate, sample };

/// Data materialised row by row, or drawn as its sufficient factor, exact in law.
enum class Sampler { direct, sufficient };

/// What the store keeps of the trials: each one's values, or moments of 64·2^k of them together,
/// from which the same table is made, but no quantiles.
enum class Keep { trials, moments };

/// How many trials: a fixed number, or until the relative (or absolute) standard error of every
/// series is reached, decided after 256 trials and then four times in each doubling.
struct Precision {
    std::uint64_t trials = 0;  ///< fixed number; 0 when adaptive
    std::optional<double> rel_std_err;
    std::optional<double> abs_std_err;
    std::uint64_t max_trials = 0;  ///< with rel_std_err or abs_std_err
    LabelNoise label_noise = LabelNoise::integrate;
    std::optional<Sampler> sampler;  ///< as written; a setting that has samplers knows its default
    Keep keep = Keep::trials;        ///< moments: of numbers of trials that are multiples of 64
};

/// The bytes of a file that a study refers to: in memory, or mapped from where the file lies, which
/// needs no memory of its own. Copies share them.
class FileContents {
public:
    // NOLINTNEXTLINE(google-explicit-constructor): bytes in memory are contents.
    FileContents(std::string bytes);
    /// Maps a file read-only; throws std::runtime_error. It must not change while it is in use.
    static FileContents map(const std::filesystem::path& path);

    std::string_view bytes() const { return bytes_; }
    /// Where a mapped file lies (absolute); empty for bytes in memory.
    const std::filesystem::path& mapped_from() const { return mapped_from_; }
    friend bool operator==(const FileContents& a, const FileContents& b) {
        return a.bytes_ == b.bytes_;
    }

private:
    FileContents() = default;
    std::shared_ptr<const void> owner_;
    std::string_view bytes_;
    std::filesystem::path mapped_from_;
};

struct Study {
    std::string name;
    std::string kind;
    std::uint64_t seed = 0;
    Precision precision;
    std::shared_ptr<const Setting> setting;
    std::string text;      ///< the study file after --set edits
    std::string identity;  ///< canonical text of all that may not change in an existing run
    /// Contents of every file that the study refers to, by the path as written.
    std::vector<std::pair<std::string, FileContents>> files;
};

/// A referenced file's contents by the path as written in the study; throws std::runtime_error.
using FileSource = std::function<FileContents(const std::string& path)>;

/// Parses and checks a study. `overrides` are "table.key=value" edits, in TOML, applied in order.
/// Throws StudyError (bad study or unreadable file), before anything is computed or written.
Study read_study(const std::filesystem::path& file, std::span<const std::string> overrides = {});
Study parse_study(const std::string& text, const std::string& file_name, const FileSource& files,
                  std::span<const std::string> overrides = {});

}  // namespace cucurbit
