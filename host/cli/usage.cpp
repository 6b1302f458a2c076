#include "host/cli/usage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace cucurbit::cli {

namespace {

std::size_t edit_distance(const std::string& a, const std::string& b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1,
                                d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a.size()][b.size()];
}

std::string suggestion(const std::string& word, const std::vector<std::string>& candidates) {
    const std::string name = nearest(word, candidates);
    return name.empty() ? std::string() : fmt::format("; did you mean {}?", name);
}

const CLI::App& chosen_command(const CLI::App& app) {
    const auto chosen = app.get_subcommands();
    // No app is a temporary.  NOLINTNEXTLINE(bugprone-return-const-ref-from-parameter)
    return chosen.empty() ? app : *chosen.front();
}

std::string unknown(const CLI::App& app, const CLI::App& command, const std::string& word) {
    const bool top = &command == &app;
    const std::string help = top ? "cucurbit --help" : "cucurbit " + command.get_name() + " --help";
    if (word.size() > 1 && word.front() == '-') {
        const std::string name = word.substr(0, word.find('='));
        const std::string meant = name == "--trials" ? "; write --set precision.trials=N"
                                                     : suggestion(name, option_names(command));
        return fmt::format("unknown option {}{} ({} lists the options)", name, meant, help);
    }
    if (top)
        return fmt::format("unknown command '{}'{} ({} lists the commands)", word,
                           suggestion(word, command_names(app)), help);
    return fmt::format("unexpected argument '{}' ({} shows the usage)", word, help);
}

}  // namespace

std::string nearest(const std::string& word, const std::vector<std::string>& candidates) {
    std::size_t best = std::clamp<std::size_t>(word.size() / 3, 1, 3) + 1;
    std::string name;
    for (const std::string& candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best) {
            best = distance;
            name = candidate;
        }
    }
    return name;
}

std::vector<std::string> command_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(command->get_name());
    return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

std::string explain(const CLI::App& app, const std::vector<std::string>& argv,
                    const CLI::ParseError& error) {
    const CLI::App& command = chosen_command(app);
    if (&command == &app) {
        if (argv.size() < 2) return "no command given (cucurbit --help lists the commands)";
        return unknown(app, app, argv[1]);
    }
    const std::vector<std::string> extra = command.remaining();
    if (!extra.empty()) {
        const auto option = std::find_if(extra.begin(), extra.end(), [](const std::string& word) {
            return word.size() > 1 && word.front() == '-';
        });
        return unknown(app, command, option == extra.end() ? extra.front() : *option);
    }
    return fmt::format("{} (cucurbit {} --help shows the usage)", error.what(), command.get_name());
}

}  // namespace cucurbit::cli
