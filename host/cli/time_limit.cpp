#include "host/cli/time_limit.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <regex>
#include <string_view>

namespace cucurbit::cli {

namespace {

constexpr double minute = 60.0, hour = 3600.0, day = 86400.0;

double number_of(std::string_view digits) {
    double number = 0.0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return error == std::errc::result_out_of_range ? HUGE_VAL : number;
}

/// A part of a match; 0 where it is absent.
double number_of(const std::ssub_match& part) {
    return part.matched ? number_of(std::string_view(&*part.first, part.length())) : 0.0;
}

/// Minutes and seconds as on a clock, below 60.
std::optional<double> of_clock(double days, double hours, double minutes, double seconds) {
    if (seconds >= 60.0 || minutes >= 60.0) return {};
    return days * day + hours * hour + minutes * minute + seconds;
}

std::optional<double> seconds_in(const std::string& text) {
    static const std::string number = "([0-9]+(?:\\.[0-9]+)?)";
    static const std::regex plain("[0-9]+(\\.[0-9]*)?(e\\+?[0-9]+)?");
    static const std::regex units("(?:" + number + "d)?(?:" + number + "h)?(?:" + number +
                                  "m(?:in)?)?(?:" + number + "s)?");
    static const std::regex clock("(?:([0-9]+):)?([0-9]+):([0-9]+)");
    static const std::regex slurm("([0-9]+)-([0-9]+)(?::([0-9]+))?(?::([0-9]+))?");
    std::smatch part;
    if (std::regex_match(text, plain)) return number_of(text);
    if (!text.empty() && std::regex_match(text, part, units))
        return number_of(part[1]) * day + number_of(part[2]) * hour + number_of(part[3]) * minute +
               number_of(part[4]);
    if (std::regex_match(text, part, clock)) {
        // Minutes and seconds alone may be any number of minutes.
        if (!part[1].matched)
            return number_of(part[3]) < 60.0
                       ? std::optional(number_of(part[2]) * minute + number_of(part[3]))
                       : std::nullopt;
        return of_clock(0.0, number_of(part[1]), number_of(part[2]), number_of(part[3]));
    }
    if (std::regex_match(text, part, slurm)) {
        if (number_of(part[2]) >= 24.0) return {};
        return of_clock(number_of(part[1]), number_of(part[2]), number_of(part[3]),
                        number_of(part[4]));
    }
    return {};
}

}  // namespace

std::optional<double> seconds_of(const std::string& text) {
    constexpr std::size_t longest = 100;
    if (text.size() > longest) return {};
    std::string lower = text;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::optional<double> seconds = seconds_in(lower);
    return seconds && *seconds > 0.0 ? seconds : std::nullopt;
}

std::string time_fault(const std::string& text) {
    if (seconds_of(text)) return {};
    return "'" + text +
           "' is no time above zero; allowed are seconds (90), units (90s, 30min, 1h30m, 2d), "
           "HH:MM:SS (01:30:00), MM:SS and D-HH:MM:SS (1-00:00:00)";
}

}  // namespace cucurbit::cli
