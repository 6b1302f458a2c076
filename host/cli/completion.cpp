#include "host/cli/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "host/cli/presets.hpp"
#include "host/cli/process.hpp"

namespace cucurbit::cli {

namespace {

struct OptionWords {
    std::vector<std::string> names;  // with dashes; empty for a positional
    std::string about;
    bool takes_value = false;
    std::vector<std::string> values;  // those allowed; empty: any, completed as a file
};

struct CommandWords {
    std::string name;
    std::string about;
    std::vector<OptionWords> options;
};

// CLI11 shows the allowed values of an option in its type, as TEXT:{csv,jsonl}.
std::vector<std::string> allowed_values(const CLI::Option& option) {
    std::vector<std::string> values;
    const std::string type = option.get_type_name();
    const std::size_t open = type.find('{');
    const std::size_t close = type.find('}');
    if (open != std::string::npos && close != std::string::npos) {
        std::istringstream list(type.substr(open + 1, close - open - 1));
        for (std::string value; std::getline(list, value, ',');) values.push_back(value);
    }
    if (option.check_lname("device")) values = {"auto", "cpu", "cuda"};
    if (option.check_lname("shard")) values = {"auto"};
    if (option.check_lname("devices")) values = {"cpu", "cpu,cuda", "cpu,cuda:0"};
    if (option.check_lname("preset"))
        for (const Preset& preset : presets()) values.emplace_back(preset.name);
    return values;
}

std::vector<CommandWords> words_of(const CLI::App& app) {
    std::vector<CommandWords> commands;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        CommandWords words{command->get_name(), command->get_description(), {}};
        for (const CLI::Option* option : command->get_options()) {
            OptionWords option_words{{},
                                     option->get_description(),
                                     option->get_items_expected() > 0,
                                     allowed_values(*option)};
            for (const auto& name : option->get_lnames()) option_words.names.push_back("--" + name);
            for (const auto& name : option->get_snames()) option_words.names.push_back("-" + name);
            words.options.push_back(std::move(option_words));
        }
        commands.push_back(std::move(words));
    }
    return commands;
}

std::vector<std::string> names_of(const std::vector<CommandWords>& commands) {
    std::vector<std::string> names;
    for (const CommandWords& command : commands) names.push_back(command.name);
    return names;
}

std::string bash_script(const std::vector<CommandWords>& commands) {
    std::string script = fmt::format(R"(_cucurbit() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words=
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{} --help --version" -- "$word"))
        return
    fi
    case "${{COMP_WORDS[1]}} $previous" in
)",
                                     fmt::join(names_of(commands), " "));
    std::string options_of_commands;
    for (const CommandWords& command : commands) {
        std::vector<std::string> all;
        for (const OptionWords& option : command.options) {
            all.insert(all.end(), option.names.begin(), option.names.end());
            if (option.names.empty())
                all.insert(all.end(), option.values.begin(), option.values.end());
            if (option.names.empty() || !option.takes_value) continue;
            for (const std::string& name : option.names)
                script +=
                    fmt::format("        \"{} {}\") {} ;;\n", command.name, name,
                                option.values.empty()
                                    ? "compopt -o default; return"
                                    : fmt::format("words=\"{}\"", fmt::join(option.values, " ")));
        }
        options_of_commands +=
            fmt::format("            {}) words=\"{}\" ;;\n", command.name, fmt::join(all, " "));
    }
    return script + R"(        *) case "${COMP_WORDS[1]}" in
)" + options_of_commands +
           R"(        esac
        compopt -o default ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _cucurbit cucurbit
)";
}

// Brackets and colons separate the parts of an _arguments specification.
std::string zsh_text(const std::string& text) {
    std::string result;
    for (const char c : text)
        result += (c == '[' || c == ']' || c == ':') ? std::string("\\") + c : std::string(1, c);
    return result;
}

std::string zsh_option(const OptionWords& option) {
    const std::string values =
        option.values.empty() ? "_files" : fmt::format("({})", fmt::join(option.values, " "));
    if (option.names.empty())
        return single_quoted(fmt::format("*:{}:{}", zsh_text(option.about), values));
    std::string all;
    for (const std::string& name : option.names) {
        std::string spec = fmt::format("*{}[{}]", name, zsh_text(option.about));
        if (option.takes_value) spec += ":value:" + values;
        all += (all.empty() ? "" : " ") + single_quoted(spec);
    }
    return all;
}

std::string zsh_script(const std::vector<CommandWords>& commands) {
    std::string script =
        "#compdef cucurbit\n_cucurbit() {\n    local -a commands\n    commands=(\n";
    for (const CommandWords& command : commands)
        script += "        " +
                  single_quoted(zsh_text(command.name) + ":" + zsh_text(command.about)) + "\n";
    script += R"(    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    local command=${words[2]}
    shift words
    (( CURRENT-- ))
    case $command in
)";
    for (const CommandWords& command : commands) {
        script += fmt::format("        {}) _arguments", command.name);
        for (const OptionWords& option : command.options)
            script += " \\\n            " + zsh_option(option);
        script += " ;;\n";
    }
    return script + "    esac\n}\ncompdef _cucurbit cucurbit\n";
}

std::string fish_script(const std::vector<CommandWords>& commands) {
    std::string script;
    for (const CommandWords& command : commands) {
        script += fmt::format("complete -c cucurbit -n __fish_use_subcommand -f -a {} -d {}\n",
                              command.name, single_quoted(command.about));
        for (const OptionWords& option : command.options) {
            std::string line = fmt::format(
                "complete -c cucurbit -n '__fish_seen_subcommand_from {}'", command.name);
            for (const std::string& name : option.names)
                line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            if (option.takes_value && !option.names.empty()) line += " -r";
            if (!option.values.empty())
                line += fmt::format(" -f -a '{}'", fmt::join(option.values, " "));
            if (!option.names.empty() || !option.values.empty())
                script += line + " -d " + single_quoted(option.about) + "\n";
        }
    }
    return script;
}

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
    const std::vector<CommandWords> commands = words_of(app);
    if (shell == "bash") return bash_script(commands);
    if (shell == "zsh") return zsh_script(commands);
    return fish_script(commands);
}

}  // namespace cucurbit::cli
