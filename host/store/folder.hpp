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

/// Creates the folder and its parents; throws StoreError, also where its path is too long for a
/// store in it.
void create_folder(const std::filesystem::path& directory);

/// Writes what is to become a file's contents under its name and ".new"; throws StoreError.
void write_beside(const std::filesystem::path& file, const std::string& contents);
/// Puts what write_beside wrote in the file's place, so that a reader never sees half of it; throws
/// StoreError.
void take_place(const std::filesystem::path& file);

/// The first line (or word, of texts on one line) in which two texts differ: "… here, … there".
std::string first_difference(const std::string& stored, const std::string& given);

}  // namespace cucurbit
