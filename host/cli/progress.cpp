#include "host/cli/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "host/cli/talk.hpp"

namespace cucurbit::cli {

namespace {

constexpr double seconds_between_lines = 10.0;
/// Reports of JSON become rarer with the time that has passed, as far as lines of a log are apart:
/// a week's 63,000 of some 100 bytes.
constexpr double share_between_reports = 1.0 / 500.0;

double share_done(const Progress& progress) {
    if (progress.trials_total == 0) return 0.0;
    return std::min(1.0, static_cast<double>(progress.trials_done) /
                             static_cast<double>(progress.trials_total));
}

std::string words(const Progress& progress) {
    // Rounded down: 100 % is said only when nothing is left.
    std::string text =
        fmt::format("{:3.0f} %  {} of {} trials  {}", std::floor(100 * share_done(progress)),
                    count_text(progress.trials_done), count_text(progress.trials_total),
                    duration_text(progress.seconds));
    if (!std::isnan(progress.seconds_left) && progress.trials_done < progress.trials_total)
        text += ", " + duration_text(progress.seconds_left) + " left";
    return text;
}

std::size_t terminal_width(std::FILE* stream) {
    winsize size{};
    if (::ioctl(::fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

}  // namespace

std::string progress_json(const Progress& progress) {
    return fmt::format(
        R"({{"trials_done":{},"trials_total":{},"seconds":{:.3f},"seconds_left":{}}})",
        progress.trials_done, progress.trials_total, progress.seconds,
        std::isnan(progress.seconds_left) ? "null" : fmt::format("{:.3f}", progress.seconds_left));
}

std::string progress_bar(const Progress& progress, std::size_t width) {
    const std::string text = words(progress);
    const std::size_t around = 4;  // brackets and the two spaces after them
    if (text.size() + around + 10 > width) return text.substr(0, width);
    const std::size_t length = std::min<std::size_t>(width - text.size() - around, 40);
    const auto filled =
        static_cast<std::size_t>(share_done(progress) * static_cast<double>(length));
    std::string bar = std::string(filled, '=') + std::string(length - filled, ' ');
    if (filled < length) bar[filled] = '>';
    return "[" + bar + "]  " + text;
}

namespace {
/// Talk that cannot be written is lost: no reason to stop a run.
void put(std::FILE* stream, const std::string& text) {
    static_cast<void>(std::fputs(text.c_str(), stream));
    static_cast<void>(std::fflush(stream));
}
}  // namespace

ProgressLine::ProgressLine(std::FILE* stream, ProgressForm form)
    : stream_(stream), form_(form), next_line_(form == ProgressForm::log ? 1.0 : 0.0) {}

ProgressLine::~ProgressLine() {
    if (drawn_) put(stream_, "\r\x1b[K");
    if (waits_) put(stream_, progress_json(last_) + "\n");
}

void ProgressLine::show(const Progress& progress) {
    // A run of several parts counts the seconds of each from zero.
    const bool same_part = progress.seconds >= last_.seconds;
    seconds_ += same_part ? progress.seconds - last_.seconds : progress.seconds;
    const bool other_total = progress.trials_total != last_.trials_total;
    last_ = progress;
    if (form_ == ProgressForm::json) {
        waits_ = seconds_ < next_line_ && !other_total;
        if (waits_) return;
        put(stream_, progress_json(progress) + "\n");
        next_line_ = seconds_ + std::min(share_between_reports * seconds_, seconds_between_lines);
    } else if (form_ == ProgressForm::bar) {
        // One column stays free: a full line would wrap.
        const std::string bar = progress_bar(progress, terminal_width(stream_) - 1);
        put(stream_, "\r" + bar + "\x1b[K");
        drawn_ = true;
    } else if (seconds_ >= next_line_) {
        put(stream_, "cucurbit: " + words(progress) + "\n");
        next_line_ = seconds_ + seconds_between_lines;
    }
}

}  // namespace cucurbit::cli
