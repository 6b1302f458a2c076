#pragma once
// Whole runs of a small study on cards that are none.

#include <gtest/gtest.h>

#include <string>

#include "tests/standin/standin.hpp"
#include "tests/support/simulate.hpp"
#include "tests/unit/run_fake.hpp"

namespace cucurbit {

class CardRun : public testing::Test {
public:
    CardRun() : before_(standin::settings()) {}
    ~CardRun() override { standin::settings() = before_; }

protected:
    static Table table_of(const Folder& folder, const Study& study, const std::string& device,
                          std::size_t workers = 0) {
        RunOptions options;
        options.threads = workers;
        options.directory = folder.path();
        options.device = device;
        EXPECT_EQ(run(study, options), RunEnd::complete);
        return summarize(Store::open_to_read(folder.path()), study);
    }
    static Table table_of(const Study& study, const std::string& device, std::size_t workers = 0) {
        return table_of(Folder(), study, device, workers);
    }

private:
    standin::Settings before_;
};

/// Both sides of p, and trials on every rung.
inline Study small_study(std::size_t trials, const std::string& label_noise = "integrate") {
    return study_of(R"(
        schema = 1
        [study]
        name = "small"
        kind = "two_stage"
        seed = 3
        [population]
        p = 24
        spectrum = { kind = "power_law", exponent = 4.0 }
        signal = { kind = "power_law", exponent = 1.5 }
        [surrogate]
        m = 17
        noise_std = 0.1
        [target]
        n = [5, 20, 24, 40]
        noise_std = 0.2
        arms = ["surrogate", "target", "standard"]
        [precision]
        trials = )" +
                    std::to_string(trials) + R"(
        label_noise = ")" +
                    label_noise + R"("
    )");
}

}  // namespace cucurbit
