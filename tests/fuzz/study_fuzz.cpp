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

using cucurbit::FileSource;
using cucurbit::parse_study;
using cucurbit::Study;
using cucurbit::StudyError;

struct Input {
    std::string text;
    std::vector<std::string> edits;
    std::string file;

    explicit Input(std::string_view bytes) {
        text = take(bytes);
        if (const std::string edit = take(bytes); !edit.empty()) edits.push_back(edit);
        file = bytes;
    }

private:
    static std::string take(std::string_view& bytes) {
        std::string part(bytes.substr(0, bytes.find('\0')));
        bytes.remove_prefix(std::min(bytes.size(), part.size() + 1));
        return part;
    }
};

void demand(bool condition) {
    if (!condition) std::abort();
}

/// An error names a place and is safe to print on a terminal.
void check_error(const StudyError& error, bool edited) {
    demand(!std::string(error.what()).empty());
    demand(edited || error.position().line > 0 ||
           std::string(error.what()).find("longer than") != std::string::npos);
    demand(error.others().size() < 10);
    std::string said = error.what();
    for (const std::string& other : error.others()) said += other;
    for (const char letter : said) {
        const auto byte = static_cast<unsigned char>(letter);
        demand(byte >= 0x20 && byte != 0x7f);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Input input({reinterpret_cast<const char*>(data), size});
    const FileSource source = [&](const std::string&) { return input.file; };
    try {
        const Study study = parse_study(input.text, "s.toml", source, input.edits);
        const Study again = parse_study(study.text, "s.toml", source);
        demand(again.identity == study.identity);
    } catch (const StudyError& error) {
        check_error(error, !input.edits.empty());
    }
    return 0;
}
