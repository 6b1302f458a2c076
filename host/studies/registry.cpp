#include "host/config/settings.hpp"
#include "host/studies/chain.hpp"
#include "host/studies/features.hpp"
#include "host/studies/gradient_descent.hpp"
#include "host/studies/graph/curves.hpp"
#include "host/studies/model_shift.hpp"
#include "host/studies/two_stage.hpp"
#include "host/studies/weak_to_strong.hpp"

namespace cucurbit {

const std::map<std::string, SettingReader>& settings() {
    static const std::map<std::string, SettingReader> readers{
        {"chain", &read_chain},
        {"features", &Features::read},
        {"gradient_descent", &GradientDescent::read},
        {"graph", &read_graph},
        {"model_shift", &ModelShift::read},
        {"two_stage", &TwoStage::read},
        {"weak_to_strong", &WeakToStrong::read},
    };
    return readers;
}

}  // namespace cucurbit
