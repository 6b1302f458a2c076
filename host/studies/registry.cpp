#include "host/config/settings.hpp"
#include "host/studies/gradient_descent.hpp"
#include "host/studies/model_shift.hpp"
#include "host/studies/two_stage.hpp"

namespace cucurbit {

const std::map<std::string, SettingReader>& settings() {
    static const std::map<std::string, SettingReader> readers{
        {"gradient_descent", &GradientDescent::read},
        {"model_shift", &ModelShift::read},
        {"two_stage", &TwoStage::read},
    };
    return readers;
}

}  // namespace cucurbit
