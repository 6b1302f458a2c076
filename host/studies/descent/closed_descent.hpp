#pragma once
// Squared loss on fixed inputs: teacher and student at any time, from the eigendecomposition of the
// Gram matrix.

#include <optional>
#include <vector>

#include "host/studies/descent/closed_paths.hpp"
#include "host/studies/fits/workspace.hpp"

namespace cucurbit {

class ClosedDescent final : public Simulation {
public:
    ClosedDescent(const DescentSpec& spec, const Design& design, Engine* engine, std::size_t batch);

    const Workspace& workspace() const { return workspace_; }
    static double flops(const DescentSpec& spec, const Design& design);

    void run(std::span<const std::uint64_t> trials, TrialValues& out) override;

private:
    void draw(std::span<const std::uint64_t> trials);
    /// Lists of the columns whose products are the models' coefficients.
    void make_products();
    void find_risks(std::size_t count);

    Design design_;
    DescentGrid grid_;
    ClosedPaths paths_;
    bool wide_;             ///< n < p: the Gram matrix is of samples
    std::size_t measured_;  ///< leading directions that are measured
    Workspace workspace_;
    BatchMatrix xt_, gram_, eigenvalues_, labels_, noisy_labels_, moments_, projected_;
    BatchMatrix factors_, paths_at_;  ///< of ClosedPaths; its paths at every disturbance
    BatchMatrix coefficients_, basis_, weights_, risks_;
    BatchMatrix scale_, truth_, spectrum_, mixing_;
    // On the host, kept from batch to batch.
    std::vector<double> read_eigenvalues_, read_moments_, read_risks_, written_factors_;
    /// Two lists of columns for Engine::multiply_columns.
    struct Columns {
        const IndexList *left, *right;
    };
    Columns every_path_, models_;
    std::optional<Columns> after_switches_;
    const IndexList* all_ = nullptr;
    const IndexList* every_one_ = nullptr;
};

}  // namespace cucurbit
