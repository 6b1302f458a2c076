// Sums and scalings of elements.

void scale_rows(Panel from, const double* scale, Panel to) {
    const View source(from), target(to);
    for (std::size_t j = 0; j < to.cols; ++j)
        for (std::size_t i = 0; i < to.rows; ++i) target.set(i, j, scale[i] * source(i, j));
}

void subtract(const double* reference, List subtracted, Panel e) {
    const View error(e);
    for (std::size_t j = 0; j < e.cols; ++j) {
        if (subtracted.values[j] == 0) continue;
        for (std::size_t i = 0; i < e.rows; ++i) error.set(i, j, error(i, j) - reference[i]);
    }
}

/// Σ_i weights[i] x_i y_i of two columns: four partial sums, so that additions need not wait for
/// each other.
CUCURBIT_INLINE Vector weighted_product(const double* x, const double* y, const double* weights,
                                        std::size_t rows) {
    Vector sum[4] = {};
    std::size_t i = 0;
    for (; i + 4 <= rows; i += 4)
#pragma GCC unroll 4
        for (std::size_t k = 0; k < 4; ++k) {
            const std::size_t at = (i + k) * interleaved_lanes;
            sum[k] += weights[i + k] * load(x + at) * load(y + at);
        }
    for (; i < rows; ++i)
        sum[0] += weights[i] * load(x + i * interleaved_lanes) * load(y + i * interleaved_lanes);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

void products(Panel e, const double* weights, List left, List right, Panel out) {
    const View error(e), sums(out);
    for (std::size_t j = 0; j < left.size; ++j)
        sums.set(j, 0,
                 weighted_product(error.at(0, left.values[j]), error.at(0, right.values[j]),
                                  weights, e.rows));
}

void weighted_norm(Panel a, const double* weights, double* out) {
    const View matrix(a);
    Vector sum = {};
    for (std::size_t j = 0; j < a.cols; ++j)
        sum += weighted_product(matrix.at(0, j), matrix.at(0, j), weights, a.rows);
    store(out, sum);
}

void row_norms(Panel r, Panel out) {
    const View matrix(r), sums(out);
    for (std::size_t i = 0; i < r.rows; ++i) sums.set(i, 0, Vector{});
    for (std::size_t j = 0; j < r.cols; ++j)
        for (std::size_t i = 0; i < r.rows; ++i)
            sums.set(i, 0, sums(i, 0) + matrix(i, j) * matrix(i, j));
}

void prefix_sums(Panel v, int power, List ends, Panel out) {
    const View values(v), sums(out);
    Vector sum = {};
    std::size_t i = 0;
    for (std::size_t j = 0; j < ends.size; ++j) {
        for (; i < ends.values[j]; ++i)
            sum += power == 2 ? values(i, 0) * values(i, 0) : values(i, 0);
        sums.set(j, 0, sum);
    }
}
