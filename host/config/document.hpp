#pragma once
// A parsed study file: its tree, where each node is written, and the files it refers to.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/config/reader.hpp"
#include "host/config/toml.hpp"

namespace cucurbit {

/// Files above this size are mapped, and not copied into a run's folder.
inline constexpr std::uintmax_t largest_copied_file = std::uintmax_t{256} << 20;

struct Reader::Document {
    std::string file_name;
    std::string text;  ///< after the edits
    FileSource source;
    toml::table root;
    /// Contents of every file read so far, by the path as written.
    std::map<std::string, FileContents, std::less<>> files;
    /// Whether faults are gathered here while reading goes on with allowed values in their place;
    /// otherwise the first is thrown.
    bool gathers = false;
    struct Fault {
        StudyError error;
        bool missing;
    };
    std::vector<Fault> faults;

    Position position(const toml::source_region& region) const;
    /// A referenced file's contents, read once; throws what the source throws.
    const FileContents& file(const std::string& path);
};

/// Parses the text and applies the edits in order; throws StudyError for bad TOML, a duplicate key,
/// an over-long text or key, or an edit that cannot be applied.
std::shared_ptr<Reader::Document> parse_document(const std::string& text,
                                                 const std::string& file_name,
                                                 const FileSource& source,
                                                 std::span<const std::string> edits);

/// The root table of a document.
Reader read_root(std::shared_ptr<Reader::Document> document);

}  // namespace cucurbit
