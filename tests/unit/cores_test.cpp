// Quotas of control groups, as containers and batch systems set them, count as cores.

#include <gtest/gtest.h>

#include <fstream>

#include "kernels/cpu/cores.hpp"
#include "tests/support/folder.hpp"

namespace cucurbit {
namespace {

class Groups : public ::testing::Test {
protected:
    void write(const std::string& file, const std::string& text) {
        const std::filesystem::path path = root_.path() / file;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    /// Cores by the files written, at most those of this machine.
    std::size_t cores() const { return usable_cores(root_.path()); }

    Folder root_;
    const std::size_t all_ = usable_cores("/nowhere");
};

TEST_F(Groups, WithoutAnyTheAffinityMaskDecides) {
    EXPECT_GE(all_, 1u);
    EXPECT_EQ(cores(), all_);
}

TEST_F(Groups, VersionTwo) {
    write("proc/self/cgroup", "0::/a/b\n");
    write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    EXPECT_EQ(cores(), all_);
    write("sys/fs/cgroup/a/cpu.max", "100000 100000\n");
    EXPECT_EQ(cores(), 1u);
    write("sys/fs/cgroup/a/cpu.max", "1000 100000\n");
    EXPECT_EQ(cores(), 1u);  // part of a core
    write("sys/fs/cgroup/a/cpu.max", "110000 100000\n");
    EXPECT_EQ(cores(), std::min<std::size_t>(2, all_));
    write("sys/fs/cgroup/a/cpu.max", "99999999 100000\n");
    EXPECT_EQ(cores(), all_);
}

TEST_F(Groups, VersionOneUnderEitherName) {
    write("proc/self/cgroup", "12:pids:/x\n4:cpu,cpuacct:/x\n0::/\n");
    write("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n");
    write("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "-1\n");
    EXPECT_EQ(cores(), all_);
    write("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "50000\n");
    EXPECT_EQ(cores(), 1u);
    write("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "-1\n");
    write("sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "50000\n");
    write("sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "50000\n");
    EXPECT_EQ(cores(), 1u);
}

// A container sees its own group as the topmost folder, under the host's path or under none.
TEST_F(Groups, AContainersOwnGroupIsTheTopmostFolder) {
    write("proc/self/cgroup", "4:cpu:/docker/0123abc\n");
    write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
    write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000");
    EXPECT_EQ(cores(), 1u);
}

TEST_F(Groups, WhatIsNoQuotaIsNone) {
    for (const char* text : {"", "nonsense", "100000", "0 0", "-1 100000", "nan 100000"}) {
        write("proc/self/cgroup", "0::/\nno colon\n:\n");
        write("sys/fs/cgroup/cpu.max", text);
        EXPECT_EQ(cores(), all_) << text;
    }
}

}  // namespace
}  // namespace cucurbit
