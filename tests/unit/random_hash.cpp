// Prints the hash of every instruction set this processor has; fails when one is not the pinned
// hash.

#include "random_hash.hpp"

#include <cstdio>
#include <exception>

int main() {
    using cucurbit::BulkDraw;
    using cucurbit::pinned_hash;
    int wrong = 0;
    try {
        std::printf("draws use %s\n", cucurbit::random_instruction_set());
    } catch (const std::exception& error) {
        std::printf("%s\n", error.what());
        return 2;
    }
    for (const BulkDraw* draw : cucurbit::supported_bulk_draws()) {
        const std::uint64_t hash = cucurbit::hash_of_normals(*draw);
        std::printf("%s %016llx\n", draw->name, static_cast<unsigned long long>(hash));
        wrong += hash != pinned_hash;
    }
    const std::uint64_t hash = cucurbit::hash_of_chi_squares();
    std::printf("chi_square %016llx\n", static_cast<unsigned long long>(hash));
    wrong += hash != cucurbit::pinned_chi_square_hash;
    return wrong == 0 ? 0 : 1;
}
