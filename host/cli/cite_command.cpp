#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"

namespace cucurbit::cli {

namespace {

constexpr const char* bibtex = R"(@software{{cucurbit,
  title   = {{cucurbit: thousands of ridgeless teacher-student fits in parallel, against theory}},
  author  = {{{{The cucurbit developers}}}},
  version = {{{0}}}
}}

@inproceedings{{ildiz2025high,
  title     = {{High-dimensional Analysis of Knowledge Distillation: Weak-to-Strong Generalization and
               Scaling Laws}},
  author    = {{Ildiz, M. Emrullah and Gozeten, Halil Alperen and Taga, Ege Onur and Mondelli, Marco and
               Oymak, Samet}},
  booktitle = {{International Conference on Learning Representations}},
  year      = {{2025}},
  eprint    = {{2410.18837}},
  archivePrefix = {{arXiv}}
}}

@inproceedings{{dong2025discrepancies,
  title     = {{Discrepancies are Virtue: Weak-to-Strong Generalization through Lens of Intrinsic
               Dimension}},
  author    = {{Dong, Yijun and Li, Yicheng and Li, Yunai and Lee, Jason D. and Lei, Qi}},
  booktitle = {{International Conference on Machine Learning}},
  year      = {{2025}},
  eprint    = {{2502.05075}},
  archivePrefix = {{arXiv}}
}}

@inproceedings{{nagarajan2023student,
  title     = {{On student-teacher deviations in distillation: does it pay to disobey?}},
  author    = {{Nagarajan, Vaishnavh and Menon, Aditya Krishna and Bhojanapalli, Srinadh and
               Mobahi, Hossein and Kumar, Sanjiv}},
  booktitle = {{Advances in Neural Information Processing Systems}},
  year      = {{2023}},
  eprint    = {{2301.12923}},
  archivePrefix = {{arXiv}}
}}
)";

constexpr const char* apa =
    R"(The cucurbit developers. cucurbit: Thousands of ridgeless teacher-student fits in parallel, against theory (Version {0}) [Computer software].

Ildiz, M. E., Gozeten, H. A., Taga, E. O., Mondelli, M., & Oymak, S. (2025). High-dimensional analysis of knowledge distillation: Weak-to-strong generalization and scaling laws. International Conference on Learning Representations. https://arxiv.org/abs/2410.18837

Dong, Y., Li, Y., Li, Y., Lee, J. D., & Lei, Q. (2025). Discrepancies are virtue: Weak-to-strong generalization through lens of intrinsic dimension. International Conference on Machine Learning. https://arxiv.org/abs/2502.05075

Nagarajan, V., Menon, A. K., Bhojanapalli, S., Mobahi, H., & Kumar, S. (2023). On student-teacher deviations in distillation: Does it pay to disobey? Advances in Neural Information Processing Systems, 36. https://arxiv.org/abs/2301.12923
)";

Exit cite_command(const std::string& format) {
    std::cout << fmt::format(fmt::runtime(format == "apa" ? apa : bibtex), CUCURBIT_VERSION);
    finish_stdout();
    return Exit::done;
}

}  // namespace

void add_cite(Program& program) {
    CLI::App& command =
        *program.app.add_subcommand("cite", "Print references for cucurbit and the three papers");
    const auto format = std::make_shared<std::string>("bibtex");
    command.add_option("--format", *format, "Style of the references")
        ->check(CLI::IsMember({"bibtex", "apa"}))
        ->capture_default_str();
    on_chosen(program, command, format, cite_command);
}

}  // namespace cucurbit::cli
