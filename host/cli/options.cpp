#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>

#include "cucurbit/store.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/process.hpp"
#include "host/cli/talk.hpp"

namespace cucurbit::cli {

namespace {

std::string device_fault(const std::string& name) {
    static const std::regex grammar("auto|cpu|cuda(:[0-9]+(,[0-9]+)*)?");
    if (std::regex_match(name, grammar)) return {};
    return "no device name: '" + name + "'; allowed are auto, cpu, cuda, cuda:I and cuda:I,J";
}

std::string override_fault(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos && equals > 0) return {};
    return "'" + text + "' is not KEY=VALUE, such as target.n=200";
}

std::string shard_fault(const std::string& text) {
    static const std::regex grammar("[1-9][0-9]{0,8}/[1-9][0-9]{0,8}");
    if (std::regex_match(text, grammar)) {
        const Shard shard = shard_of(text, {});
        if (shard.index < shard.count) return {};
    }
    return "'" + text + "' is neither auto nor I/N, from 1/N to N/N, such as 3/8";
}

std::optional<std::string> contents(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return {};
    return std::string{std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

void add_study_options(CLI::App& command, StudyOptions& options) {
    command.add_option("STUDY", options.file, "The study's TOML file, or a run's folder")
        ->required()
        ->type_name("");
    add_edits(command, options.overrides);
}

void add_edits(CLI::App& command, std::vector<std::string>& overrides) {
    command.add_option("--set", overrides, "Edit a key of the study, such as target.n=200")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false)
        ->check(CLI::Validator(override_fault, ""));
}

Study read_study(const StudyOptions& options) {
    if (!std::filesystem::is_directory(options.file))
        return cucurbit::read_study(options.file, options.overrides);
    Study study = Store::open_to_read(options.file).study();
    if (options.overrides.empty()) return study;
    const FileSource files = [&](const std::string& path) {
        for (const auto& [name, content] : study.files)
            if (name == path) return content;
        throw std::runtime_error("the run's folder has no such file");
    };
    return parse_study(study.text, (std::filesystem::path(options.file) / "study.toml").string(),
                       files, options.overrides);
}

Study read_study(const StudyOptions& options, const Output& output) {
    Study study = read_study(options);
    std::vector<std::filesystem::path> inputs{options.file};
    for (const auto& [name, contents] : study.files)
        inputs.push_back(std::filesystem::path(options.file).parent_path() / name);
    spare_inputs(output, inputs);
    return study;
}

void spare_edit(const StudyOptions& options) {
    const std::filesystem::path folder = options.file;
    if (!std::filesystem::is_directory(folder)) return;
    const std::string stored = Store::open_to_read(folder).study().text;
    const std::optional<std::string> beside = contents(folder / "study.toml");
    // A run that was killed in between has left the new text under the second name.
    if (!beside || *beside == stored || contents(folder / "study.toml.new") == stored) return;
    const std::string file = (folder / "study.toml").string();
    throw UsageError(fmt::format(
        "{0} was edited, but {1} continues the study that the folder holds ({1}'s trials were made "
        "from it; cucurbit status {1} --study prints it): cucurbit run {0} -o {1} takes the edit, "
        "and without the file the run continues as it was",
        typed(file), typed(folder.string())));
}

void add_directory(CLI::App& command, std::string& directory) {
    command.add_option("DIR", directory, "A run's folder")->required()->type_name("");
}

void add_device(CLI::App& command, std::string& device) {
    command.add_option("--device", device, "auto, cpu, cuda or cuda:I,J")
        ->type_name("NAME")
        ->check(CLI::Validator(device_fault, ""))
        ->capture_default_str();
}

void add_device_options(CLI::App& command, DeviceOptions& options) {
    add_device(command, options.device);
    command
        .add_option("--threads", options.threads,
                    "Workers on each device (default: all cores, 2 on a card)")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{4096}).description(""));
}

void add_shard(CLI::App& command, NamedShard& shard) {
    const auto read = [&shard](std::string& text) {
        if (text != "auto") return shard_fault(text);
        // No other thread runs.  NOLINTNEXTLINE(concurrency-mt-unsafe)
        shard = shard_from([](const char* name) { return std::getenv(name); });
        text = shard.name;
        return shard_fault(text);
    };
    command
        .add_option("--shard", shard.name,
                    "Only the I-th of N parts of the study's trials, or auto: by what the batch "
                    "system or launcher says; merge joins the folders")
        ->type_name("I/N")
        ->transform(CLI::Validator(read, ""));
}

Shard shard_of(const std::string& text, const StudyOptions& study) {
    if (text.empty()) return {};
    Shard shard{std::stoul(text) - 1, std::stoul(text.substr(text.find('/') + 1)), {}};
    if (std::filesystem::is_directory(study.file)) shard.of = study.file;
    return shard;
}

std::filesystem::path whole_folder(const StudyOptions& options, const Study& study) {
    if (std::filesystem::is_directory(options.file)) return options.file;
    static const std::regex plain("[A-Za-z0-9_][A-Za-z0-9._-]*");
    if (!std::regex_match(study.name, plain))
        throw UsageError("the study's name '" + study.name +
                         "' does not suit a folder: name one with -o DIR");
    return std::filesystem::path("runs") / study.name;
}

std::filesystem::path shard_folder(const std::filesystem::path& whole, const std::string& part) {
    std::filesystem::path folder = whole.lexically_normal();
    if (folder.filename().empty()) folder = folder.parent_path();  // of a slash at the end
    if (folder == "." || folder.filename() == "..") folder = std::filesystem::canonical(folder);
    folder += "-" + part;
    return folder;
}

std::string device_text(const std::string& device, const std::string& reason) {
    return "device: " + device + " (" + reason + ")";
}

std::string extent_text(const Study& study) {
    const std::vector<Design> designs = study.setting->designs();
    std::size_t points = 0;
    std::size_t series = 0;
    for (const Design& design : designs) {
        points += design.points.size();
        series += design.series.size();
    }
    return plural(designs.size(), "design") + ", " + plural(points, "point") + ", " +
           plural(series, "series");
}

void require_trials(const std::string& directory, const Study& study, const std::string& what) {
    if (study.precision.keep == Keep::trials) return;
    throw UsageError(
        fmt::format("{} keeps moments, and {} needs single trials: run the study with keep = "
                    "\"trials\" into a new folder",
                    directory, what));
}

void warn_of_remarks(const Study& study) {
    for (const std::string& remark : study.setting->remarks()) warn(remark);
}

std::string precision_text(const Precision& precision) {
    const char* kept = precision.keep == Keep::moments ? ", kept as moments" : "";
    if (precision.trials != 0) return plural(precision.trials, "trial") + " of each design" + kept;
    std::string text = "until";
    if (precision.rel_std_err) text += fmt::format(" rel_std_err {}", *precision.rel_std_err);
    if (precision.rel_std_err && precision.abs_std_err) text += " or";
    if (precision.abs_std_err) text += fmt::format(" abs_std_err {}", *precision.abs_std_err);
    return text + ", at most " + plural(precision.max_trials, "trial") + " of each design" + kept;
}

}  // namespace cucurbit::cli
