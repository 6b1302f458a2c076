#include "host/cli/talk.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "host/table/printable.hpp"

namespace cucurbit::cli {

namespace {

// spdlog's own level names, but none for plain information.
class LevelPrefix : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        if (message.level == spdlog::level::info) return;
        const auto name = spdlog::level::to_string_view(message.level);
        out.append(name.data(), name.data() + name.size());
        const std::string_view end = ": ";
        out.append(end.data(), end.data() + end.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<LevelPrefix>();
    }
};

std::string one_line(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return printable(text);
}

}  // namespace

void start_talk() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here writes the environment
    const char* no_color = std::getenv("NO_COLOR");
    const auto mode = no_color != nullptr && *no_color != '\0' ? spdlog::color_mode::never
                                                               : spdlog::color_mode::automatic;
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(mode);
    auto logger = std::make_shared<spdlog::logger>("cucurbit", std::move(sink));
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<LevelPrefix>('*').set_pattern("cucurbit: %^%*%$%v");
    logger->set_formatter(std::move(formatter));
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

void keep_quiet() {
    spdlog::set_level(spdlog::level::warn);
}
bool is_quiet() {
    return !spdlog::should_log(spdlog::level::info);
}

void say(const std::string& text) {
    spdlog::info(one_line(text));
}
void warn(const std::string& text) {
    spdlog::warn(one_line(text));
}
void complain(const std::string& text) {
    spdlog::error(one_line(text));
}

std::string duration_text(double seconds) {
    if (std::isnan(seconds)) return {};
    if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
    if (seconds > 1e9) return "more than 30 years";
    const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
    if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
    return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string count_text(std::uint64_t count) {
    std::string text = std::to_string(count);
    for (std::size_t place = text.size(); place > 3; place -= 3) text.insert(place - 3, 1, ',');
    return text;
}

std::string plural(std::uint64_t count, const std::string& noun) {
    const bool same = count == 1 || noun.back() == 's';
    return count_text(count) + " " + noun + (same ? "" : "s");
}

}  // namespace cucurbit::cli
