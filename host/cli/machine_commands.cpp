#include <iostream>
#include <memory>

#include "cucurbit/engine.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/doctor.hpp"
#include "host/cli/output.hpp"
#include "host/cli/talk.hpp"

namespace cucurbit::cli {

namespace {

Exit list_devices(const Output& output) {
    std::vector<std::string> names, descriptions;
    std::vector<std::int64_t> memory, workers;
    for (const Device& device : devices()) {
        names.push_back(device.name);
        descriptions.push_back(device.description);
        memory.push_back(static_cast<std::int64_t>(device.memory_bytes));
        workers.push_back(static_cast<std::int64_t>(device.workers));
    }
    print_columns({{"device", names},
                   {"free_bytes", memory},
                   {"workers", workers},
                   {"description", descriptions}},
                  output);
    return Exit::done;
}

const char* health_name(Health health) {
    switch (health) {
        case Health::good:
            return "good";
        case Health::doubtful:
            return "doubtful";
        case Health::bad:
            return "bad";
    }
    return "";
}

Exit examine(int) {
    std::vector<std::string> names, healths, findings;
    bool any_bad = false;
    for (const Finding& finding : examine_machine()) {
        names.push_back(finding.subject);
        healths.emplace_back(health_name(finding.health));
        findings.push_back(finding.text);
        any_bad = any_bad || finding.health == Health::bad;
        if (finding.health == Health::doubtful) warn(finding.subject + ": " + finding.text);
    }
    print_columns({{"subject", names}, {"health", healths}, {"finding", findings}},
                  {"aligned", ""});
    if (!any_bad) return Exit::done;
    complain("results from this machine cannot be trusted: see the lines marked bad");
    return Exit::disagreement;
}

}  // namespace

void add_devices(Program& program) {
    CLI::App& command = *program.app.add_subcommand("devices", "List what can execute trials here");
    const auto output = std::make_shared<Output>(Output{"aligned", ""});
    add_output_options(command, *output, Aligned::allowed);
    on_chosen(program, command, output, list_devices);
}

void add_doctor(Program& program) {
    CLI::App& command = *program.app.add_subcommand(
        "doctor", "Check BLAS, random numbers and engines on this machine; exit code 4 when bad");
    on_chosen(program, command, std::make_shared<int>(), examine);
}

}  // namespace cucurbit::cli
