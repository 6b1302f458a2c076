#include <fmt/format.h>

#include "host/store/encoding.hpp"
#include "host/store/state.hpp"
#include "host/store/units.hpp"

namespace cucurbit {

namespace {

using Block = std::pair<SeriesKey, BlockValues>;

std::int64_t row_checksum(const SeriesKey& key, TrialRange trials,
                          std::span<const std::byte> payload) {
    return checksum(key).add(trials.first).add(trials.count).add_lanes(payload).value();
}

std::string describe(const SeriesKey& key) {
    return fmt::format("{} {} at {}", key.arm, key.estimand, key.point);
}

[[noreturn]] void fail_twice(const Database& database, const SeriesKey& key, TrialRange trials) {
    database.fail(fmt::format("already holds some of the trials {} to {} of {}", trials.first,
                              trials.end() - 1, describe(key)));
}

template <class Block>
std::optional<Block> decoded(std::span<const std::byte> payload, TrialRange trials);
template <>
std::optional<BlockValues> decoded(std::span<const std::byte> payload, TrialRange trials) {
    return decode(payload, trials);
}
template <>
std::optional<MomentsBlock> decoded(std::span<const std::byte> payload, TrialRange trials) {
    return decode_moments(payload, trials);
}

template <class Block>
constexpr const char* name_of = "values";
template <>
constexpr const char* name_of<MomentsBlock> = "moments";

}  // namespace

StoredSeries& Store::State::entry(const SeriesKey& key) {
    const auto [position, added] = series.try_emplace(key);
    if (!added) return position->second;
    const auto id = static_cast<std::int64_t>(series.size());
    if (!insert_series)
        insert_series.emplace(database.prepare("INSERT INTO series VALUES(?, ?, ?, ?, ?, ?)"));
    insert_series->bind(1, id)
        .bind(2, static_cast<std::int64_t>(key.design))
        .bind(3, key.point)
        .bind(4, key.arm)
        .bind(5, key.estimand)
        .bind(6, checksum(key).add(static_cast<std::uint64_t>(id)).value())
        .run();
    position->second.id = id;
    return position->second;
}

const std::vector<TrialRange>& Store::trials(const SeriesKey& key) const {
    static const std::vector<TrialRange> none;
    const auto found = state_->series.find(key);
    return found == state_->series.end() ? none : found->second.trials;
}

void Store::State::insert(const SeriesKey& key, StoredSeries& to, TrialRange trials,
                          std::span<const std::byte> payload) {
    if (!insert_row)
        insert_row.emplace(database.prepare("INSERT INTO trials VALUES(?, ?, ?, ?, ?, ?)"));
    ++totals.rows;
    to.rows.emplace(trials.first, ++last_row);
    insert_row->bind(1, last_row)
        .bind(2, to.id)
        .bind(3, static_cast<std::int64_t>(trials.first))
        .bind(4, static_cast<std::int64_t>(trials.count))
        .bind(5, row_checksum(key, trials, payload))
        .bind(6, payload)
        .run();
}

StoredSeries::Row Store::State::remove(StoredSeries& from, StoredSeries::Row row) {
    database.prepare("DELETE FROM trials WHERE id = ?").bind(1, row->second).run();
    --totals.rows;
    return from.rows.erase(row);
}

template <class Block>
Block Store::State::read_row(const SeriesKey& key, StoredSeries::Row row) {
    if (!select_row)
        select_row.emplace(
            database.prepare("SELECT first, count, checksum, payload FROM trials WHERE id = ?"));
    select_row->bind(1, row->second);
    if (!select_row->row())
        database.fail(fmt::format("is damaged: row {} has disappeared", row->second));
    const TrialRange range{static_cast<std::uint64_t>(select_row->integer(0)),
                           static_cast<std::uint64_t>(select_row->integer(1))};
    const std::span<const std::byte> payload = select_row->bytes(3);
    const bool intact =
        range.first == row->first && select_row->integer(2) == row_checksum(key, range, payload);
    std::optional<Block> block;
    if (intact) block = decoded<Block>(payload, range);
    select_row->reset();
    if (!intact)
        database.fail(
            fmt::format("trials {} to {} of {} are damaged: their checksum does not fit. "
                        "'cucurbit verify DIR --repair' drops such trials, and 'cucurbit "
                        "run DIR' computes them anew",
                        range.first, range.end() - 1, describe(key)));
    if (!block)
        database.fail(fmt::format("trials {} to {} of {} are not kept as {}", range.first,
                                  range.end() - 1, describe(key), name_of<Block>));
    return *std::move(block);
}

template <class Block>
std::vector<Block> Store::State::read_rows(const SeriesKey& key) {
    std::vector<Block> blocks;
    const auto found = series.find(key);
    if (found == series.end()) return blocks;
    StoredSeries& stored = found->second;
    for (auto row = stored.rows.begin(); row != stored.rows.end(); ++row)
        blocks.push_back(read_row<Block>(key, row));
    return blocks;
}

void Store::State::finish(Transaction& transaction) {
    totals.series = series.size();
    write_totals(database, totals);
    transaction.commit();
}

void Store::write(const std::vector<Block>& blocks) {
    auto at = blocks.begin();
    write([&]() -> const Block* { return at == blocks.end() ? nullptr : &*at++; });
}

void Store::write(const NextBlock& next) {
    Database& database = state_->database;
    Transaction transaction(database);
    std::vector<std::byte> payload;
    while (const Block* of = next()) {
        const auto& [key, block] = *of;
        if (block.values.empty() || block.outcomes.size() != block.values.size())
            database.fail(fmt::format("{} must have values and as many outcomes", describe(key)));
        const TrialRange range{block.first_trial, block.values.size()};
        StoredSeries& series = state_->entry(key);
        if (!join(series.trials, range)) fail_twice(database, key, range);
        encode(block, payload);
        state_->insert(key, series, range, payload);
    }
    state_->finish(transaction);
}

void Store::write(const MomentsBlocks& blocks) {
    write(blocks, false);
}

void Store::write(const MomentsBlocks& blocks, bool replacing) {
    Database& database = state_->database;
    Transaction transaction(database);
    std::vector<std::byte> payload;
    for (const auto& [key, block] : blocks) {
        if (!is_unit(block.trials))
            database.fail(fmt::format("{}: moments are of 64·2^k trials", describe(key)));
        StoredSeries& series = state_->entry(key);
        if (replacing)
            for (auto row = series.rows.lower_bound(block.trials.first);
                 row != series.rows.end() && row->first < block.trials.end();)
                row = state_->remove(series, row);
        const std::vector<TrialRange> added =
            replacing ? left_out(series.trials, block.trials) : std::vector{block.trials};
        for (const TrialRange& range : added)
            if (!join(series.trials, range)) fail_twice(database, key, range);
        MomentsBlock unit = block;
        while (const auto first = other_half(unit.trials)) {
            const auto row = series.rows.find(*first);
            if (row == series.rows.end()) break;
            const auto other = state_->read_row<MomentsBlock>(key, row);
            if (other.trials.count != unit.trials.count) break;
            unit = joined(unit, other);
            state_->remove(series, row);
        }
        encode(unit, payload);
        state_->insert(key, series, unit.trials, payload);
    }
    state_->finish(transaction);
}

std::vector<BlockValues> Store::read(const SeriesKey& key) const {
    return state_->read_rows<BlockValues>(key);
}

std::vector<MomentsBlock> Store::read_moments(const SeriesKey& key) const {
    return state_->read_rows<MomentsBlock>(key);
}

bool Store::keeps_moments() const {
    // Values of so many trials would be longer.
    return state_->database.integer(
               "SELECT coalesce((SELECT length(payload) < 8 * count FROM trials LIMIT 1), 0)") != 0;
}

std::size_t Store::repair() {
    const bool moments = keeps_moments();
    const auto is_good = [&](const SeriesKey& key, StoredSeries::Row row) {
        try {
            if (moments)
                state_->read_row<MomentsBlock>(key, row);
            else
                state_->read_row<BlockValues>(key, row);
            return true;
        } catch (const StoreError&) {
            return false;
        }
    };
    std::size_t dropped = 0;
    Transaction transaction(state_->database);
    for (auto& [key, series] : state_->series)
        for (auto row = series.rows.begin(); row != series.rows.end();)
            if (is_good(key, row)) {
                ++row;
            } else {
                row = state_->remove(series, row);
                ++dropped;
            }
    state_->finish(transaction);
    state_->series = read_series(state_->database, state_->totals);
    return dropped;
}

void Store::verify() const {
    Database& database = state_->database;
    Statement check = database.prepare("PRAGMA integrity_check(1)");
    while (check.row())
        if (const std::string answer = check.text(0); answer != "ok")
            database.fail(fmt::format("is damaged: {}", answer));
    manifest();
    Statement documents = database.prepare("SELECT kind, name FROM document");
    while (documents.row()) read_document(database, documents.text(0), documents.text(1));
    const bool moments = keeps_moments();
    for (const auto& [key, entry] : state_->series)
        if (moments)
            read_moments(key);
        else
            read(key);
}

}  // namespace cucurbit
