// A damaged store gives the same table or an error, never another table and never a crash.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstring>
#include <fstream>
#include <random>

#include "tests/unit/run_fake.hpp"

namespace cucurbit {
namespace {

using fake::Options;

std::string bytes_in(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// In place: truncating a file first makes some file systems write it out at once.
void put(const std::filesystem::path& file, const std::string& bytes) {
    std::ofstream out(file, std::ios::binary | std::ios::in);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    std::filesystem::resize_file(file, bytes.size());
}

/// A finished run whose file can be replaced.
class Damage : public testing::Test {
protected:
    explicit Damage(Keep keep = Keep::trials) {
        options_.designs = {100, 200};
        study_ = fake::study(options_, keep == Keep::trials ? 200 : 1600);
        study_.precision.keep = keep;
        study_.files = {{"b.csv", std::string("1\n2\n3\n")}};
        fake::run_into(folder_.path(), study_);
        good_ = bytes_in(file());
        table_ = fake::table_of(folder_.path(), study_);
    }

    std::filesystem::path file() const { return folder_.path() / "store.sqlite"; }

    /// What() of the StoreError, "same" for the same table, "different" otherwise.
    std::string outcome_with(const std::string& bytes) const {
        put(file(), bytes);
        try {
            return fake::table_of(folder_.path(), study_) == table_ ? "same" : "different";
        } catch (const StoreError& error) {
            return error.what();
        }
    }

    /// How many of so many flipped bytes are found; none changes the table.
    std::size_t found_of(int flips) const {
        std::mt19937_64 random(7);
        std::size_t found = 0;
        for (int i = 0; i < flips; ++i) {
            std::string bad = good_;
            std::size_t at = random() % bad.size();
            // Most of a small store's pages is empty: every other byte is one that is used.
            while (i % 2 == 1 && bad[at] == 0) at = random() % bad.size();
            bad[at] = static_cast<char>(bad[at] ^ (1 << (random() % 8)));
            const std::string outcome = outcome_with(bad);
            EXPECT_NE(outcome, "different") << "byte " << at;
            found += outcome != "same";
        }
        return found;
    }

    Options options_;
    Study study_;
    Folder folder_;
    std::string good_;
    std::string table_;
};

TEST_F(Damage, TheCheckerSeesADifference) {
    Study other = study_;
    other.precision.trials = 199;
    EXPECT_NE(fake::table_of(folder_.path(), other), table_);
    EXPECT_EQ(outcome_with(good_), "same");
}

TEST_F(Damage, EveryFlippedByteOfAValueIsFound) {
    const Design design = study_.setting->designs().front();
    const double value = fake::value_of(options_, design.key, 10, "standard", 150);
    std::array<char, sizeof value> pattern{};
    std::memcpy(pattern.data(), &value, sizeof value);
    const std::size_t at = good_.find(std::string(pattern.data(), pattern.size()));
    ASSERT_NE(at, std::string::npos);
    for (std::size_t i = 0; i < sizeof value; ++i) {
        std::string bad = good_;
        bad[at + i] = static_cast<char>(bad[at + i] ^ 1);
        const std::string outcome = outcome_with(bad);
        EXPECT_NE(outcome.find("checksum"), std::string::npos) << outcome;
        EXPECT_NE(outcome.find(file()), std::string::npos) << outcome;
    }
}

TEST_F(Damage, EveryPartOfASeriesKeyIsFound) {
    const Setting& setting = *study_.setting;
    const Design design = setting.designs().front();
    const SeriesKey key = series_key(setting, design, design.series.front());
    // SQLite writes a row's columns one after the other.
    const std::string row = key.point + key.arm + key.estimand;
    const std::size_t at = good_.find(row);
    ASSERT_NE(at, std::string::npos);
    for (const std::size_t part : {at, at + key.point.size(), at + row.size() - 1}) {
        std::string bad = good_;
        bad[part] = static_cast<char>(bad[part] ^ 2);
        const std::string outcome = outcome_with(bad);
        EXPECT_NE(outcome.find("checksum"), std::string::npos) << row << ": " << outcome;
    }
}

TEST_F(Damage, AFlippedByteAnywhereNeverChangesTheTable) {
    EXPECT_GT(found_of(1500), 300u);
}

class DamageOfMoments : public Damage {
protected:
    DamageOfMoments() : Damage(Keep::moments) {}
};

TEST_F(DamageOfMoments, AFlippedByteAnywhereNeverChangesTheTable) {
    EXPECT_GT(found_of(500), 100u);
}

// A flipped type makes SQLite read numbers as others: of no trials, from one that another row has.
TEST_F(DamageOfMoments, ARowOfNoTrialsIsFound) {
    for (const char* change : {"first = 0, count = 0", "count = 0", "first = 0"}) {
        put(file(), good_);
        sqlite3* handle = nullptr;
        ASSERT_EQ(sqlite3_open(file().c_str(), &handle), SQLITE_OK);
        const std::string sql =
            std::string("UPDATE trials SET ") + change + " WHERE id = (SELECT max(id) FROM trials)";
        ASSERT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
        sqlite3_close(handle);
        const std::string outcome = outcome_with(bytes_in(file()));
        EXPECT_NE(outcome.find("is damaged"), std::string::npos) << outcome;
    }
}

TEST_F(Damage, ATruncatedFileIsRefused) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100},
                                   std::size_t{4096}, good_.size() / 2, good_.size() - 4096}) {
        const std::string outcome = outcome_with(good_.substr(0, size));
        EXPECT_NE(outcome.find(file()), std::string::npos) << size << ": " << outcome;
    }
    // The last bytes of a page may be unused.
    EXPECT_NE(outcome_with(good_.substr(0, good_.size() - 1)), "different");
}

TEST_F(Damage, TheStudyIsChecked) {
    std::string bad = good_;
    const std::size_t at = bad.find("schema = 1\n");
    ASSERT_NE(at, std::string::npos);
    bad[at + 9] = '2';
    put(file(), bad);
    try {
        Store::open_to_read(folder_.path()).study();
        FAIL() << "accepted";
    } catch (const StoreError& error) {
        EXPECT_NE(std::string(error.what()).find("study 'text' is damaged"), std::string::npos)
            << error.what();
    }
    EXPECT_THROW(Store::open_to_read(folder_.path()).verify(), StoreError);
}

TEST_F(Damage, VerifyFindsWhatTheTableDoesNotUse) {
    Study fewer = study_;
    options_.samples = {20, 30};
    fewer.setting = fake::study(options_, 200).setting;
    const Design design = study_.setting->designs().front();
    const double value = fake::value_of(options_, design.key, 10, "standard", 150);
    std::string bad = good_;
    const std::size_t at =
        bad.find(std::string(reinterpret_cast<const char*>(&value), sizeof value));
    ASSERT_NE(at, std::string::npos);
    bad[at] = static_cast<char>(bad[at] ^ 1);
    put(file(), bad);
    const Store store = Store::open_to_read(folder_.path());
    EXPECT_NO_THROW(summarize(store, fewer));
    EXPECT_THROW(store.verify(), StoreError);
}

TEST_F(Damage, OtherFilesAreNoStores) {
    EXPECT_NE(outcome_with(std::string(10'000, 'x')).find(file()), std::string::npos);
    put(file(), "");
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &handle), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(handle, "CREATE TABLE t(a)", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(handle);
    EXPECT_THROW(Store::open_to_write(folder_.path(), study_), StoreError);
    EXPECT_THROW(Store::open_to_read(folder_.path()), StoreError);
}

TEST_F(Damage, NewerStoresAreRefusedByVersion) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &handle), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(handle, "PRAGMA user_version = 2", nullptr, nullptr, nullptr),
              SQLITE_OK);
    sqlite3_close(handle);
    const std::string outcome = outcome_with(bytes_in(file()));
    EXPECT_NE(outcome.find("store version 2; this program reads version 1"), std::string::npos)
        << outcome;
}

}  // namespace
}  // namespace cucurbit
