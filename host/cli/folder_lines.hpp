#pragma once
// How far several runs are: a line for each folder, such as the shards of a study.

#include <string>
#include <vector>

#include "cucurbit/run.hpp"
#include "cucurbit/store.hpp"
#include "host/cli/output.hpp"

namespace cucurbit::cli {

/// What the manifest tells of the last run in a folder.
struct LastRun {
    std::string shard;  ///< I/N; empty where it was a run of the whole
    std::string of;     ///< the folder whose lacking trials were divided; empty where all were
    std::string host;
    std::string ended = "not begun";
};
LastRun last_run(const Store& store);

/// The part of the study that a folder is to hold. A folder whose lacking trials were divided is
/// looked for beside it, under the name without the part, and then where it was.
Shard shard_in(const std::string& folder, const Study& study, const LastRun& last);

struct Line {
    std::string folder;
    bool may_be_absent = false;
};
/// Prints a line for each folder; returns whether none of them lacks a trial or is being run.
bool print_lines(const std::vector<Line>& lines, const Output& output);

/// Prints the lines again and again, `seconds` after each other, until no folder lacks a trial. A
/// folder that has shards beside it, FOLDER-1-of-N and so on, stands for all N of them. On a
/// terminal the lines take the place of those before.
void watch_lines(const std::vector<std::string>& folders, double seconds, const Output& output);

}  // namespace cucurbit::cli
