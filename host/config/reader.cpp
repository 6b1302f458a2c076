#include "host/config/reader.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "cucurbit/hash.hpp"
#include "host/config/document.hpp"
#include "host/config/messages.hpp"
#include "host/config/reader_state.hpp"
#include "host/config/value_files.hpp"

namespace cucurbit {
namespace {

constexpr const char* text_and_tables = "text and tables";

/// Bytes whose values are all held in memory.
std::string_view in_memory(const FileContents& contents) {
    if (contents.mapped_from().empty()) return contents.bytes();
    throw std::runtime_error(fmt::format("larger than {} MiB", largest_copied_file >> 20));
}

}  // namespace

double placeholder(Bounds bounds) {
    if (within(1.0, bounds)) return 1.0;
    return std::isfinite(bounds.low) && !bounds.low_excluded ? bounds.low : bounds.high;
}

std::string Reader::State::full(std::string_view key) const {
    if (key.empty()) return path;
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

void Reader::State::refuse(const toml::source_region& where, std::string_view key,
                           const std::string& message) const {
    const std::string name = full(key);
    throw StudyError(document->position(where), name.empty() ? message : name + ": " + message);
}

void Reader::State::note(const Position& where, const std::string& message, bool missing) const {
    if (!document->gathers) throw StudyError(where, message);
    gather(StudyError(where, message), missing);
}

void Reader::State::gather(const StudyError& error, bool missing) const {
    constexpr std::size_t most = 10;
    if (absent) return;
    // A table can be read twice.
    for (const Document::Fault& fault : document->faults)
        if (std::string_view(fault.error.what()) == error.what()) return;
    document->faults.push_back({error, missing});
    if (document->faults.size() == most) throw CrossCheck(error.position(), "too many faults");
}

const toml::node* Reader::State::find(std::string_view key) const {
    if (!known.contains(key)) {
        known.emplace(key);
        order.emplace_back(key);
    }
    return table->get(key);
}

const toml::node& Reader::State::get(std::string_view key, const std::string& allowed) const {
    if (const toml::node* node = find(key)) return *node;
    if (absent) throw CrossCheck(document->position(table->source()), full(key) + ": missing");
    for (const auto& [other, value] : *table) {
        if (known.contains(other.str())) continue;
        if (const std::string meant = suggestion(other.str(), {std::string(key)}); !meant.empty()) {
            known.emplace(other.str());
            refuse(other.source(), other.str(), "unknown key" + meant);
        }
    }
    throw MissingKey(document->position(table->source()),
                     full(key) + ": missing" + (allowed.empty() ? "" : "; allowed: " + allowed));
}

double Reader::State::number(const toml::node& node, std::string_view key, std::string_view what,
                             Bounds bounds) const {
    const bool numeric = node.is_number();
    const double value = node.value<double>().value_or(0.0);
    if (!numeric || !within(value, bounds))
        refuse(node.source(), key,
               fmt::format("{}{} is not allowed; allowed: {}", what, described(node),
                           allowed_numbers(bounds)));
    if (!has_room(value))
        refuse(node.source(), key,
               fmt::format("{}{} is not allowed; allowed: {}", what, described(node),
                           allowed_sizes()));
    return value + 0.0;  // minus zero becomes zero
}

std::uint64_t Reader::State::count(const toml::node& node, std::string_view key,
                                   std::string_view what, std::uint64_t low,
                                   std::uint64_t high) const {
    const auto* whole = node.as_integer();
    const bool fits = whole && std::cmp_greater_equal(whole->get(), low) &&
                      std::cmp_less_equal(whole->get(), high);
    if (fits) return static_cast<std::uint64_t>(**whole);
    std::string advice;
    if (const auto* real = node.as_floating_point(); real && std::trunc(**real) == **real &&
                                                     **real >= static_cast<double>(low) &&
                                                     **real <= static_cast<double>(high))
        advice = fmt::format("; write {:.0f}", **real);
    refuse(node.source(), key,
           fmt::format("{}{} is not allowed; allowed: {}{}", what, described(node),
                       allowed_counts(low, high), advice));
}

const toml::array& Reader::State::array(std::string_view key, const std::string& of) const {
    const toml::node& node = get(key);
    const toml::array* array = node.as_array();
    if (!array)
        refuse(node.source(), key,
               fmt::format("{} is not allowed; allowed: a list of {}{}", described(node), of,
                           node.is_table() && of == text_and_tables
                               ? fmt::format(" (write [[{}]])", full(key))
                               : ""));
    if (array->empty()) refuse(node.source(), key, "empty; allowed: a list of " + of);
    return *array;
}

std::string described(const toml::node& node) {
    if (const auto* value = node.as_string()) return "text " + in_quotes(value->get());
    if (const auto* value = node.as_integer()) return fmt::format("{}", value->get());
    if (const auto* value = node.as_floating_point()) {
        const std::string digits = canonical_number(value->get());
        const bool plain = digits.find_first_of(".en") == std::string::npos;
        return plain ? digits + ".0" : digits;
    }
    if (const auto* value = node.as_boolean()) return value->get() ? "true" : "false";
    if (node.is_array()) return "a list";
    if (node.is_table()) return "a table";
    return "a date or time";
}

Reader::Reader(std::shared_ptr<Document> document, const void* toml_table, std::string path)
    : state_(new State{std::move(document),
                       static_cast<const toml::table*>(toml_table),
                       std::move(path),
                       {},
                       {},
                       false}) {}
Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;

bool Reader::has(std::string_view key) const {
    return state_->find(key) != nullptr;
}

double Reader::number(std::string_view key, Bounds bounds) {
    return state_->attempt(placeholder(bounds),
                           [&] { return state_->number(state_->get(key), key, "", bounds); });
}

std::uint64_t Reader::count(std::string_view key, std::uint64_t low, std::uint64_t high) {
    return state_->attempt(low,
                           [&] { return state_->count(state_->get(key), key, "", low, high); });
}

bool Reader::flag(std::string_view key) {
    return state_->attempt(false, [&] {
        const toml::node& node = state_->get(key);
        if (const auto* value = node.as_boolean()) return value->get();
        state_->refuse(node.source(), key,
                       described(node) + " is not allowed; allowed: true or false");
    });
}

std::string Reader::text(std::string_view key) {
    const toml::node& node = state_->get(key);
    if (const auto* value = node.as_string()) return value->get();
    state_->refuse(node.source(), key,
                   described(node) + " is not allowed; allowed: text in quotes");
}

std::string Reader::name(std::string_view key) {
    constexpr std::string_view first =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    constexpr std::string_view others =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    std::string name = text(key);
    if (!name.empty() && name.size() <= 64 && first.find(name[0]) != std::string_view::npos &&
        name.find_first_not_of(others) == std::string::npos)
        return name;
    fail(key,
         in_quotes(name) +
             " is not allowed; allowed: 1 to 64 letters, digits, '-', '_' and '.', a letter or "
             "digit first");
}

std::string Reader::choice(std::string_view key, const std::vector<std::string>& allowed) {
    const toml::node& node = state_->get(key, joined(allowed));
    const auto* value = node.as_string();
    for (const std::string& word : allowed)
        if (value && value->get() == word) return word;
    state_->refuse(node.source(), key,
                   fmt::format("{} is not allowed{}; allowed: {}", described(node),
                               value ? suggestion(value->get(), allowed) : "", joined(allowed)));
}

std::vector<double> Reader::list(std::string_view key, Bounds bounds) {
    const toml::array& array = state_->array(key, "numbers");
    std::vector<double> values;
    values.reserve(array.size());
    for (const toml::node& node : array) {
        const std::string what = fmt::format("element {}: ", values.size() + 1);
        values.push_back(state_->number(node, key, what, bounds));
    }
    return values;
}

std::vector<Reader::Item> Reader::items(std::string_view key) {
    const toml::array& array = state_->array(key, text_and_tables);
    std::vector<Item> items;
    for (const toml::node& node : array) {
        Item item;
        item.position = state_->document->position(node.source());
        item.path = fmt::format("{}.{}", state_->full(key), items.size() + 1);  // as --set takes it
        if (const auto* value = node.as_string())
            item.text = value->get();
        else if (const toml::table* table = node.as_table())
            item.table = std::make_unique<Reader>(state_->document, table, item.path);
        else
            item.fail(described(node) + " is not allowed; allowed: text or a table");
        items.push_back(std::move(item));
    }
    return items;
}

Reader::Item Reader::State::word(const toml::node& node, std::string at) const {
    Item item{std::nullopt, nullptr, document->position(node.source()), std::move(at)};
    if (const auto* value = node.as_string())
        item.text = value->get();
    else
        item.fail(described(node) + " is not allowed; allowed: text");
    return item;
}

std::vector<Reader::Item> Reader::words(std::string_view key) {
    std::vector<Item> items;
    const toml::node& node = state_->get(key);
    if (node.is_string()) {
        items.push_back(state_->word(node, state_->full(key)));
        return items;
    }
    if (!node.is_array())
        state_->refuse(node.source(), key,
                       described(node) + " is not allowed; allowed: text or a list of text");
    for (const toml::node& element : state_->array(key, "text"))
        items.push_back(
            state_->word(element, fmt::format("{}.{}", state_->full(key), items.size() + 1)));
    return items;
}

std::vector<Reader::Item> Reader::pairs(std::string_view key) {
    constexpr const char* wanted = R"(pairs of text, as in [["student", "teacher"]])";
    std::vector<Item> items;
    for (const toml::node& node : state_->array(key, wanted)) {
        const std::string path = fmt::format("{}.{}", state_->full(key), items.size() / 2 + 1);
        const toml::array* pair = node.as_array();
        if (pair == nullptr || pair->size() != 2)
            throw CrossCheck(
                state_->document->position(node.source()),
                fmt::format("{}: {} is not allowed; allowed: a list of {}", path,
                            pair ? "a list of another length" : described(node), wanted));
        for (std::size_t i = 0; i < 2; ++i)
            items.push_back(state_->word((*pair)[i], fmt::format("{}.{}", path, i + 1)));
    }
    return items;
}

bool Reader::is_table(std::string_view key) const {
    const toml::node* node = state_->find(key);
    return node != nullptr && node->is_table();
}

bool Reader::is_text(std::string_view key) const {
    const toml::node* node = state_->find(key);
    return node != nullptr && node->is_string();
}

std::vector<std::string> Reader::keys() const {
    std::vector<std::pair<toml::source_position, std::string>> written;
    for (const auto& [key, value] : *state_->table) {
        written.emplace_back(key.source().begin, key.str());
        state_->find(key.str());
    }
    std::stable_sort(written.begin(), written.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> keys;
    for (auto& [position, key] : written) keys.push_back(std::move(key));
    return keys;
}

void Reader::Item::fail(const std::string& message) const {
    throw CrossCheck(position, path + ": " + message);
}

Reader Reader::table(std::string_view key) {
    static const toml::table empty;
    Reader absent(state_->document, &empty, state_->full(key));
    absent.state_->absent = true;
    return state_->attempt(std::move(absent), [&]() -> Reader {
        const toml::node& node = state_->get(key);
        if (const toml::table* table = node.as_table())
            return {state_->document, table, state_->full(key)};
        const auto* word = node.as_string();
        state_->refuse(
            node.source(), key,
            fmt::format("{} is not allowed; allowed: a table{}", described(node),
                        word ? fmt::format(", as in {{ kind = \"{}\" }}", word->get()) : ""));
    });
}

template <class Parse>
auto Reader::State::parsed(std::string_view key, const std::string& name, Parse parse) const {
    try {
        return parse(document->file(name));
    } catch (const std::runtime_error& error) {
        refuse(get(key).source(), key, fmt::format("file {}: {}", in_quotes(name), error.what()));
    }
}

void Reader::State::expect_file(std::string_view key) const {
    if (absent || table->contains(key)) return;
    for (const auto& [other, value] : *table) {
        const bool names_file =
            other == "file" || other == "path" || other == "file_name" || other == "filename";
        if (!names_file || !value.is_string() || known.contains(other.str())) continue;
        known.emplace(other.str());
        refuse(other.source(), other.str(),
               fmt::format("unknown key (did you mean {}?)", in_quotes(key)));
    }
}

Reader::File Reader::file(std::string_view key) {
    state_->expect_file(key);
    const std::string path = text(key);
    return state_->parsed(key, path, [&](const FileContents& contents) {
        const std::string_view bytes = in_memory(contents);
        return File{parse_value_file(path, bytes), hash_digits(bytes), path};
    });
}

Reader::TableFile Reader::table_file(std::string_view key) {
    state_->expect_file(key);
    const std::string path = text(key);
    return state_->parsed(key, path, [&](const FileContents& contents) {
        const std::string_view bytes = in_memory(contents);
        ValueTable table = parse_value_table(path, bytes);
        return TableFile{table.rows, table.cols, std::move(table.values), hash_digits(bytes), path};
    });
}

MatrixFile Reader::matrix_file(std::string_view key) {
    state_->expect_file(key);
    const std::string path = text(key);
    return state_->parsed(key, path,
                          [&](const FileContents& contents) { return MatrixFile(path, contents); });
}

Position Reader::position(std::string_view key) const {
    const toml::node* node = key.empty() ? nullptr : state_->table->get(key);
    return state_->document->position(node ? node->source() : state_->table->source());
}

std::string Reader::path(std::string_view key) const {
    return state_->full(key);
}

void Reader::fail(std::string_view key, const std::string& message) const {
    const std::string name = state_->full(key);
    throw CrossCheck(position(key), name.empty() ? message : name + ": " + message);
}

void Reader::miss(std::string_view key, const std::string& message) const {
    state_->note(position(), state_->full(key) + ": missing; " + message, true);
}

void Reader::limit_points(std::string_view key, std::initializer_list<std::size_t> sizes) const {
    constexpr double most = 1e6;
    double points = 1.0;
    for (const std::size_t size : sizes) points *= static_cast<double>(size);
    if (points > most)
        fail(key, fmt::format("the grids make {:.3g} points together; allowed: at most {:.0f}",
                              points, most));
}

std::string Reader::State::elsewhere(std::string_view key) const {
    for (const auto& [name, value] : *table)
        if (const toml::table* other = value.as_table(); other && other->contains(key))
            return fmt::format(" (did you mean '{}.{}'?)", name.str(), key);
    return {};
}

void Reader::finish() const {
    std::vector<const toml::key*> unknown;
    for (const auto& [key, value] : *state_->table)
        if (!state_->known.contains(key.str())) unknown.push_back(&key);
    std::sort(unknown.begin(), unknown.end(), [](const toml::key* a, const toml::key* b) {
        return a->source().begin < b->source().begin;
    });
    for (const toml::key* key : unknown) {
        std::string meant = suggestion(key->str(), state_->order);
        if (meant.empty() && state_->path.empty()) meant = state_->elsewhere(key->str());
        state_->note(state_->document->position(key->source()),
                     fmt::format("{}: unknown key{}; allowed here: {}", state_->full(key->str()),
                                 meant, joined(state_->order)),
                     false);
        state_->known.emplace(key->str());
    }
}

}  // namespace cucurbit
