#include <iostream>
#include <memory>

#include "host/cli/commands.hpp"
#include "host/cli/completion.hpp"
#include "host/cli/output.hpp"

namespace cucurbit::cli {

void add_completion(Program& program) {
    CLI::App& command = *program.app.add_subcommand(
        "completion", "Print a completion script: source <(cucurbit completion bash)");
    const auto shell = std::make_shared<std::string>();
    command.add_option("SHELL", *shell, "The shell")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    on_chosen(program, command, shell, [&program](const std::string& name) {
        std::cout << completion_script(program.app, name);
        finish_stdout();
        return Exit::done;
    });
}

}  // namespace cucurbit::cli
