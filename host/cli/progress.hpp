#pragma once
// How far a run is: a bar on a terminal, a plain line now and then in a log.

#include <cstdio>
#include <string>

#include "cucurbit/run.hpp"

namespace cucurbit::cli {

/// Draws on a stream, stderr but in tests. On a terminal one line is redrawn in place; elsewhere a
/// line follows after the first second and then every ten.
class ProgressLine {
public:
    ProgressLine(std::FILE* stream, bool terminal);
    /// Leaves the terminal's line empty for what is said next.
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void show(const Progress& progress);

private:
    std::FILE* stream_;
    bool terminal_;
    bool drawn_ = false;
    double next_line_ = 1.0;
};

/// "[====>    ]  43 %  440 of 1,024 trials  12.3 s, 15.0 s left" in at most `width` characters.
std::string progress_bar(const Progress& progress, std::size_t width);

}  // namespace cucurbit::cli
