#pragma once
// Every operation of the Engine on one engine beside another, for whoever has a card.

#include <span>
#include <string_view>
#include <vector>

#include "host/cli/doctor.hpp"
#include "host/cli/worktable.hpp"

namespace cucurbit::cli {

/// Beyond the order up to which Cholesky factorisations are batched on a card.
inline constexpr std::size_t largest_checked = 600;

/// One operation of kernels/contract.hpp; allocate, indices, upload and download serve all of them.
struct OperationCheck {
    std::string_view name;
    std::size_t largest;  ///< n of the largest operands
    /// Does the operation on operands of about this size and takes what it gives.
    void (*run)(Worktable& on, std::size_t n);
};
std::span<const OperationCheck> copy_checks();
std::span<const OperationCheck> factorisation_checks();
std::span<const OperationCheck> curve_checks();
std::span<const OperationCheck> descent_checks();
std::vector<OperationCheck> operation_checks();

/// The check at n = 1, 33, 65 and largest_checked on both engines, their largest difference and the
/// verdict. A failure of a library is a finding too.
Finding examine_operation(const OperationCheck& check, Engine& reference, Engine& engine);

/// Every operation of this device's engine beside the CPU's.
std::vector<Finding> examine_operations(const std::string& device);

}  // namespace cucurbit::cli
