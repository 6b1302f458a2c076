#pragma once
// A parsed study file: its tree, where each node is written, and the files it refers to.

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/config/reader.hpp"
#include "host/config/toml.hpp"

namespace cucurbit {

struct Reader::Document {
    std::string file_name;
    std::string text;  ///< after the edits
    FileSource source;
    toml::table root;
    /// Contents of every file read so far, by the path as written.
    std::map<std::string, std::string, std::less<>> files;

    Position position(const toml::source_region& region) const;
    /// The bytes of a referenced file, read once; throws what the source throws.
    const std::string& file(const std::string& path);
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
