#include <iostream>
#include <memory>

#include "cucurbit/engine.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/doctor.hpp"
#include "host/cli/operation_checks.hpp"
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

struct DoctorOptions {
    std::string device = "auto";
    Output output{"aligned", ""};
};

Exit examine(const DoctorOptions& options) {
    std::vector<Finding> all;
    const DeviceChoice choice = choose_devices(options.device);
    for (Finding& finding : examine_machine()) all.push_back(std::move(finding));
    for (const Device& device : choice.devices)
        if (device.name != "cpu")
            for (Finding& finding : examine_operations(device.name))
                all.push_back(std::move(finding));
    std::vector<std::string> names, healths, findings;
    std::vector<double> errors, allowed;
    bool any_bad = false;
    for (const Finding& finding : all) {
        names.push_back(finding.subject);
        healths.emplace_back(health_name(finding.health));
        findings.push_back(finding.text);
        errors.push_back(finding.error);
        allowed.push_back(finding.allowed);
        any_bad = any_bad || finding.health == Health::bad;
        if (finding.health == Health::doubtful) warn(finding.subject + ": " + finding.text);
    }
    print_columns({{"subject", names},
                   {"health", healths},
                   {"error", errors},
                   {"allowed", allowed},
                   {"finding", findings}},
                  options.output);
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
        "doctor", "Check BLAS, random numbers, engines and cards here; exit code 4 when bad");
    const auto options = std::make_shared<DoctorOptions>();
    add_device(command, options->device);
    add_output_options(command, options->output, Aligned::allowed);
    on_chosen(program, command, options, examine);
}

}  // namespace cucurbit::cli
