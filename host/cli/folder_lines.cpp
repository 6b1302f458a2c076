#include "host/cli/folder_lines.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <limits>
#include <optional>
#include <set>
#include <string_view>
#include <thread>

#include "host/cli/commands.hpp"
#include "host/cli/process.hpp"
#include "host/run/shares.hpp"

namespace cucurbit::cli {

namespace {

/// Trials that all series of their designs have.
std::uint64_t stored_trials(const Store& store, const Study& study) {
    std::uint64_t trials = 0;
    for (const Design& design : study.setting->designs()) {
        std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
        for (const Series& series : design.series)
            least = std::min(
                least, count_trials(store.trials(series_key(*study.setting, design, series))));
        trials += least;
    }
    return trials;
}

/// I and N of a text that ends in I, `between` and N, and what stands before it.
struct Part {
    std::string before;
    std::size_t index = 0;
    std::size_t count = 0;
};
std::optional<Part> part_of(const std::string& text, std::string_view between) {
    const auto number_at_end = [](std::string& of) {
        const std::size_t begin = of.find_last_not_of("0123456789") + 1;
        std::size_t number = 0;
        std::from_chars(of.data() + begin, of.data() + of.size(), number);
        of.erase(begin);
        return number;
    };
    Part part{text};
    part.count = number_at_end(part.before);
    if (!part.before.ends_with(between)) return {};
    part.before.erase(part.before.size() - between.size());
    part.index = number_at_end(part.before);
    if (part.index == 0 || part.index > part.count) return {};
    return part;
}

/// A folder, or all the shards beside it, begun or not.
std::vector<Line> lines_of(const std::string& folder) {
    const std::filesystem::path whole = shard_folder(folder, "");  // with a dash at its end
    std::set<std::size_t> counts;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(
             whole.has_parent_path() ? whole.parent_path() : ".", none))
        if (const auto part = part_of(entry.path().filename().string(), "-of-");
            part && part->before == whole.filename())
            counts.insert(part->count);
    std::vector<Line> shards;
    for (const std::size_t count : counts)
        for (std::size_t i = 1; i <= count; ++i)
            shards.push_back(
                {shard_folder(folder, fmt::format("{}-of-{}", i, count)).string(), true});
    return shards.empty() ? std::vector{Line{folder, false}} : shards;
}

/// Whether what is printed stays on a screen, where it can be replaced.
bool replaces_lines(const Output& output) {
    return ::isatty(STDOUT_FILENO) == 1 && has_screen() && output.format == "aligned" &&
           (output.file.empty() || output.file == "-");
}

}  // namespace

LastRun last_run(const Store& store) {
    LastRun last;
    bool merged = false;  // the facts of other folders follow, and the trials are no shard's
    for (const auto& [fact, value] : store.manifest()) {
        merged = merged || fact == "merged";
        if (fact == "start") last = {"", "", "", "not ended"};
        if (fact == "host") last.host = value;
        if (fact == "shard" && !merged) last.shard = value;
        if (fact == "shard_of" && !merged) last.of = value;
        if (fact == "ended") last.ended = value;
    }
    return last;
}

Shard shard_in(const std::string& folder, const Study& study, const LastRun& last) {
    const std::optional<Part> part = part_of(last.shard, "/");
    if (!part) return {};
    Shard shard{part->index - 1, part->count, {}};
    if (last.of.empty()) return shard;
    std::string name = shard_folder(folder, "").string();
    name.pop_back();  // the dash
    std::vector<std::string> places{last.of};
    if (const std::optional<Part> of = part_of(name, "-of-"))
        places.insert(places.begin(), of->before.substr(0, of->before.size() - 1));
    const auto is_it = [&](const std::string& place) {
        return Store::exists(place) &&
               Store::open_to_read(place).study().identity == study.identity;
    };
    if (const auto found = std::find_if(places.begin(), places.end(), is_it); found != places.end())
        shard.of = *found;
    return shard;
}

bool print_lines(const std::vector<Line>& lines, const Output& output) {
    std::vector<std::string> folders, shards, hosts, ends;
    std::vector<std::int64_t> trials;
    std::vector<double> missing;
    bool done = true;
    for (const auto& [folder, may_be_absent] : lines) {
        LastRun last;
        std::uint64_t stored = 0;
        double lacking = std::numeric_limits<double>::quiet_NaN();
        if (!may_be_absent || Store::exists(folder)) {
            const Store store = Store::open_to_read(folder);
            const Study study = store.study();
            last = last_run(store);
            stored = stored_trials(store, study);
            lacking = 0.0;
            for (const DesignStatus& design : status(store, study, shard_in(folder, study, last)))
                lacking += static_cast<double>(design.trials_wanted - design.trials_done);
        }
        done = done && lacking == 0.0 && last.ended != "not ended";
        folders.push_back(folder);
        shards.push_back(last.shard);
        hosts.push_back(last.host);
        ends.push_back(last.ended);
        trials.push_back(static_cast<std::int64_t>(stored));
        missing.push_back(lacking);
    }
    print_columns({{"folder", folders},
                   {"shard", shards},
                   {"trials", trials},
                   {"missing", missing},
                   {"ended", ends},
                   {"host", hosts}},
                  output);
    return done;
}

void watch_lines(const std::vector<std::string>& folders, double seconds, const Output& output) {
    for (;;) {
        std::vector<Line> lines;
        for (const std::string& folder : folders)
            for (Line& line : lines_of(folder)) lines.push_back(std::move(line));
        if (print_lines(lines, output)) return;
        std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
        // Back to the table's heading, and all below it away.
        if (replaces_lines(output)) std::cout << fmt::format("\x1b[{}F\x1b[J", lines.size() + 1);
    }
}

}  // namespace cucurbit::cli
