#include "host/studies/class_labels.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"

namespace cucurbit {

ClassFile read_classes(const Reader& table, std::string_view key, std::span<const double> values) {
    ClassFile file;
    std::vector<bool> seen;
    for (const double value : values) {
        if (!(value >= 0.0 && value < static_cast<double>(most_classes)) ||
            value != std::trunc(value))
            table.fail(key, fmt::format("label {}; allowed: classes from 0 to {}",
                                        canonical_number(value), most_classes - 1));
        file.labels.push_back(static_cast<std::uint32_t>(value));
        seen.resize(std::max<std::size_t>(seen.size(), file.labels.back() + 1));
        seen[file.labels.back()] = true;
    }
    if (seen.size() < 2 || std::find(seen.begin(), seen.end(), false) != seen.end())
        table.fail(key, "allowed: two classes or more, 0, 1, …, each with a sample");
    file.classes = seen.size();
    return file;
}

}  // namespace cucurbit
