#pragma once
// The folder around the store: its one writer, and the study as a text file.

#include <filesystem>
#include <string>

namespace cucurbit {

/// Held by the one process that writes to a folder; freed by the kernel however that process ends.
class WriterLock {
public:
    /// Throws StoreError at once when another writer holds it, naming that process.
    explicit WriterLock(const std::filesystem::path& directory);
    WriterLock(const WriterLock&) = delete;
    WriterLock& operator=(const WriterLock&) = delete;
    ~WriterLock();

private:
    int file_ = -1;
};

/// Creates the folder and its parents; throws StoreError.
void create_folder(const std::filesystem::path& directory);

/// Replaces a file's contents as a whole, so that a reader never sees half of it; throws
/// StoreError.
void replace_file(const std::filesystem::path& file, const std::string& contents);

/// The first line (or word, of texts on one line) in which two texts differ: "… here, … there".
std::string first_difference(const std::string& stored, const std::string& given);

}  // namespace cucurbit
