#include "kernels/cpu/cores.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>

namespace cucurbit {
namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

/// cpu.max of version 2 is "quota period" or "max period", in microseconds.
double quota_of_version_2(const std::filesystem::path& group) {
    std::ifstream in(group / "cpu.max");
    double quota = 0.0, period = 0.0;
    return in >> quota >> period && quota > 0.0 && period > 0.0 ? quota / period : unlimited;
}

/// A quota of -1 is none.
double quota_of_version_1(const std::filesystem::path& group) {
    std::ifstream quota_file(group / "cpu.cfs_quota_us"), period_file(group / "cpu.cfs_period_us");
    double quota = 0.0, period = 0.0;
    return quota_file >> quota && period_file >> period && quota > 0.0 && period > 0.0
               ? quota / period
               : unlimited;
}

/// The least quota of a group and those above it. In a container the group's path may be that of
/// the host, which is not there: then the topmost folder is the container's own group.
template <class Quota>
double least_quota(const std::filesystem::path& mount, std::filesystem::path group, Quota quota) {
    double least = quota(mount);
    group = group.relative_path();
    for (; !group.empty(); group = group.parent_path())
        least = std::min(least, quota(mount / group));
    return least;
}

bool has_controller(const std::string& list, const std::string& name) {
    return ("," + list + ",").find("," + name + ",") != std::string::npos;
}

/// Cores' worth of time by the groups of /proc/self/cgroup, lines of "number:controllers:path".
double group_quota(const std::filesystem::path& root) {
    std::ifstream groups(root / "proc/self/cgroup");
    const std::filesystem::path mounts = root / "sys/fs/cgroup";
    double quota = unlimited;
    for (std::string line; std::getline(groups, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string group = line.substr(second + 1);
        if (controllers.empty())
            quota = std::min(quota, least_quota(mounts, group, quota_of_version_2));
        else if (has_controller(controllers, "cpu"))
            for (const std::string& name : {controllers, std::string("cpu")})
                quota = std::min(quota, least_quota(mounts / name, group, quota_of_version_1));
    }
    return quota;
}

}  // namespace

std::size_t usable_cores(const std::filesystem::path& root) {
    cpu_set_t set;
    CPU_ZERO(&set);
    const bool known = sched_getaffinity(0, sizeof set, &set) == 0;
    const double cores = known ? static_cast<double>(CPU_COUNT(&set)) : 1.0;
    return static_cast<std::size_t>(std::max(1.0, std::min(cores, std::ceil(group_quota(root)))));
}

}  // namespace cucurbit
