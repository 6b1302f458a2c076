// Folders that cannot be written, and disks that fill up.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "tests/faults/child.hpp"
#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

using fake::Options;

void limit_file_size(std::size_t bytes) {
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, SIG_IGN);  // a full disk reports an error and sends no signal
}

/// Root may write anywhere: become nobody.
void drop_privileges() {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0))
        throw std::runtime_error("cannot become nobody");
}

TEST(Disk, AFullDiskEndsTheRunWithAStoreErrorAndLosesNothingCommitted) {
    const Folder folder;
    Options options;
    options.samples = {10, 20, 30, 40, 50, 60};
    const Study study = fake::study(options, 20'000);
    fake::run_into(folder.path(), fake::study(options, 100));
    Child runner([&] {
        limit_file_size(1 << 20);
        fake::run_into(folder.path(), study);
    });
    EXPECT_EQ(runner.wait(), child_store_error);
    EXPECT_GE(status(Store::open_to_read(folder.path()), study).front().trials_done, 100u);
    EXPECT_EQ(fake::run_into(folder.path(), study), RunEnd::complete);
    const Folder direct;
    fake::run_into(direct.path(), study);
    EXPECT_EQ(fake::table_of(folder.path(), study), fake::table_of(direct.path(), study));
}

TEST(Disk, TheErrorNamesThePathAndSaysWhatSQLiteSays) {
    const Folder folder;
    const std::filesystem::path message = folder.path() / "message";
    std::ofstream out(message);
    Child writer([&] {
        Store store = Store::open_to_write(folder.path() / "run", fake::study({}, 64));
        limit_file_size(1 << 16);
        try {
            for (std::uint64_t first = 0; first < 1'000'000; first += 1000)
                store.write({{{1, "n=1", "a", "b"},
                              {first, std::vector<double>(1000), std::vector<Outcome>(1000)}}});
        } catch (const StoreError& error) {
            out << error.what() << std::flush;
            throw;
        }
    });
    EXPECT_EQ(writer.wait(), child_store_error);
    std::ifstream in(message);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    EXPECT_NE(text.find("run/store.sqlite: SQLite says: disk I/O error"), std::string::npos)
        << text;
}

TEST(Disk, AReadOnlyFolderIsReadAndNotWritten) {
    const Folder folder;
    const Study study = fake::study({}, 100);
    const std::filesystem::path run = folder.path() / "run";
    fake::run_into(run, study);
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
    std::filesystem::permissions(run, std::filesystem::perms(0555));
    for (const auto& entry : std::filesystem::directory_iterator(run))
        std::filesystem::permissions(entry, std::filesystem::perms(0444));
    Child reader([&] {
        drop_privileges();
        if (fake::table_of(run, study).empty()) throw std::runtime_error("no table");
    });
    EXPECT_EQ(reader.wait(), child_done);
    Child writer([&] {
        drop_privileges();
        fake::run_into(run, study);
    });
    EXPECT_EQ(writer.wait(), child_store_error);
    Child creator([&] {
        drop_privileges();
        fake::run_into(folder.path() / "other", study);
    });
    EXPECT_EQ(creator.wait(), child_store_error);
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(run, std::filesystem::perms(0755));
}

TEST(Disk, AReadOnlyCopyInMidRunIsRead) {
    // A copy without its log still says that it has one; on read-only media none can be made.
    const Folder folder;
    const Study study = fake::study({}, 100);
    const std::filesystem::path copy = folder.path() / "copy";
    std::filesystem::create_directory(copy);
    {
        fake::run_into(folder.path() / "run", study);
        const Store writer = Store::open_to_write(folder.path() / "run", study);
        std::filesystem::copy(folder.path() / "run" / "store.sqlite", copy / "store.sqlite");
    }
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
    std::filesystem::permissions(copy, std::filesystem::perms(0555));
    Child reader([&] {
        drop_privileges();
        if (fake::table_of(copy, study) != fake::table_of(folder.path() / "run", study))
            throw std::runtime_error("another table");
    });
    EXPECT_EQ(reader.wait(), child_done);
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(copy, std::filesystem::perms(0755));
}

TEST(Disk, AFileIsNoFolder) {
    const Folder folder;
    std::ofstream(folder.path() / "file") << "x";
    EXPECT_THROW(fake::run_into(folder.path() / "file", fake::study({}, 64)), StoreError);
    EXPECT_THROW(fake::run_into(folder.path() / "file" / "below", fake::study({}, 64)), StoreError);
}

}  // namespace
}  // namespace cucurbit
