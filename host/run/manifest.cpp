#include "host/run/manifest.hpp"

#include <unistd.h>

#include <array>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>

#include "cucurbit/random.hpp"
#include "host/run/environment.hpp"
#include "kernels/devices.hpp"

namespace cucurbit {

namespace {

std::string utc_now() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text.data();
}

std::string host_name() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

std::string descriptions(const std::vector<Device>& devices) {
    std::string text;
    for (const Device& device : devices) text += (text.empty() ? "" : "; ") + device.description;
    return text;
}

}  // namespace

Facts starting_facts(const Plan& plan, const RunOptions& options) {
    Facts facts{
        {"start", utc_now()},
        {"argv", nlohmann::json(options.argv)
                     .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)},
        {"version", CUCURBIT_VERSION},
        {"revision", CUCURBIT_REVISION},
        {"compiler", __VERSION__},
        {"device", plan.device},
        {"device_description", descriptions(plan.devices)},
        {"libraries", libraries_of(plan.devices.front())},
        {"environment", text_of(arithmetic_variables())},
        {"normals", random_instruction_set()},
        {"workers", std::to_string(plan.workers)},
        {"host", host_name()},
    };
    if (options.shard.count > 1)
        facts.emplace_back("shard", std::to_string(options.shard.index + 1) + "/" +
                                        std::to_string(options.shard.count));
    if (!options.shard.of.empty()) facts.emplace_back("shard_of", options.shard.of.string());
    return facts;
}

Facts ending_facts(const std::string& end, std::uint64_t trials) {
    return {{"end", utc_now()}, {"ended", end}, {"trials_computed", std::to_string(trials)}};
}

}  // namespace cucurbit
