#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <limits>

#include "host/cli/doctor.hpp"
#include "host/cli/progress.hpp"
#include "host/cli/talk.hpp"
#include "host/cli/time_limit.hpp"
#include "host/cli/usage.hpp"

namespace cucurbit::cli {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(Nearest, FindsSlipsOfTheFingersAndNothingFarther) {
    const std::vector<std::string> names{"run", "replay", "export", "theory"};
    EXPECT_EQ(nearest("exprot", names), "export");
    EXPECT_EQ(nearest("rum", names), "run");
    EXPECT_EQ(nearest("replays", names), "replay");
    EXPECT_EQ(nearest("thory", names), "theory");
    EXPECT_EQ(nearest("import", names), "export");
    EXPECT_EQ(nearest("xyz", names), "");
    EXPECT_EQ(nearest("", names), "");
    EXPECT_EQ(nearest("run", {}), "");
}

TEST(Durations, AreReadable) {
    EXPECT_EQ(duration_text(0.04), "0.0 s");
    EXPECT_EQ(duration_text(59.94), "59.9 s");
    EXPECT_EQ(duration_text(59.96), "1 min 00 s");
    EXPECT_EQ(duration_text(250), "4 min 10 s");
    EXPECT_EQ(duration_text(3599.9), "1 h 00 min");
    EXPECT_EQ(duration_text(100000), "27 h 46 min");
    EXPECT_EQ(duration_text(nan), "");
    EXPECT_EQ(duration_text(std::numeric_limits<double>::infinity()), "more than 30 years");
}

TEST(TimeLimits, AreReadAsPeopleAndBatchSystemsWriteThem) {
    const std::vector<std::pair<std::string, double>> times{
        {"90", 90},        {"0.5", 0.5},        {"1e3", 1000},         {"90s", 90},
        {"30min", 1800},   {"30m", 1800},       {"1.5h", 5400},        {"1h30m", 5400},
        {"1H30MIN", 5400}, {"2d", 172800},      {"1d12h", 129600},     {"1h5s", 3605},
        {"05:30", 330},    {"90:00", 5400},     {"01:30:00", 5400},    {"100:00:00", 360000},
        {"1-00", 86400},   {"1-06:30", 109800}, {"1-00:00:00", 86400}, {"2-03:04:05", 183845}};
    for (const auto& [text, seconds] : times) {
        ASSERT_TRUE(seconds_of(text)) << text;
        EXPECT_EQ(*seconds_of(text), seconds) << text;
        EXPECT_EQ(time_fault(text), "") << text;
    }
    EXPECT_TRUE(std::isinf(*seconds_of("1e999")));
    for (const char* text :
         {"",      " ",        "0",       "0s",    "-1",      "+5", "nan",   "inf",
          "1y",    "1 h",      "1h 30m",  "30m1h", "1h1h",    "s",  "h30m",  "01:60:00",
          "00:60", "00:00:60", "1:2:3:4", "1-24",  "1-00:60", "1-", "-1:00", "1e-3",
          "0x10",  "00:00:00", "1,5h",    "1.h",   "1e3m"}) {
        EXPECT_FALSE(seconds_of(text)) << text;
        EXPECT_NE(time_fault(text).find("D-HH:MM:SS"), std::string::npos) << text;
    }
    EXPECT_FALSE(seconds_of(std::string(100'000, '9')));
}

TEST(Counts, HaveSeparators) {
    EXPECT_EQ(count_text(0), "0");
    EXPECT_EQ(count_text(999), "999");
    EXPECT_EQ(count_text(1000), "1,000");
    EXPECT_EQ(count_text(1234567), "1,234,567");
    EXPECT_EQ(plural(1, "point"), "1 point");
    EXPECT_EQ(plural(0, "point"), "0 points");
    EXPECT_EQ(plural(2, "series"), "2 series");
}

Progress progress(std::uint64_t done, double seconds, double left) {
    Progress result;
    result.trials_done = done;
    result.trials_total = 1024;
    result.seconds = seconds;
    result.seconds_left = left;
    return result;
}

TEST(ProgressBar, FitsItsWidth) {
    EXPECT_EQ(progress_bar(progress(512, 12.34, 15), 75),
              "[============>           ]   50 %  512 of 1,024 trials  12.3 s, 15.0 s left");
    for (std::size_t width = 0; width < 200; ++width)
        EXPECT_LE(progress_bar(progress(512, 12.3, 15), width).size(), width);
}

TEST(ProgressBar, SaysAllOnlyWhenNothingIsLeft) {
    EXPECT_NE(progress_bar(progress(1023, 1, 0.1), 80).find(" 99 %"), std::string::npos);
    EXPECT_EQ(progress_bar(progress(1024, 1, 0), 80).find("left"), std::string::npos);
    EXPECT_NE(progress_bar(progress(1024, 1, nan), 80).find("100 %"), std::string::npos);
    EXPECT_NE(progress_bar(Progress{}, 80).find("  0 %  0 of 0 trials"), std::string::npos);
}

TEST(ProgressJson, IsOneObject) {
    EXPECT_EQ(progress_json(progress(512, 12.34, 15)),
              R"({"trials_done":512,"trials_total":1024,"seconds":12.340,"seconds_left":15.000})");
    EXPECT_NE(progress_json(progress(0, 0, nan)).find(R"("seconds_left":null})"),
              std::string::npos);
}

// What is written to a stream that is no terminal.
std::string written_of(ProgressForm form, const std::vector<Progress>& reports) {
    std::FILE* stream = std::tmpfile();
    {
        ProgressLine line(stream, form);
        for (const Progress& report : reports) line.show(report);
    }
    std::string text(10000, '\0');
    EXPECT_EQ(std::fseek(stream, 0, SEEK_SET), 0);
    text.resize(std::fread(text.data(), 1, text.size(), stream));
    std::fclose(stream);
    return text;
}

// The log while time passes.
std::string log_of(const std::vector<double>& times) {
    std::vector<Progress> reports;
    for (const double time : times) reports.push_back(progress(100, time, nan));
    return written_of(ProgressForm::log, reports);
}

TEST(ProgressLine, SaysALineAfterOneSecondAndThenEveryTen) {
    std::vector<double> times;
    for (int i = 0; i < 250; ++i) times.push_back(i / 10.0);
    EXPECT_EQ(log_of(times),
              "cucurbit:   9 %  100 of 1,024 trials  1.0 s\n"
              "cucurbit:   9 %  100 of 1,024 trials  11.0 s\n"
              "cucurbit:   9 %  100 of 1,024 trials  21.0 s\n");
    EXPECT_EQ(log_of({0.1, 0.5, 0.9}), "");
}

TEST(ProgressLine, ALogGoesOnWhereAPartCountsFromZero) {
    EXPECT_EQ(log_of({0.5, 600.0, 1.0, 5.0, 9.5, 10.5}),
              "cucurbit:   9 %  100 of 1,024 trials  10 min 00 s\n"
              "cucurbit:   9 %  100 of 1,024 trials  10.5 s\n");
}

TEST(ProgressLine, ReportsBecomeRarerButForTheFirstTheLastAndANewTotal) {
    // Every report at first, and those that no other report comes before.
    std::string all;
    for (const double seconds : {0.0, 0.05, 10.0})
        all += progress_json(progress(10, seconds, nan)) + "\n";
    EXPECT_EQ(written_of(ProgressForm::json, {progress(10, 0.0, nan), progress(10, 0.05, nan),
                                              progress(10, 10.0, nan)}),
              all);
    const Progress hour = progress(500, 3600.0, 9.0), soon = progress(501, 3603.0, 6.0);
    const Progress later = progress(502, 3607.3, 2.0), last = progress(1024, 3609.0, 0.0);
    EXPECT_EQ(
        written_of(ProgressForm::json, {hour, soon, later, last}),
        progress_json(hour) + "\n" + progress_json(later) + "\n" + progress_json(last) + "\n");
    Progress longer = soon;
    longer.trials_total = 2048;
    EXPECT_EQ(written_of(ProgressForm::json, {hour, longer}),
              progress_json(hour) + "\n" + progress_json(longer) + "\n");
}

TEST(ProgressLine, ALogOfAWeekStaysBelowTenMegabytes) {
    constexpr double week = 7 * 24 * 3600, between_reports = 0.05;
    for (const ProgressForm form : {ProgressForm::log, ProgressForm::json}) {
        std::FILE* stream = std::tmpfile();
        {
            ProgressLine line(stream, form);  // writes at its end, before the stream is closed
            // As long as a line of a run that is not over becomes.
            Progress long_line{99'999'999'998, 99'999'999'999, 0.0, week};
            for (; long_line.seconds < week; long_line.seconds += between_reports)
                line.show(long_line);
        }
        const long bytes = std::ftell(stream);
        std::fclose(stream);
        EXPECT_LT(bytes, 10'000'000);
        EXPECT_GT(bytes, 1'000'000);
    }
}

TEST(Doctor, FindsAWrongNormal) {
    EXPECT_EQ(examine_random_numbers(pinned_normals()).health, Health::good);
    for (std::size_t i = 0; i < pinned_normals().size(); ++i) {
        std::vector<PinnedNormal> planted(pinned_normals().begin(), pinned_normals().end());
        planted[i].bits ^= 1;
        EXPECT_EQ(examine_random_numbers(planted).health, Health::bad) << i;
    }
}

TEST(Doctor, FindsAWrongRisk) {
    const std::vector<double> slow{1.0, 2.0, 3.0};
    EXPECT_EQ(compare_risks(slow, slow).health, Health::good);
    for (std::size_t i = 0; i < slow.size(); ++i) {
        std::vector<double> risks = slow;
        risks[i] *= 1 + 1e-9;
        EXPECT_EQ(compare_risks(risks, slow).health, Health::bad) << i;
        risks[i] = nan;
        EXPECT_EQ(compare_risks(risks, slow).health, Health::bad) << i;
    }
    EXPECT_EQ(compare_risks(std::vector<double>{1.0, 2.0}, slow).health, Health::bad);
    EXPECT_EQ(compare_risks({}, {}).health, Health::bad);
}

TEST(Doctor, FindsThisMachineGood) {
    for (const Finding& finding : examine_machine())
        EXPECT_NE(finding.health, Health::bad) << finding.subject << ": " << finding.text;
}

}  // namespace
}  // namespace cucurbit::cli
