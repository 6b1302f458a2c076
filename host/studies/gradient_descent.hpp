#pragma once
// kind = "gradient_descent": teacher and student trained by gradient descent, the student on the
// outputs of a teacher that was stopped early or late (Nagarajan et al. 2023).

#include <memory>
#include <string>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/config/reader.hpp"
#include "host/studies/descent/spec.hpp"

namespace cucurbit {

class GradientDescent final : public Setting {
public:
    /// [data], [features], [teacher], [student].
    static std::unique_ptr<const Setting> read(Reader& root, const Precision& precision,
                                               std::uint64_t seed);

    std::string_view kind() const override { return "gradient_descent"; }
    /// p, n, noise_std or flip, teacher_steps, student_steps, and switch_at where labels switch; a
    /// teacher has no student_steps, a model trained on labels no teacher_steps.
    std::vector<std::string> parameters() const override;
    std::vector<bool> whole_parameters() const override;
    std::string identity() const override;
    std::vector<Design> designs() const override;
    std::unique_ptr<Simulation> simulation(const Design& design, Engine& engine,
                                           std::size_t batch) const override;
    /// In closed form no pair of directions violates exaggerated bias (Nagarajan et al. 2023,
    /// section 4); iterated descent has no law.
    std::vector<TheoryRow> theory(const Point& point) const override;
    Coordinates coordinates(const Point&) const override { return {}; }
    /// A method that gives the same values in less time.
    std::vector<std::string> remarks() const override;

private:
    DescentSpec spec_;
    std::uint64_t seed_ = 0;
};

}  // namespace cucurbit
