#include "host/run/environment.hpp"

#include <array>
#include <cstdlib>

namespace cucurbit {

namespace {

constexpr const char* emulation = "CUBLAS_EMULATE_DOUBLE_PRECISION";
// TF32 concerns products in single precision, of which there are none; it is recorded for those who
// link the library into programs of their own.
constexpr std::array known{emulation,
                           "CUBLAS_EMULATION_STRATEGY",
                           "CUBLAS_FIXEDPOINT_EMULATION_MANTISSA_BIT_COUNT",
                           "CUBLAS_WORKSPACE_CONFIG",
                           "CUBLASLT_HEURISTICS_LUT_FILE",
                           "NVIDIA_TF32_OVERRIDE",
                           "OPENBLAS_CORETYPE",
                           "OPENBLAS_L2_SIZE",
                           "CUCURBIT_INSTRUCTION_SET"};

}  // namespace

std::vector<ArithmeticVariable> arithmetic_variables() {
    std::vector<ArithmeticVariable> set;
    for (const char* name : known) {
        // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here writes the environment
        const char* value = std::getenv(name);
        if (value == nullptr || *value == '\0') continue;
        set.push_back({name, value, name == emulation && std::string(value) != "0"});
    }
    return set;
}

std::string text_of(const std::vector<ArithmeticVariable>& variables) {
    std::string text;
    for (const ArithmeticVariable& variable : variables)
        text += (text.empty() ? "" : " ") + variable.name + "=" + variable.value;
    return text;
}

}  // namespace cucurbit
