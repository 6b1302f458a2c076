// libFuzzer target of the study parser. The input is split at zero bytes: the study's text, then
// edits, and the last part is also the contents of every file that the study refers to.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "cucurbit/study.hpp"

namespace {

using namespace cucurbit;

std::vector<std::string> parts_of(std::string_view input) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= input.size();) {
        const std::size_t end = std::min(input.find('\0', begin), input.size());
        // What a file holds may contain zero bytes.
        const bool last = parts.size() == 3;
        parts.emplace_back(input.substr(begin, last ? std::string_view::npos : end - begin));
        if (last) break;
        begin = end + 1;
    }
    return parts;
}

void demand(bool condition) {
    if (!condition) std::abort();
}

/// An error names a place and is safe to print on a terminal.
void check_error(const StudyError& error, bool edited) {
    demand(!std::string(error.what()).empty());
    demand(edited || error.position().line > 0 ||
           std::string(error.what()).find("longer than") != std::string::npos);
    for (const char* letter = error.what(); *letter; ++letter) {
        const auto byte = static_cast<unsigned char>(*letter);
        demand(byte >= 0x20 && byte != 0x7f);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<std::string> parts = parts_of({reinterpret_cast<const char*>(data), size});
    const FileSource source = [&](const std::string&) { return parts.back(); };
    const std::vector<std::string> edits(parts.begin() + 1, parts.end());
    try {
        const Study study = parse_study(parts.front(), "s.toml", source, edits);
        const Study again = parse_study(study.text, "s.toml", source);
        demand(again.identity == study.identity);
    } catch (const StudyError& error) {
        check_error(error, !edits.empty());
    }
    return 0;
}
