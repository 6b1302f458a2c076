// Places where a store cannot be: file systems without locks, such as NFS or Lustre mounted without
// them, and long paths.

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "cucurbit/store.hpp"
#include "host/store/folder.hpp"
#include "tests/support/folder.hpp"

namespace {

int lock_error = 0;  // what flock fails with; 0: it locks

}  // namespace

/// In place of the C library's, whose names of parameters are reserved.
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
extern "C" int flock(int file, int operation) noexcept {
    if (lock_error == 0) return static_cast<int>(::syscall(SYS_flock, file, operation));
    errno = lock_error;
    return -1;
}

namespace cucurbit {
namespace {

/// What is said about a lock that cannot be taken.
std::string refusal(int error) {
    lock_error = error;
    std::string text = "locked";
    try {
        const Folder folder;
        const WriterLock lock(folder.path());
    } catch (const StoreError& refused) {
        text = refused.what();
    }
    lock_error = 0;
    return text;
}

TEST(Places, AFileSystemWithoutThemIsNamed) {
    for (const int error : {ENOSYS, ENOLCK, EOPNOTSUPP})
        EXPECT_NE(refusal(error).find("store.lock: this file system has no locks"),
                  std::string::npos)
            << refusal(error);
    EXPECT_NE(refusal(EIO).find("store.lock: cannot lock"), std::string::npos) << refusal(EIO);
    EXPECT_NE(refusal(EWOULDBLOCK).find("another run"), std::string::npos);
    EXPECT_EQ(refusal(0), "locked");
}

TEST(Places, APathThatSqliteCannotTakeIsNamedBeforeAFolderIsMade) {
    const Folder folder;
    const std::filesystem::path parts =
        std::filesystem::canonical(folder.path()) / std::string(200, 'x') / std::string(200, 'y');
    const std::size_t left = 491 - parts.string().size() - 1;
    create_folder(parts / std::string(left, 'z'));
    const std::filesystem::path longer = parts / std::string(left + 1, 'z');
    try {
        create_folder(longer);
        ADD_FAILURE() << "created";
    } catch (const StoreError& error) {
        EXPECT_NE(std::string(error.what()).find("too long a path"), std::string::npos);
    }
    EXPECT_FALSE(std::filesystem::exists(longer));
}

}  // namespace
}  // namespace cucurbit
