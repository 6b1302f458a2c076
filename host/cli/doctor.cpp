#include "host/cli/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <span>

#include "cucurbit/engine.hpp"
#include "cucurbit/population.hpp"
#include "cucurbit/random.hpp"
#include "cucurbit/study.hpp"
#include "host/run/environment.hpp"
#include "kernels/cpu/processor.hpp"
#include "kernels/devices.hpp"

// Absent where the BLAS that was linked is not OpenBLAS.
extern "C" {
[[gnu::weak]] char* openblas_get_config();
[[gnu::weak]] char* openblas_get_corename();
}

namespace cucurbit::cli {

namespace {

Finding examine_blas() {
    if (openblas_get_config == nullptr || openblas_get_corename == nullptr)
        return {"BLAS", Health::doubtful,
                "not OpenBLAS; netlib's reference BLAS makes a trial take 13 to 20 times as long "
                "(Debian: apt install libopenblas0-pthread)"};
    std::string text =
        fmt::format("{}; core type {}", openblas_get_config(), openblas_get_corename());
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here writes the environment
    const char* core = std::getenv("OPENBLAS_CORETYPE");
    if (core != nullptr && *core != '\0')
        text += fmt::format(" (set by OPENBLAS_CORETYPE={}, not found by OpenBLAS itself)", core);
    return {"BLAS", Health::good, text};
}

Finding examine_environment() {
    const std::vector<ArithmeticVariable> set = arithmetic_variables();
    for (const ArithmeticVariable& variable : set)
        if (variable.changes_precision)
            return {"environment", Health::doubtful,
                    fmt::format("{}={} lets cuBLAS replace double precision by an emulation of it; "
                                "unset it",
                                variable.name, variable.value)};
    return {"environment", Health::good,
            set.empty() ? "no variable changes what the libraries compute"
                        : "choosing among the libraries' kernels: " + text_of(set)};
}

// Random123's published answer for counter and key zero.
constexpr std::array<std::uint32_t, 4> words_at_zero{0x6627e8d5, 0xe169c58d, 0xbc57ac4c,
                                                     0x9b00dbd8};

constexpr Stream pinned_stream{0x0123456789abcdefULL, 1, Purpose::samples};
constexpr PinnedNormal pinned[] = {
    {0, 0, 0, 0xbff236b514550555ULL},
    {0, 0, 7, 0x3fdb55b516492758ULL},
    {0, 3, 8, 0xbff534a0ddfce223ULL},
    {17, 41, 15, 0x3fe37202779f75c0ULL},
    {17, 41, 16, 0x3ff662deb466ad78ULL},
    {1000000, 999, 4095, 0x3fe1fcc52981ab0cULL},
    {max_trial, max_row, 31, 0x3fd2f5bab4193a3fULL},
};

constexpr double noise_std = 0.3;
constexpr const char* parity_study = R"(schema = 1
[study]
name = "doctor"
kind = "model_shift"
seed = 1
[population]
p = 24
spectrum = { kind = "power_law", exponent = 1.0 }
signal = { kind = "power_law", exponent = 1.5 }
[target]
n = [5, 16]
noise_std = 0.3
arms = ["standard"]
[precision]
trials = 64
)";

using Rows = std::vector<std::vector<long double>>;

// Gauss-Jordan elimination with row exchange; a is destroyed.
Rows inverse(Rows a) {
    const std::size_t n = a.size();
    Rows result(n, std::vector<long double>(n, 0.0L));
    for (std::size_t i = 0; i < n; ++i) result[i][i] = 1.0L;
    for (std::size_t k = 0; k < n; ++k) {
        std::size_t pivot = k;
        for (std::size_t i = k; i < n; ++i)
            if (std::abs(a[i][k]) > std::abs(a[pivot][k])) pivot = i;
        std::swap(a[k], a[pivot]);
        std::swap(result[k], result[pivot]);
        const long double scale = 1.0L / a[k][k];
        for (std::size_t j = 0; j < n; ++j) a[k][j] *= scale, result[k][j] *= scale;
        for (std::size_t i = 0; i < n; ++i) {
            const long double factor = a[i][k];
            if (i == k || factor == 0.0L) continue;
            for (std::size_t j = 0; j < n; ++j) {
                a[i][j] -= factor * a[k][j];
                result[i][j] -= factor * result[k][j];
            }
        }
    }
    return result;
}

// The standard arm's risk of one trial with the label noise integrated out, n < p: X⁺ = Xᵀ(XXᵀ)⁻¹,
// ‖Σ^{1/2}(X⁺X − I)β*‖² + σ² ‖Σ^{1/2}X⁺‖_F², by plain loops.
double slow_risk(std::uint64_t key, std::uint64_t trial, std::size_t n,
                 const Population& population) {
    const std::size_t p = population.dimension();
    Rows x(n, std::vector<long double>(p));
    std::vector<double> normals(p);
    for (std::size_t i = 0; i < n; ++i) {
        draw_normals({key, 0, Purpose::samples}, trial, i, normals);
        for (std::size_t j = 0; j < p; ++j)
            x[i][j] = std::sqrt(population.spectrum[j]) * normals[j];
    }
    Rows gram(n, std::vector<long double>(n, 0.0L));
    std::vector<long double> labels(n, 0.0L);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < p; ++j) labels[i] += x[i][j] * population.truth[j];
        for (std::size_t k = 0; k < n; ++k)
            for (std::size_t j = 0; j < p; ++j) gram[i][k] += x[i][j] * x[k][j];
    }
    const Rows solver = inverse(gram);
    long double risk = 0.0L;
    for (std::size_t j = 0; j < p; ++j) {
        long double gap = -population.truth[j];
        long double gain = 0.0L;
        for (std::size_t i = 0; i < n; ++i) {
            long double entry = 0.0L;  // of X⁺
            for (std::size_t k = 0; k < n; ++k) entry += x[k][j] * solver[k][i];
            gap += entry * labels[i];
            gain += entry * entry;
        }
        risk += population.spectrum[j] * (gap * gap + noise_std * noise_std * gain);
    }
    return static_cast<double>(risk);
}

Finding examine_engine(const Device& device) {
    const Study study = parse_study(parity_study, "doctor", {});
    const Design design = study.setting->designs().at(0);
    const auto p = static_cast<std::size_t>(design.points.at(0).parameters.at(0));
    Population population{power_law_spectrum(p, 1.0), {}};
    population.truth = power_law_truth(population.spectrum, 1.5);
    const EnginePointer engine = make_engine(device);
    const std::vector<std::uint64_t> trials{0, 1, 17};
    TrialValues values;
    study.setting->simulation(design, *engine, trials.size())->run(trials, values);
    std::vector<double> slow;
    for (std::size_t s = 0; s < design.series.size(); ++s) {
        const auto n =
            static_cast<std::size_t>(design.points.at(design.series[s].point).parameters.at(1));
        for (const std::uint64_t trial : trials)
            slow.push_back(slow_risk(design.key, trial, n, population));
    }
    Finding finding = compare_risks(values.values, slow);
    finding.subject = "engine " + device.name;
    finding.text += "; " + device.description;
    if (device.name != "cpu") finding.text += "; " + libraries_of(device);
    return finding;
}

}  // namespace

Finding examine_random_numbers(std::span<const PinnedNormal> expected) {
    if (random_words(Stream{}, 0, 0, 0) != words_at_zero)
        return {"random words", Health::bad, "differ from Philox4x32-10's published values"};
    for (const PinnedNormal& wanted : expected) {
        const double normal = draw_normal(pinned_stream, wanted.trial, wanted.row, wanted.column);
        std::vector<double> row(static_cast<std::size_t>(wanted.column) + 1);
        draw_normals(pinned_stream, wanted.trial, wanted.row, row);
        if (std::bit_cast<std::uint64_t>(normal) == wanted.bits &&
            std::bit_cast<std::uint64_t>(row.back()) == wanted.bits)
            continue;
        return {"random numbers", Health::bad,
                fmt::format("trial {} row {} column {} gives {} and {} instead of {}", wanted.trial,
                            wanted.row, wanted.column, normal, row.back(),
                            std::bit_cast<double>(wanted.bits))};
    }
    const std::string_view used = random_instruction_set(), best = processor_instruction_set();
    const std::string unused =
        used == best ? "" : fmt::format("; this processor has {}, which is not used", best);
    return {"random numbers", Health::good,
            fmt::format("equal to pinned values to the bit ({} code{})", used, unused)};
}

std::span<const PinnedNormal> pinned_normals() {
    return pinned;
}

Finding compare_risks(std::span<const double> risks, std::span<const double> slow) {
    constexpr double tolerance = 1e-10;
    const bool complete = risks.size() == slow.size() && !risks.empty();
    double worst = complete ? 0.0 : std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < std::min(risks.size(), slow.size()); ++i) {
        const double gap = std::abs(risks[i] / slow[i] - 1.0);
        // The maximum of a NaN and a number would be the number.
        worst = gap <= worst ? worst : std::isnan(worst) ? worst : gap;
    }
    return {
        "risks", worst <= tolerance ? Health::good : Health::bad,
        fmt::format("trial risks within {:.1e} of plain loops (allowed {:.0e})", worst, tolerance)};
}

std::vector<Finding> examine_machine() {
    std::vector<Finding> findings{
        {"cucurbit", Health::good,
         fmt::format("{}, compiler version {}", CUCURBIT_VERSION, __VERSION__)},
        examine_blas(),
        examine_environment(),
        examine_random_numbers(pinned_normals())};
    const std::vector<Device> present = devices();
    if (present.size() == 1)
        findings.push_back({"cards", Health::good, choose_devices("auto").reason});
    for (const Device& device : present) {
        try {
            findings.push_back(examine_engine(device));
        } catch (const std::exception& error) {
            findings.push_back({"engine " + device.name, Health::bad, error.what()});
        }
    }
    return findings;
}

}  // namespace cucurbit::cli
