#include "host/cli/time_limit.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

namespace cucurbit::cli {

namespace {

constexpr double minute = 60.0, hour = 3600.0, day = 86400.0;

/// The number at the start of the text, which goes on behind it; none where no digit is there.
std::optional<double> take_number(std::string_view& text, std::chars_format format) {
    if (text.empty() || !std::isdigit(static_cast<unsigned char>(text.front()))) return {};
    double number = 0.0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), number, format);
    text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
    return error == std::errc::result_out_of_range ? HUGE_VAL : number;
}

/// Digits alone.
std::optional<double> take_whole(std::string_view& text) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    std::string_view whole = text.substr(0, digits);
    text.remove_prefix(digits);
    return take_number(whole, std::chars_format::fixed);
}

bool take(std::string_view& text, std::string_view sign) {
    if (!text.starts_with(sign)) return false;
    text.remove_prefix(sign.size());
    return true;
}

/// Numbers with units, each at most once, from days to seconds: 1h30m.
std::optional<double> of_units(std::string_view text) {
    constexpr std::pair<char, double> units[] = {
        {'d', day}, {'h', hour}, {'m', minute}, {'s', 1.0}};
    double seconds = 0.0;
    const auto* unit = std::begin(units);
    while (!text.empty()) {
        const std::optional<double> number = take_number(text, std::chars_format::fixed);
        if (!number || text.empty() || text.data()[-1] == '.') return {};
        unit =
            std::find_if(unit, std::end(units), [&](const auto& u) { return u.first == text[0]; });
        if (unit == std::end(units)) return {};
        if (!take(text, "min")) text.remove_prefix(1);
        seconds += *number * unit->second;
        ++unit;
    }
    return seconds;
}

/// [days-]hours:minutes:seconds; after days the last two may be left out, without days the hours,
/// and minutes and seconds alone may be any number of minutes.
std::optional<double> of_clock(std::string_view text) {
    std::optional<double> days;
    std::vector<double> fields;
    for (;;) {
        const std::optional<double> number = take_whole(text);
        if (!number) return {};
        if (!days && fields.empty() && take(text, "-")) {
            days = number;
            continue;
        }
        fields.push_back(*number);
        if (text.empty()) break;
        if (!take(text, ":")) return {};
    }
    if (fields.size() > 3 || (!days && fields.size() < 2)) return {};
    if (!days && fields.size() == 2) {
        if (fields[1] >= 60.0) return {};
        return fields[0] * minute + fields[1];
    }
    fields.resize(3, 0.0);
    if ((days && fields[0] >= 24.0) || fields[1] >= 60.0 || fields[2] >= 60.0) return {};
    return days.value_or(0.0) * day + fields[0] * hour + fields[1] * minute + fields[2];
}

std::optional<double> seconds_in(std::string_view text) {
    std::string_view rest = text;
    const std::optional<double> plain = take_number(rest, std::chars_format::general);
    if (plain && rest.empty() && text.find('-') == text.npos) return plain;
    if (const std::optional<double> seconds = of_units(text)) return seconds;
    return of_clock(text);
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

std::string seconds_fault(const std::string& text) {
    std::string_view rest = text;
    const std::optional<double> seconds = take_number(rest, std::chars_format::general);
    if (seconds && rest.empty() && *seconds > 0.0 && *seconds <= day) return {};
    return "'" + text + "' is no number of seconds above zero and up to 86400, such as 10 or 0.5";
}

}  // namespace cucurbit::cli
