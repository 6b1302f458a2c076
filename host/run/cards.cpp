// Published figures of NVIDIA's cards.

#include "cucurbit/costs.hpp"

namespace cucurbit {

const std::vector<Card>& known_cards() {
    constexpr std::size_t gigabyte = 1'000'000'000;
    constexpr double giga = 1e9, tera = 1e12;
    static const std::vector<Card> cards{
        {"A100", 80 * gigabyte, 2039 * giga, 9.7 * tera, 19.5 * tera,
         "NVIDIA A100 Tensor Core GPU datasheet, 2021: A100 80GB SXM"},
        {"H100", 80 * gigabyte, 3350 * giga, 34 * tera, 67 * tera,
         "NVIDIA H100 Tensor Core GPU datasheet, 2023: H100 SXM"},
        {"H200", 141 * gigabyte, 4800 * giga, 34 * tera, 67 * tera,
         "NVIDIA H200 Tensor Core GPU datasheet, 2024: H200 SXM"},
        // No tensor cores for fp64, and 1/64 of its 82.6 Tflop/s in fp32.
        {"RTX 4090", 24 * gigabyte, 1008 * giga, 1.29 * tera, 1.29 * tera,
         "NVIDIA Ada GPU Architecture whitepaper, 2022, appendix A"},
    };
    return cards;
}

}  // namespace cucurbit
