#pragma once
// The tables of kind = "gradient_descent": [data], [features], [teacher] and [student].

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/config/population.hpp"
#include "host/config/reader.hpp"
#include "kernels/contract.hpp"

namespace cucurbit {

enum class Loss { squared, cross_entropy };
/// How trajectories are computed: exactly for whole or real numbers of steps (squared loss), in the
/// limit of small steps, or step by step.
enum class DescentMethod { closed_form, gradient_flow, iterated };
enum class LabelSource { one_hot, teacher, mixture };

/// Samples and their labels: Gaussian ones, or those of two files.
struct DescentData {
    Grid<std::uint64_t> p;
    Grid<std::uint64_t> samples;
    Spectrum spectrum;
    Signal signal;
    std::size_t classes = 0;   ///< 0: linear labels; 2: logistic
    double strength = 0.0;     ///< standard deviation of the labels' logits
    Grid<double> disturbance;  ///< noise_std of linear labels, share of flipped labels of others
    std::uint64_t test_samples = 0;
    std::uint64_t held_out = 0;              ///< samples that decide when to stop early; 0: none
    std::vector<double> features;            ///< of a file, [sample][p]; empty: Gaussian
    std::vector<std::uint32_t> file_labels;  ///< [sample] classes
    std::string files;                       ///< hashes of both

    static DescentData read(Reader& root);
    bool from_files() const { return !file_labels.empty(); }
    /// "noise_std" or "flip".
    std::string disturbance_name() const { return classes == 0 ? "noise_std" : "flip"; }
    /// Columns of a model: one for linear and logistic labels.
    std::size_t outputs() const { return classes > 2 ? classes : 1; }
    /// Everything but grids and flips.
    std::string canonical() const;
    /// What the draws of a design depend on: of files the numbers of samples and classes, so that
    /// other features of the same samples are compared on the same splits and flips.
    std::string draws(std::uint64_t dimension, std::uint64_t n) const;
};

/// What models see of a sample.
struct DescentFeatures {
    std::uint64_t width = 0;  ///< of random ReLU features; 0: the sample itself
    std::uint64_t seed = 0;

    static DescentFeatures read(Reader& root);
    std::uint64_t dimension(std::uint64_t p) const { return width > 0 ? width : p; }
    std::string canonical() const;
};

/// One gradient descent.
struct DescentModel {
    Loss loss = Loss::squared;
    Grid<double> steps;         ///< stopping times
    bool relative_step = true;  ///< step_fraction, of n/s_1²; otherwise step_size
    double step = 0.0;
    double momentum = 0.0;
    std::uint64_t batch = 0;  ///< samples of a minibatch; 0: all

    /// Where it descends: in the row space where that is smaller than the weights are and the same
    /// at every step.
    DescentSpace space(std::size_t samples, std::size_t dimension) const {
        return batch == 0 && samples < dimension ? DescentSpace::row : DescentSpace::weights;
    }
    std::string canonical() const;
};

struct DescentStudent : DescentModel {
    double temperature = 1.0;
    LabelSource labels = LabelSource::teacher;
    double teacher_weight = 1.0;                      ///< of a mixture
    LabelSource later_labels = LabelSource::teacher;  ///< after switch_at
    Grid<double> switch_at;                           ///< empty: never
    bool fresh_inputs = false;
    std::size_t directions = 4;   ///< leading eigenvectors that are measured
    std::size_t margin_bins = 0;  ///< of points by the teacher's margin; 0: not measured

    /// The teacher's share in the labels of a source.
    double weight_of(LabelSource source) const {
        return source == LabelSource::teacher   ? 1.0
               : source == LabelSource::one_hot ? 0.0
                                                : teacher_weight;
    }
    std::string canonical() const;
};

/// Everything of the study that is special to this kind, checked.
struct DescentSpec {
    DescentData data;
    DescentFeatures features;
    DescentModel teacher;
    DescentStudent student;
    DescentMethod method = DescentMethod::iterated;

    static DescentSpec read(Reader& root);
    std::string canonical() const;
    /// Whether method = "closed_form" computes the same values of an iterated study.
    bool allows_closed_form() const;
};

/// [1 … 1; noise_std …], by columns: labels of every noise level from noise-free labels and unit
/// noise.
std::vector<double> noise_mixing(const std::vector<double>& noise_stds);

}  // namespace cucurbit
