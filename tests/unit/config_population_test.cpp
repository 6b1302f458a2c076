#include <cmath>

#include "cucurbit/hash.hpp"
#include "host/config/population.hpp"
#include "tests/unit/config_support.hpp"

namespace cucurbit::config_test {
namespace {

const std::string isotropic = "{ kind = 'isotropic' }", uniform = "{ kind = 'uniform' }";

std::string text_of(const std::string& p, const std::string& spectrum, const std::string& signal) {
    return "[population]\np = " + p + "\nspectrum = " + spectrum + "\nsignal = " + signal + "\n";
}

PopulationSpec spec(const std::string& p, const std::string& spectrum, const std::string& signal,
                    const Files& files = {}) {
    Reader root = open(text_of(p, spectrum, signal), files);
    return PopulationSpec::read(root);
}

std::string refused(const std::string& p, const std::string& spectrum, const std::string& signal,
                    const Files& files = {}) {
    return error_of([&] { spec(p, spectrum, signal, files); });
}

TEST(Population, PowerLaws) {
    const Population population =
        spec("3", "{ kind = 'power_law', exponent = 2 }", "{ kind = 'power_law', exponent = 1.5 }")
            .at(3);
    EXPECT_EQ(population.spectrum[0], 1.0);
    EXPECT_DOUBLE_EQ(population.spectrum[2], 1.0 / 9.0);
    EXPECT_DOUBLE_EQ(population.spectrum[2] * population.truth[2] * population.truth[2],
                     std::pow(3.0, -1.5));
}

TEST(Population, SpikedAndUniform) {
    const Population population = spec("4", "{ kind = 'spiked', spikes = [9, 4], bulk = 0.5 }",
                                       "{ kind = 'uniform', norm = 3 }")
                                      .at(4);
    EXPECT_EQ(population.spectrum, (std::vector<double>{9.0, 4.0, 0.5, 0.5}));
    EXPECT_EQ(population.truth, std::vector<double>(4, 1.5));
}

TEST(Population, DefaultsAreOnes) {
    const Population population = spec("[4, 16]", isotropic, uniform).at(16);
    EXPECT_EQ(population.spectrum, std::vector<double>(16, 1.0));
    EXPECT_EQ(population.truth, std::vector<double>(16, 0.25));
}

TEST(Population, ListsAndFiles) {
    const Files files = {{"l.csv", "3\n2\n"}, {"copy.csv", "3\n2\n"}, {"other.csv", "3\n1\n"}};
    const auto of_file = [&](const std::string& path) {
        return spec("2", "{ kind = 'file', path = '" + path + "' }",
                    "{ kind = 'list', values = [-1, 0] }", files);
    };
    EXPECT_EQ(of_file("l.csv").at(2).spectrum, (std::vector<double>{3.0, 2.0}));
    EXPECT_EQ(of_file("l.csv").at(2).truth, (std::vector<double>{-1.0, 0.0}));
    EXPECT_EQ(of_file("l.csv").canonical(), of_file("copy.csv").canonical());
    EXPECT_NE(of_file("l.csv").canonical(), of_file("other.csv").canonical());
    EXPECT_EQ(of_file("l.csv").canonical(),
              "spectrum=file:" + hash_digits("3\n2\n") + " signal=list[-1,0]");
    EXPECT_THROW(of_file("l.csv").at(3), std::invalid_argument);
}

TEST(Population, CanonicalTextHasEveryParameterAndNoDimension) {
    EXPECT_EQ(spec("3", "{ kind = 'power_law', exponent = 0.1 }", uniform).canonical(),
              "spectrum=power_law:0.1 signal=uniform:1");
    EXPECT_EQ(spec("3", "{ kind = 'isotropic', value = 2 }", "{ kind = 'power_law', exponent = 1 }")
                  .canonical(),
              "spectrum=isotropic:2 signal=power_law:1");
    EXPECT_EQ(spec("3", "{ kind = 'spiked', spikes = [2, 1.5], bulk = 1 }", uniform).canonical(),
              "spectrum=spiked:[2,1.5]:1 signal=uniform:1");
    EXPECT_EQ(spec("3", isotropic, uniform).canonical(),
              spec("[2, 9]", isotropic, uniform).canonical());
}

TEST(Population, BadDimensions) {
    EXPECT_EQ(
        refused("1", isotropic, uniform),
        "s.toml:2:5: population.p: 1 is not allowed; allowed: a whole number from 2 to 1000000");
    EXPECT_EQ(refused("2000000", isotropic, uniform).substr(0, 30),
              "s.toml:2:5: population.p: 2000");
}

TEST(Population, BadSpectra) {
    EXPECT_EQ(
        refused("2", "{ kind = 'list', values = [1, 0] }", uniform),
        "s.toml:3:42: population.spectrum.values: element 2: 0 is not allowed; allowed: a number "
        "> 0");
    EXPECT_EQ(
        refused("3", "{ kind = 'list', values = [1, 2] }", uniform),
        "s.toml:3:38: population.spectrum.values: 2 values, but p = 3; allowed: one value for "
        "each of the p coordinates");
    EXPECT_EQ(refused("[2, 3]", "{ kind = 'list', values = [1, 2] }", uniform).substr(0, 40),
              "s.toml:3:38: population.spectrum.values:");
    EXPECT_EQ(
        refused("2", "{ kind = 'file', path = 'l.csv' }", uniform, {{"l.csv", "3\n-2\n"}}),
        "s.toml:3:36: population.spectrum.path: value 2 of the file is -2; allowed: a number > 0");
    EXPECT_EQ(
        refused("1000000", "{ kind = 'power_law', exponent = 60 }", uniform),
        "s.toml:3:45: population.spectrum.exponent: 60 makes the smallest eigenvalue zero at p = "
        "1000000; allowed: a number from 0 to 51");
    EXPECT_EQ(refused("[2, 1]", isotropic, uniform).substr(0, 33),
              "s.toml:2:9: population.p: element");
    EXPECT_EQ(refused("2", "{ kind = 'spiked', spikes = [3, 2, 1], bulk = 1 }", uniform),
              "s.toml:3:40: population.spectrum.spikes: 3 spikes, but p = 2; allowed: at most p");
    EXPECT_EQ(refused("2", "{ kind = 'isotropic', exponent = 1 }", uniform),
              "s.toml:3:34: population.spectrum.exponent: unknown key; allowed here: kind, value");
    EXPECT_EQ(refused("2", "{ exponent = 1 }", uniform),
              "s.toml:3:12: population.spectrum.kind: missing; allowed: power_law, isotropic, "
              "spiked, list, file");
    EXPECT_EQ(refused("2", "'isotropic'", uniform),
              "s.toml:3:12: population.spectrum: text 'isotropic' is not allowed; allowed: a "
              "table, as in { kind = \"isotropic\" }");
}

TEST(Population, BadSignals) {
    EXPECT_EQ(refused("2", isotropic, "{ kind = 'uniform', norm = -1 }").substr(0, 30),
              "s.toml:4:37: population.signal");
    EXPECT_EQ(refused("2", isotropic, "{ kind = 'list', values = [1, inf] }").substr(0, 55),
              "s.toml:4:40: population.signal.values: element 2: inf i");
    EXPECT_EQ(refused("2", isotropic, "{ kind = 'spiked' }").substr(0, 54),
              "s.toml:4:19: population.signal.kind: text 'spiked' is ");
}

TEST(Population, LargestExponentIsUsable) {
    const Population population = spec("1000000", "{ kind = 'power_law', exponent = 51 }",
                                       "{ kind = 'power_law', exponent = 0 }")
                                      .at(1'000'000);
    EXPECT_TRUE(std::isnormal(population.spectrum.back()));
    EXPECT_TRUE(std::isfinite(population.truth.back()));
}

}  // namespace
}  // namespace cucurbit::config_test
