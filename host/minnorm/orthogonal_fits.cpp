#include <algorithm>

#include "host/minnorm/array_fits.hpp"

namespace cucurbit {
namespace {

/// With the taller of X and Xᵀ = Q Lᵀ, columns of Q orthonormal, the fits are L⁻ᵀQᵀY or Q L⁻¹Y;
/// with L = U s Vᵀ truncated, U s⁺(QV)ᵀY or QV s⁺UᵀY.
class OrthogonalFits final : public ArrayFits {
public:
    OrthogonalFits(Workspace& workspace, const FitShape& shape)
        : ArrayFits(workspace, shape),
          rows_(shape.sizes.front()),
          in_row_space_(rows_ <= shape.features),
          columns_(workspace.aligned(std::max(rows_, shape.features), order(0))),
          lower_(workspace.aligned(order(0), order(0))),
          labels_(workspace.aligned(rows_, shape.labels)),
          vectors_(workspace.aligned(order(0), shape.labels)) {}

    void solve(std::size_t count, Rung rung) override {
        Engine& engine = workspace_.engine();
        count_ = count;
        const IndexList &whole = workspace_.repeated(order(0), 1),
                        &reach = workspace_.repeated(order(0), shape_.labels);
        const auto columns = of(columns_), lower = of(lower_), labels = of(labels_),
                   vectors = of(vectors_), coefficients = coefficients_of(0);
        fill(facts(Fact::rows_done, 0), static_cast<double>(order(0)));
        engine.transpose(labels_of(rows_), labels);
        if (in_row_space_)
            engine.copy(features_of(rows_), columns);
        else
            engine.transpose(features_of(rows_), columns);
        engine.orthogonal_columns(columns, lower);
        if (rung == Rung::truncated) {
            fill(facts(Fact::trace, 0), 0.0);
            fill(facts(Fact::inverse_trace, 0), 0.0);
            engine.truncate(columns, lower, shape_.cut_off, facts(Fact::rank, 0));
            engine.multiply(in_row_space_ ? lower : columns, !in_row_space_, labels, vectors);
            engine.multiply(in_row_space_ ? columns : lower, !in_row_space_, vectors, coefficients);
        } else {
            note_trace(lower, 0, whole);
            if (in_row_space_) {
                engine.copy(labels, vectors);
                engine.solve_lower(lower, reach, vectors);
                engine.multiply(columns, false, vectors, coefficients);
            } else {
                engine.multiply(columns, true, labels, vectors);
                engine.solve_lower_transposed(lower, reach, vectors);
                engine.copy(vectors, coefficients);
            }
            note_inverse_trace(lower, 0, whole);
        }
        engine.multiply(of(sample()), true, fits_of(0), labels);
        note_residuals(labels, 0);
    }

private:
    std::size_t rows_;
    bool in_row_space_;
    BatchMatrix columns_, lower_, labels_, vectors_;
};

}  // namespace

std::unique_ptr<ArrayFits> make_orthogonal_fits(Workspace& workspace, const FitShape& shape) {
    return std::make_unique<OrthogonalFits>(workspace, shape);
}

}  // namespace cucurbit
