#include "cucurbit/study.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <tuple>

#include <fmt/format.h>

#include "cucurbit/random.hpp"
#include "host/config/document.hpp"
#include "host/config/messages.hpp"
#include "host/config/reader_state.hpp"
#include "host/config/settings.hpp"

namespace cucurbit {
namespace {

void read_adaptive(Reader& table, Precision& precision) {
    constexpr Bounds fraction{0.0, 1.0, true};
    if (table.has("rel_std_err")) precision.rel_std_err = table.number("rel_std_err", fraction);
    if (table.has("abs_std_err")) precision.abs_std_err = table.number("abs_std_err", positive);
    precision.max_trials = table.count("max_trials", 2, max_trial + 1);
}

Keep read_keep(Reader& table, const Precision& precision) {
    constexpr std::uint64_t block = 64;
    if (!table.has("keep") || table.choice("keep", {"trials", "moments"}) == "trials")
        return Keep::trials;
    const char* key = precision.trials > 0 ? "trials" : "max_trials";
    const std::uint64_t trials = std::max(precision.trials, precision.max_trials);
    if (trials % block != 0)
        table.fail(key, fmt::format("moments are kept of blocks of {0} trials; allowed with keep = "
                                    "\"moments\": multiples of {0}, such as {1}",
                                    block, (trials / block + 1) * block));
    return Keep::moments;
}

Precision read_precision(Reader& root) {
    Reader table = root.table("precision");
    Precision precision;
    const bool fixed = table.has("trials");
    for (const char* key : {"rel_std_err", "abs_std_err", "max_trials"})
        if (table.has(key) && fixed)
            table.fail(key,
                       "contradicts trials; allowed: trials, or rel_std_err or abs_std_err with "
                       "max_trials");
    const bool adaptive = table.has("rel_std_err") || table.has("abs_std_err");
    if (table.has("label_noise"))
        precision.label_noise = table.choice("label_noise", {"integrate", "sample"}) == "sample"
                                    ? LabelNoise::sample
                                    : LabelNoise::integrate;
    if (table.has("sampler"))
        precision.sampler = table.choice("sampler", {"sufficient", "direct"}) == "direct"
                                ? Sampler::direct
                                : Sampler::sufficient;
    if (adaptive) {
        read_adaptive(table, precision);
    } else if (table.has("max_trials")) {
        table.fail("max_trials", "needs rel_std_err or abs_std_err beside it");
    } else {
        precision.trials = table.count("trials", 1, max_trial + 1);
    }
    precision.keep = read_keep(table, precision);
    table.finish();
    return precision;
}

/// What [precision] asks for and this setting cannot do is an error, at its key.
void fit_precision_to(const Setting& setting, Reader& root, Precision& precision) {
    const Reader table = root.table("precision");
    if (precision.sampler && !setting.has_samplers())
        table.fail("sampler",
                   fmt::format("kind {} has no choice of samplers", in_quotes(setting.kind())));
    if (setting.integrates_label_noise()) return;
    if (table.has("label_noise") && precision.label_noise == LabelNoise::integrate)
        table.fail("label_noise", fmt::format("kind {} cannot integrate label noise out; allowed: "
                                              "sample",
                                              in_quotes(setting.kind())));
    precision.label_noise = LabelNoise::sample;
}

std::vector<std::string> kinds() {
    std::vector<std::string> names;
    for (const auto& [name, reader] : settings()) names.push_back(name);
    return names;
}

FileContents read_contents(const std::filesystem::path& path) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) throw std::runtime_error("there is no such file");
    if (!std::filesystem::is_regular_file(path, error))
        throw std::runtime_error("not a regular file");
    if (std::filesystem::file_size(path, error) > largest_copied_file)
        return FileContents::map(path);
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    if (in.peek() != std::ifstream::traits_type::eof()) out << in.rdbuf();
    if (!in.is_open() || in.bad() || !out) throw std::runtime_error("cannot be read");
    return out.str();
}

void read(const std::shared_ptr<Reader::Document>& document, Study& study) {
    Reader root = read_root(document);
    root.count("schema", 1, 1);
    Reader table = root.table("study");
    study.name = table.name("name");
    study.kind = table.choice("kind", kinds());
    study.seed = table.count("seed", 0, (std::uint64_t{1} << 63) - 1);
    table.finish();
    study.precision = read_precision(root);
    study.setting = settings().at(study.kind)(root, study.precision, study.seed);
    fit_precision_to(*study.setting, root, study.precision);
    root.finish();
}

/// All faults as one error: in the order of the text, missing keys last, because an unknown key is
/// often what was meant by them.
StudyError joined(std::vector<Reader::Document::Fault> faults) {
    std::stable_sort(faults.begin(), faults.end(), [](const auto& a, const auto& b) {
        const Position &x = a.error.position(), &y = b.error.position();
        return std::tie(a.missing, x.line, x.column) < std::tie(b.missing, y.line, y.column);
    });
    StudyError error = faults.front().error;
    for (auto other = std::next(faults.begin()); other != faults.end(); ++other)
        error.add(other->error);
    return error;
}

}  // namespace

Study parse_study(const std::string& text, const std::string& file_name, const FileSource& files,
                  std::span<const std::string> overrides) {
    const auto document = parse_document(text, file_name, files, overrides);
    document->gathers = true;
    std::vector<Reader::Document::Fault>& faults = document->faults;
    Study study;
    try {
        read(document, study);
    } catch (const CrossCheck&) {
        if (faults.empty()) throw;
    } catch (const StudyError& error) {
        faults.push_back({error, false});
    } catch (const std::exception&) {
        // A value that stands in for a faulty one may be impossible beside others: the fault is
        // said.
        if (faults.empty()) throw;
    }
    if (!faults.empty()) throw joined(std::move(faults));
    study.text = document->text;
    const bool sampled = study.precision.label_noise == LabelNoise::sample;
    study.identity = fmt::format("kind={} seed={} label_noise={} {}", study.kind, study.seed,
                                 sampled ? "sample" : "integrate", study.setting->identity());
    if (study.precision.keep == Keep::moments)  // a word or line of its own, like those before it
        study.identity += (study.identity.find('\n') == std::string::npos ? " " : "\n") +
                          std::string("keep=moments");
    study.files.assign(document->files.begin(), document->files.end());
    return study;
}

namespace {

/// Examples that read files come with a script that makes them.
std::string script_beside(const std::filesystem::path& folder) {
    const std::filesystem::path script = folder / "make.py";
    std::error_code error;
    if (!std::filesystem::exists(script, error)) return {};
    return fmt::format("; perhaps python3 {} writes it", script.string());
}

}  // namespace

Study read_study(const std::filesystem::path& file, std::span<const std::string> overrides) {
    std::string text;
    try {
        text = read_contents(file).bytes();
    } catch (const std::runtime_error& error) {
        throw StudyError({file.string()}, error.what());
    }
    const std::filesystem::path folder = file.parent_path();
    const FileSource source = [&folder](const std::string& path) {
        std::error_code error;
        if (!std::filesystem::exists(folder / path, error))
            throw std::runtime_error("there is no such file in the study's folder" +
                                     (folder.empty() ? "" : ", " + folder.string()) +
                                     script_beside(folder));
        return read_contents(folder / path);
    };
    return parse_study(text, file.string(), source, overrides);
}

}  // namespace cucurbit
