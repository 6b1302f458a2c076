#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <memory>
#include <system_error>

#include "cucurbit/store.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/presets.hpp"
#include "host/cli/process.hpp"
#include "host/cli/talk.hpp"
#include "host/cli/usage.hpp"

namespace cucurbit::cli {

namespace {

struct InitArguments {
    std::string preset;
    std::string file;
    bool list = false;
};

// The first words of the comment that opens the study.
std::string title(std::string_view text) {
    const std::size_t start = text.find_first_not_of("# ");
    if (text.empty() || text.front() != '#' || start == std::string_view::npos) return {};
    return std::string(text.substr(start, text.find('\n', start) - start));
}

Exit list_presets() {
    std::vector<std::string> names, titles;
    for (const Preset& preset : presets()) {
        names.emplace_back(preset.name);
        titles.push_back(title(preset.text));
    }
    print_columns({{"preset", names}, {"about", titles}}, {"aligned", ""});
    return Exit::done;
}

const Preset& preset_named(std::string name) {
    std::replace(name.begin(), name.end(), '-', '_');
    std::vector<std::string> names;
    for (const Preset& preset : presets()) {
        if (preset.name == name) return preset;
        names.emplace_back(preset.name);
    }
    const std::string close = nearest(name, names);
    throw UsageError(fmt::format("no preset '{}'{} (cucurbit init --list shows them)", name,
                                 close.empty() ? "" : "; did you mean " + close + "?"));
}

Exit init_command(const InitArguments& options) {
    if (options.list) return list_presets();
    if (options.preset.empty())
        throw UsageError("init needs --preset NAME (cucurbit init --list shows them)");
    const Preset& preset = preset_named(options.preset);
    const std::string file =
        options.file.empty() ? std::string(preset.name) + ".toml" : options.file;
    if (file == "-") {
        std::cout << preset.text;
        finish_stdout();
        return Exit::done;
    }
    if (std::filesystem::exists(file))
        throw UsageError(file + " exists already; name another file with -o FILE");
    errno = 0;
    std::ofstream out(file, std::ios::binary);
    out << preset.text;
    out.close();
    if (!out)
        throw StoreError(
            fmt::format("{}: cannot be written: {}", file, std::generic_category().message(errno)));
    say(fmt::format("wrote {0}; next: cucurbit plan {0}, cucurbit run {0}", typed(file)));
    return Exit::done;
}

}  // namespace

void add_init(Program& program) {
    CLI::App& command =
        *program.app.add_subcommand("init", "Write a commented study to start from");
    const auto options = std::make_shared<InitArguments>();
    command.add_option("--preset", options->preset, "Example study to write")->type_name("NAME");
    command.add_flag("--list", options->list, "List the presets");
    command
        .add_option("-o,--output", options->file, "File to write (default: NAME.toml; -: stdout)")
        ->type_name("FILE");
    on_chosen(program, command, options, init_command);
}

}  // namespace cucurbit::cli
