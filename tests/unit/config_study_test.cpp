#include <filesystem>
#include <fstream>

#include "host/config/population.hpp"
#include "host/config/settings.hpp"
#include "tests/unit/config_support.hpp"

namespace cucurbit {
namespace {

/// A setting of [population] and [target] n alone.
class Probe : public Setting {
public:
    explicit Probe(PopulationSpec spec) : spec_(std::move(spec)) {}
    std::string_view kind() const override { return "probe"; }
    std::vector<std::string> parameters() const override { return {"n"}; }
    std::vector<bool> whole_parameters() const override { return {true}; }
    std::string identity() const override { return spec_.canonical(); }
    std::vector<Design> designs() const override { return {}; }
    std::unique_ptr<Simulation> simulation(const Design&, Engine&, std::size_t) const override {
        return nullptr;
    }
    std::vector<TheoryRow> theory(const Point&) const override { return {}; }
    Coordinates coordinates(const Point&) const override { return {}; }

private:
    PopulationSpec spec_;
};

std::unique_ptr<const Setting> read_probe(Reader& root, const Precision&, std::uint64_t) {
    PopulationSpec spec = PopulationSpec::read(root);
    Reader target = root.table("target");
    target.counts("n", 1, 1'000'000);
    target.finish();
    return std::make_unique<Probe>(std::move(spec));
}

}  // namespace

const std::map<std::string, SettingReader>& settings() {
    static const std::map<std::string, SettingReader> readers = {{"probe", read_probe}};
    return readers;
}

namespace config_test {
namespace {

const std::string head = "schema = 1\n[study]\nname = 'curve'\nkind = 'probe'\nseed = 7\n";
const std::string body =
    "[population]\np = 2\nspectrum = { kind = 'file', path = 'l.csv' }\n"
    "signal = { kind = 'uniform' }\n[target]\nn = [5, 9]\n";
const Files files = {{"l.csv", "2\n1\n"}};

Study parse(const std::string& precision, const std::vector<std::string>& edits = {}) {
    return parse_study(head + body + "[precision]\n" + precision + "\n", "s.toml", source_of(files),
                       edits);
}

std::string refused(const std::string& precision, const std::vector<std::string>& edits = {}) {
    return error_of([&] { parse(precision, edits); });
}

TEST(Study, ReadsWhatIsCommonToAllKinds) {
    const Study study = parse("trials = 64");
    EXPECT_EQ(study.name, "curve");
    EXPECT_EQ(study.kind, "probe");
    EXPECT_EQ(study.seed, 7U);
    EXPECT_EQ(study.precision.trials, 64U);
    EXPECT_FALSE(study.precision.rel_std_err);
    EXPECT_EQ(study.precision.label_noise, LabelNoise::integrate);
    EXPECT_EQ(study.setting->kind(), "probe");
    EXPECT_EQ(study.text, head + body + "[precision]\ntrials = 64\n");
    EXPECT_EQ(study.files, (decltype(study.files){{"l.csv", std::string("2\n1\n")}}));
}

TEST(Study, AdaptivePrecision) {
    const Precision precision =
        parse("rel_std_err = 0.005\nabs_std_err = 1e-6\nmax_trials = 4096").precision;
    EXPECT_EQ(precision.trials, 0U);
    EXPECT_EQ(precision.rel_std_err, 0.005);
    EXPECT_EQ(precision.abs_std_err, 1e-6);
    EXPECT_EQ(precision.max_trials, 4096U);
}

TEST(Study, IdentityIsAllButNameGridsAndPrecision) {
    const std::string identity = parse("trials = 64").identity;
    for (const char* edit : {"study.name=other", "target.n=[1, 2, 3]", "precision.trials=7"})
        EXPECT_EQ(parse("trials = 64", {edit}).identity, identity) << edit;
    for (const char* edit :
         {"study.seed=8", "precision.label_noise=sample", "population.signal.norm=2"})
        EXPECT_NE(parse("trials = 64", {edit}).identity, identity) << edit;
}

TEST(Study, EditedTextIsTheEditedStudy) {
    const Study edited = parse("trials = 64", {"study.seed=8", "target.n=[4]"});
    const Study again = parse_study(edited.text, "s.toml", source_of(files));
    EXPECT_EQ(again.seed, 8U);
    EXPECT_EQ(again.identity, edited.identity);
    EXPECT_EQ(again.text, edited.text);
}

TEST(Study, BadPrecision) {
    EXPECT_EQ(refused("").substr(0, 41), "s.toml:12:1: precision.trials: missing");
    EXPECT_EQ(refused("trials = 0").substr(0, 44), "s.toml:13:10: precision.trials: 0 is not all");
    EXPECT_EQ(refused("trials = 64\nrel_std_err = 0.1"),
              "s.toml:14:15: precision.rel_std_err: contradicts trials; allowed: trials, or "
              "rel_std_err or abs_std_err with max_trials");
    EXPECT_EQ(refused("trials = 64\nmax_trials = 128").substr(0, 47),
              "s.toml:14:14: precision.max_trials: contradicts");
    EXPECT_EQ(refused("rel_std_err = 0.1"), "s.toml:12:1: precision.max_trials: missing");
    EXPECT_EQ(refused("rel_std_err = 0\nmax_trials = 9").substr(0, 46),
              "s.toml:13:15: precision.rel_std_err: 0 is not ");
    EXPECT_EQ(refused("max_trials = 9").substr(0, 41), "s.toml:13:14: precision.max_trials: needs");
    EXPECT_EQ(refused("trails = 9"),
              "s.toml:13:1: precision.trails: unknown key (did you mean 'trials'?)");
    EXPECT_EQ(refused("trials = 9\nsampler = 'direct'"),
              "s.toml:14:11: precision.sampler: kind 'probe' has no choice of samplers");
    EXPECT_EQ(refused("trials = 9\nlabel_noise = 'none'").substr(0, 60),
              "s.toml:14:15: precision.label_noise: text 'none' is not allo");
}

/// Every message about a study with this text in [population] and after it.
std::vector<std::string> faults(const std::string& text) {
    try {
        parse_study(head + text, "s.toml", source_of(files));
    } catch (const StudyError& error) {
        std::vector<std::string> all{error.what()};
        all.insert(all.end(), error.others().begin(), error.others().end());
        return all;
    }
    return {};
}

TEST(Study, SeveralFaultsAtOnce) {
    const std::string population =
        "[population]\np = 2\nspectrum = { kind = 'power_law', exponent = 1 }\nsignal = { kind = "
        "'uniform' }\n";
    using Messages = std::vector<std::string>;
    // In the order of the text, what is missing last, and no consequence of a fault.
    EXPECT_EQ(faults(population + "[target]\nm = 3\n[precision]\ntrials = 0\n"),
              (Messages{"s.toml:11:1: target.m: unknown key; allowed here: n",
                        "s.toml:13:10: precision.trials: 0 is not allowed; allowed: a whole number "
                        "from 1 to 4503599627370496",
                        "s.toml:10:1: target.n: missing"}));
    // A key that is missing and misspelt is one fault, and so are a missing table and its keys.
    EXPECT_EQ(faults(population + "[targt]\nn = 3\n[precision]\ntrails = 5\n"),
              (Messages{"s.toml:10:2: targt: unknown key (did you mean 'target'?)",
                        "s.toml:13:1: precision.trails: unknown key (did you mean 'trials'?)"}));
    EXPECT_EQ(faults(population),
              (Messages{"s.toml:1:1: precision: missing", "s.toml:1:1: target: missing"}));
    // p = 2 has no third value of a list; that p was wrong is said alone.
    EXPECT_EQ(faults("[population]\np = 'two'\nspectrum = { kind = 'list', values = [3, 2, 1] }\n"
                     "signal = { kind = 'uniform' }\n[target]\nn = 4\n[precision]\ntrials = 5\n"),
              (Messages{"s.toml:7:5: population.p: text 'two' is not allowed; allowed: a whole "
                        "number from 2 to 1000000"}));
    // A key that another table has.
    EXPECT_EQ(faults(population + "[target]\nn = 4\n[precision]\ntrials = 5\n[more]\np = 2\n"),
              (Messages{"s.toml:14:2: more: unknown key; allowed here: schema, study, precision, "
                        "population, target"}));
    EXPECT_EQ(refused("trials = 9", {"n=3"}),
              "--set n=3: n: unknown key (did you mean 'target.n'?); allowed here: schema, study, "
              "precision, population, target");
    std::string unknown = "[target]\nn = 4\n";
    for (char key = 'a'; key < 'm'; ++key) unknown += std::string("x") + key + " = 1\n";
    EXPECT_EQ(faults(population + unknown + "[precision]\ntrials = 5\n").size(), 10U);
}

TEST(Study, BadHead) {
    const auto with = [](const std::string& edit) { return refused("trials = 1", {edit}); };
    EXPECT_EQ(with("schema=2"), "--set schema=2: schema: 2 is not allowed; allowed: 1");
    EXPECT_EQ(with("study.name=a/b").substr(0, 39), "--set study.name=a/b: study.name: 'a/b'");
    EXPECT_EQ(with("study.name=.hidden").substr(0, 41),
              "--set study.name=.hidden: study.name: '.h");
    EXPECT_EQ(with("study.name=" + std::string(65, 'a')).substr(84, 10), "study.name");
    EXPECT_EQ(with("study.kind=prob").substr(0, 77),
              "--set study.kind=prob: study.kind: text 'prob' is not allowed (did you mean '");
    EXPECT_EQ(with("study.seed=-1").substr(0, 35), "--set study.seed=-1: study.seed: -1");
    EXPECT_EQ(
        with("targets.n=3"),
        "--set targets.n=3: targets: unknown key (did you mean 'target'?); allowed here: schema, "
        "study, precision, population, target");
}

TEST(Study, LargestSeed) {
    EXPECT_EQ(parse("trials = 1", {"study.seed=9223372036854775807"}).seed, (1ULL << 63) - 1);
}

class StudyFile : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() /
                  (std::string("cucurbit_study_") +
                   testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::create_directories(folder_);
        write("study.toml", head + body + "[precision]\ntrials = 1\n");
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name, std::ios::binary) << text;
    }
    std::filesystem::path folder_;
};

TEST_F(StudyFile, ReferencesAreRelativeToTheStudy) {
    write("l.csv", "2\n1\n");
    const Study study = read_study(folder_ / "study.toml");
    EXPECT_EQ(study.files.at(0).first, "l.csv");
    EXPECT_EQ(study.identity, parse("trials = 1").identity);
}

TEST_F(StudyFile, MissingReferenceIsAtTheKey) {
    const std::string file = (folder_ / "study.toml").string();
    EXPECT_EQ(error_of([&] { read_study(file); }),
              file +
                  ":8:36: population.spectrum.path: file 'l.csv': there is no such file in the "
                  "study's folder, " +
                  folder_.string());
}

TEST_F(StudyFile, MissingOrUnreadableStudies) {
    const std::string missing = (folder_ / "no.toml").string();
    EXPECT_EQ(error_of([&] { read_study(missing); }), missing + ": there is no such file");
    EXPECT_EQ(error_of([&] { read_study(folder_); }), folder_.string() + ": not a regular file");
    write("empty.toml", "");
    const std::string empty = (folder_ / "empty.toml").string();
    EXPECT_EQ(error_of([&] { read_study(empty); }), empty + ":1:1: schema: missing");
}

}  // namespace
}  // namespace config_test
}  // namespace cucurbit
