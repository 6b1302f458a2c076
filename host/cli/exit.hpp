#pragma once
// What the program's exit code means.

#include <stdexcept>

namespace cucurbit::cli {

enum class Exit : int {
    done = 0,
    internal_error = 1,
    usage = 2,          ///< bad command line or study
    failed_trials = 3,  ///< more failed trials than max_failed_share
    disagreement = 4,   ///< comparison or verification failed
    no_device = 5,      ///< no device, or not enough memory
    store = 6,          ///< store or output cannot be read, written or locked
    stopped = 75        ///< interrupted or out of time; the same command continues
};

/// The command line asks for something that does not exist or does not fit together.
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace cucurbit::cli
