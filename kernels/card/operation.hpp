#pragma once
// For the sources of CardEngine.

#include "kernels/card/engine.hpp"

namespace cucurbit {

/// An operation lasts as long as this lives.
struct CardEngine::Operation {
    Operation(CardEngine& on, const char* name) : engine(on) { engine.begin(name); }
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
    ~Operation() { engine.end(); }
    CardEngine& engine;
};

namespace card {

/// Calls body(first, columns) for the block columns of a matrix of order n.
template <class Body>
void for_block_columns(std::size_t n, Body body) {
    for (std::size_t first = 0; first < n; first += block_columns)
        body(first, std::min(block_columns, n - first));
}

}  // namespace card
}  // namespace cucurbit
