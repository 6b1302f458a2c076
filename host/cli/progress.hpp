#pragma once
// How far a run is: a bar on a terminal, a plain line now and then in a log, JSON for a program
// that draws its own.

#include <cstdio>
#include <string>

#include "cucurbit/run.hpp"

namespace cucurbit::cli {

/// bar: one line, redrawn in place; log: a line after the first second and then every ten;
/// json: a line for every report at first, later after each 500th of the time that has passed, at
/// most ten seconds apart; always for the first and the last one, and where trials_total changes.
enum class ProgressForm { bar, log, json };

/// Writes to a stream, stderr but in tests.
class ProgressLine {
public:
    ProgressLine(std::FILE* stream, ProgressForm form);
    /// Leaves the terminal's line empty for what is said next; writes the last report if it waits.
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void show(const Progress& progress);

private:
    std::FILE* stream_;
    ProgressForm form_;
    bool drawn_ = false;
    bool waits_ = false;  ///< last_ was not written
    Progress last_;
    double seconds_ = 0.0;  ///< of all parts of the run
    double next_line_;
};

/// {"trials_done":440,"trials_total":1024,"seconds":12.3,"seconds_left":15.0}; seconds_left is null
/// until it can be estimated.
std::string progress_json(const Progress& progress);

/// "[====>    ]  43 %  440 of 1,024 trials  12.3 s, 15.0 s left" in at most `width` characters.
std::string progress_bar(const Progress& progress, std::size_t width);

}  // namespace cucurbit::cli
