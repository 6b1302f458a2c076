#include <fmt/format.h>

#include "host/store/encoding.hpp"
#include "host/store/state.hpp"

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

void Store::write(const std::vector<Block>& blocks) {
    Database& database = state_->database;
    Transaction transaction(database);
    Statement insert = database.prepare("INSERT INTO trials VALUES(?, ?, ?, ?, ?, ?)");
    std::vector<std::byte> payload;
    for (const auto& [key, block] : blocks) {
        if (block.values.empty() || block.outcomes.size() != block.values.size())
            database.fail(fmt::format("{} must have values and as many outcomes", describe(key)));
        const TrialRange range{block.first_trial, block.values.size()};
        StoredSeries& series = state_->entry(key);
        if (!join(series.trials, range))
            database.fail(fmt::format("already holds some of the trials {} to {} of {}",
                                      range.first, range.end() - 1, describe(key)));
        encode(block, payload);
        const auto row = static_cast<std::int64_t>(++state_->totals.rows);
        series.rows.emplace(range.first, row);
        insert.bind(1, row)
            .bind(2, series.id)
            .bind(3, static_cast<std::int64_t>(range.first))
            .bind(4, static_cast<std::int64_t>(range.count))
            .bind(5, row_checksum(key, range, payload))
            .bind(6, payload)
            .run();
    }
    state_->totals.series = state_->series.size();
    write_totals(database, state_->totals);
    transaction.commit();
}

std::vector<BlockValues> Store::read(const SeriesKey& key) const {
    const auto found = state_->series.find(key);
    if (found == state_->series.end()) return {};
    Database& database = state_->database;
    Statement select =
        database.prepare("SELECT first, count, checksum, payload FROM trials WHERE id = ?");
    std::vector<BlockValues> blocks;
    for (const auto& [first, row] : found->second.rows) {
        select.bind(1, row);
        if (!select.row()) database.fail(fmt::format("is damaged: row {} has disappeared", row));
        const TrialRange range{static_cast<std::uint64_t>(select.integer(0)),
                               static_cast<std::uint64_t>(select.integer(1))};
        std::optional<BlockValues> block = decode(select.bytes(3), range);
        if (!block || range.first != first ||
            select.integer(2) != row_checksum(key, range, select.bytes(3)))
            database.fail(
                fmt::format("trials {} to {} of {} are damaged: their checksum does not fit",
                            range.first, range.end() - 1, describe(key)));
        blocks.push_back(*std::move(block));
        select.reset();
    }
    return blocks;
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
    for (const auto& [key, entry] : state_->series) read(key);
}

}  // namespace cucurbit
