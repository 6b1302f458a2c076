#pragma once
// Reads one TOML table key by key, with a precise error for whatever is wrong with it.

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cucurbit/study.hpp"
#include "host/config/matrix_file.hpp"

namespace cucurbit {

/// Allowed values of a number, both ends included unless said otherwise.
struct Bounds {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    bool low_excluded = false;
};
inline constexpr Bounds positive{0.0, std::numeric_limits<double>::infinity(), true};
inline constexpr Bounds not_negative{0.0};

/// The nearest number of 15 significant digits: what a user would have written, so that a range and
/// a list of the same decimals are the same points.
double decimal(long double value);

/// A grid of values and where the first of them is written.
template <class T>
struct Grid {
    std::vector<T> values;  ///< in the order written, distinct, never empty
    Position position;
};

/// One table of a study. Every key asked for is remembered; finish() refuses the others with the
/// nearest known key. All functions throw StudyError with the position of the offending value (or
/// of the table, for a missing key) and with what is allowed. Where the document gathers faults,
/// those of numbers, flags, grids, tables and unknown keys are noted there instead, and an allowed
/// value, or an empty table, is returned.
class Reader {
public:
    struct Document;  ///< the parsed file, its positions, and its FileSource
    struct State;
    Reader(std::shared_ptr<Document> document, const void* toml_table, std::string path);
    ~Reader();
    Reader(Reader&&) noexcept;

    bool has(std::string_view key) const;  ///< present; counts as asked for
    double number(std::string_view key, Bounds bounds);
    std::uint64_t count(std::string_view key, std::uint64_t low, std::uint64_t high);
    bool flag(std::string_view key);  ///< true or false
    std::string text(std::string_view key);
    /// Text that can be the name of a folder or a table's cell: 1 to 64 letters, digits, '-', '_'
    /// and '.', a letter or digit first.
    std::string name(std::string_view key);
    std::string choice(std::string_view key, const std::vector<std::string>& allowed);
    /// A grid: a scalar, a list of distinct values, { range = [first, last, step] } with whole
    /// steps from first to last, or { linspace = [first, last], count = k } or { logspace = … }
    /// (rounded to distinct integers for counts). At most 100,000 values. Computed decimals have 15
    /// digits: 0.3, not 0.30000000000000004.
    Grid<double> numbers(std::string_view key, Bounds bounds);
    Grid<std::uint64_t> counts(std::string_view key, std::uint64_t low, std::uint64_t high);
    /// A list of numbers, not empty; repetitions are allowed.
    std::vector<double> list(std::string_view key, Bounds bounds);
    /// The elements of a list of text and tables, not empty.
    struct Item {
        std::optional<std::string> text;  ///< set when the element is a string
        std::shared_ptr<Reader> table;    ///< set when it is a table
        Position position;
        std::string path;  ///< such as "target.arms.2"
        /// Throws StudyError at this element.
        [[noreturn]] void fail(const std::string& message) const;
    };
    std::vector<Item> items(std::string_view key);
    /// Text, or a list of text, not empty: the elements.
    std::vector<Item> words(std::string_view key);
    /// A list of pairs of text, not empty; first and second in turn.
    std::vector<Item> pairs(std::string_view key);
    Reader table(std::string_view key);
    bool is_table(std::string_view key) const;
    bool is_text(std::string_view key) const;
    /// All keys of this table in the order written; they count as asked for.
    std::vector<std::string> keys() const;
    /// The finite values of a .npy (one axis, one row or one column) or .csv file (one column,
    /// optional header) named under this key; hash is hash_digits of the file's bytes.
    struct File {
        std::vector<double> values;
        std::string hash;
        std::string path;
    };
    File file(std::string_view key);
    /// The matrix of finite values of a .npy file (two axes, C order) named under this key.
    struct TableFile {
        std::size_t rows = 0;
        std::size_t cols = 0;
        std::vector<double> values;  ///< [row][column]
        std::string hash;
        std::string path;
    };
    TableFile table_file(std::string_view key);
    /// The matrix of a .npy file named under this key, which may be larger than memory.
    MatrixFile matrix_file(std::string_view key);

    /// Position of a key's value; of the table when absent. What a --set edit wrote is at the whole
    /// edit.
    Position position(std::string_view key = {}) const;
    /// The keys that lead to a key of this table, such as "rows.real.n".
    std::string path(std::string_view key) const;
    /// Throws StudyError at a key (or at the table): for checks that involve several keys.
    [[noreturn]] void fail(std::string_view key, const std::string& message) const;
    /// Says that a key is missing, and what could be given.
    void miss(std::string_view key, const std::string& message) const;
    /// Throws StudyError at key where the product of these grid sizes is above 1,000,000 points.
    void limit_points(std::string_view key, std::initializer_list<std::size_t> sizes) const;
    void finish() const;

private:
    std::unique_ptr<State> state_;
};

}  // namespace cucurbit
