#pragma once
// From a study to a filled store, and from a store to a table.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cucurbit/store.hpp"
#include "cucurbit/study.hpp"
#include "cucurbit/table.hpp"

namespace cucurbit {

/// What a run will do on a device, before anything is computed.
struct Plan {
    struct Entry {
        Design design;
        std::uint64_t trials = 0;       ///< of the next round when precision is adaptive
        std::uint64_t blocks = 0;
        std::size_t batch = 0;          ///< trials per engine call
        std::size_t bytes = 0;          ///< engine memory of one worker
    };
    std::vector<Entry> entries;
    std::string device;
    std::size_t workers = 1;
    std::size_t peak_bytes = 0;     ///< all workers together
    double flops = 0.0;
};
/// Throws StudyError when two designs' keys collide, DeviceError when the memory does not suffice.
Plan make_plan(const Study& study, const std::string& device, std::size_t threads);

struct Progress {
    std::uint64_t trials_done = 0;   ///< including those found in the store
    std::uint64_t trials_total = 0;  ///< so far as is known
    double seconds = 0.0;
    double seconds_left = 0.0;       ///< NaN until it can be estimated
};

struct RunOptions {
    std::filesystem::path directory;
    std::string device = "auto";
    std::size_t threads = 0;                    ///< 0: all cores
    std::optional<double> max_seconds;
    std::function<void(const Progress&)> report;  ///< called from one thread, a few times a second
    const std::atomic<int>* stop = nullptr;       ///< 1: finish the trials in flight; 2: at once
    std::vector<std::string> argv;                ///< for the manifest
};

enum class RunEnd { complete, stopped };

/// Computes what the folder lacks of the study. Continues an interrupted run; the table is the same
/// bytes whatever the threads and interruptions.
RunEnd run(const Study& study, const RunOptions& options);

/// The table of a folder: summaries merged in block order, joined with theory.
Table summarize(const Store& store);
/// The table of the study's theory alone.
Table theory_table(const Study& study);

/// One row's part in the verdict of compare: theory of section 8 in docs/.
struct Verdict {
    enum class Kind { confirmed, failed, none };
    Kind kind = Kind::none;
    double p_value;        ///< two-sided, Holm-adjusted over the exact rows; NaN otherwise
    double relative_gap;   ///< (estimate − theory)/theory
    double allowed_gap;    ///< of deterministic equivalents; NaN otherwise
    std::string reason;    ///< why there is no verdict
};
/// Exact rows fail below Holm-adjusted p = 1e-3; deterministic equivalents fail only where
/// |relative gap| > 3/|n − p| + 3/n + 4 se/theory. One verdict per row.
std::vector<Verdict> compare(const Table& table);

}  // namespace cucurbit
