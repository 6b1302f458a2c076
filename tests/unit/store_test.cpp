#include "cucurbit/store.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "host/store/folder.hpp"
#include "host/store/state.hpp"
#include "tests/unit/run_fake.hpp"
#include "tests/unit/store_values.hpp"

namespace cucurbit {
namespace {

const SeriesKey key{0xfedcba9876543210u, "n=10", "standard", "excess_risk"};

std::string error_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const StoreError& error) {
        return error.what();
    }
    return "no error";
}

TEST(Store, ReturnsWhatWasWritten) {
    const Folder folder;
    const SeriesKey other{key.design, "n=10", "mask", "excess_risk"};
    {
        Store store = Store::open_to_write(folder.path(), fake::study({}, 64));
        store.write({{key, some_values(0, 64)}, {other, some_values(0, 64)}});
        store.write({{key, some_values(128, 64)}});
        store.write({{key, some_values(64, 40)}});
    }
    const Store store = Store::open_to_read(folder.path());
    EXPECT_EQ(store.trials(key), (std::vector<TrialRange>{{0, 104}, {128, 64}}));
    EXPECT_EQ(store.trials(other), (std::vector<TrialRange>{{0, 64}}));
    const std::vector<BlockValues> blocks = store.read(key);
    ASSERT_EQ(blocks.size(), 3u);
    EXPECT_TRUE(blocks[0] == some_values(0, 64));
    EXPECT_TRUE(blocks[1] == some_values(64, 40));
    EXPECT_TRUE(blocks[2] == some_values(128, 64));
    EXPECT_TRUE(store.read({1, "", "", ""}).empty());
    EXPECT_NO_THROW(store.verify());
}

TEST(Store, LeavesOnePlainFileThatReadingDoesNotChange) {
    const Folder folder;
    Store::open_to_write(folder.path(), fake::study({}, 64)).write({{key, some_values(0, 64)}});
    const auto names = [&folder] {
        std::set<std::string> found;
        for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
            found.insert(entry.path().filename());
        return found;
    };
    const std::set<std::string> expected{"store.sqlite", "store.lock", "study.toml"};
    EXPECT_EQ(names(), expected);
    {
        const Store store = Store::open_to_read(folder.path());
        EXPECT_EQ(store.read(key).size(), 1u);
    }
    EXPECT_EQ(names(), expected);
}

TEST(Store, NeverReplacesValues) {
    const Folder folder;
    Store store = Store::open_to_write(folder.path(), fake::study({}, 64));
    store.write({{key, some_values(0, 64)}});
    const std::string error = error_of([&] { store.write({{key, some_values(63, 2)}}); });
    EXPECT_NE(error.find("already holds"), std::string::npos) << error;
    EXPECT_NE(error.find("store.sqlite"), std::string::npos) << error;
}

TEST(Store, AnAbandonedWriteLeavesNothing) {
    const Folder folder;
    const SeriesKey other{key.design, "n=20", "mask", "excess_risk"};
    {
        Store store = Store::open_to_write(folder.path(), fake::study({}, 64));
        store.write({{key, some_values(0, 64)}});
        EXPECT_THROW(store.write({{other, some_values(0, 64)}, {key, some_values(0, 64)}}),
                     StoreError);
    }
    const Store store = Store::open_to_read(folder.path());
    EXPECT_TRUE(store.trials(other).empty());
    EXPECT_EQ(store.trials(key), (std::vector<TrialRange>{{0, 64}}));
}

TEST(Store, RefusesASecondWriterAtOnceAndNamesTheFirst) {
    const Folder folder;
    const Store first = Store::open_to_write(folder.path(), fake::study({}, 64));
    const auto start = std::chrono::steady_clock::now();
    const std::string error =
        error_of([&] { Store::open_to_write(folder.path(), fake::study({}, 64)); });
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
    EXPECT_NE(error.find(folder.path()), std::string::npos) << error;
    EXPECT_NE(error.find("process " + std::to_string(::getpid())), std::string::npos) << error;
}

TEST(Store, IsReadWhileAnotherWritesAndKeepsItsMoment) {
    const Folder folder;
    Store writer = Store::open_to_write(folder.path(), fake::study({}, 64));
    writer.write({{key, some_values(0, 64)}});
    const Store before = Store::open_to_read(folder.path());
    writer.write({{key, some_values(64, 64)}});
    const Store after = Store::open_to_read(folder.path());
    EXPECT_EQ(before.read(key).size(), 1u);
    EXPECT_EQ(after.read(key).size(), 2u);
    EXPECT_EQ(before.read(key).size(), 1u);
}

TEST(Store, RefusesAnotherStudyAndSaysWhatDiffers) {
    const Folder folder;
    Store::open_to_write(folder.path(), fake::study({}, 64)).write({{key, some_values(0, 64)}});
    Study other = fake::study({}, 64);
    other.identity = "fake seed=2";
    try {
        Store::open_to_write(folder.path(), other);
        FAIL() << "accepted";
    } catch (const StudyError& error) {
        const std::string text = error.what();
        EXPECT_NE(text.find("'seed=1' in the folder, 'seed=2' in this study"), std::string::npos)
            << text;
    }
    EXPECT_EQ(Store::open_to_read(folder.path()).read(key).size(), 1u);
    std::ifstream toml(folder.path() / "study.toml");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(toml), {}), "schema = 1\n");
}

TEST(Store, RewritesAGrownStudy) {
    const Folder folder;
    Store::open_to_write(folder.path(), fake::study({}, 64));
    Study grown = fake::study({}, 128);
    grown.text = "schema = 1\n# grown\n";
    Store::open_to_write(folder.path(), grown);
    std::ifstream toml(folder.path() / "study.toml");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(toml), {}), grown.text);
}

TEST(Store, KeepsFactsOfEveryInvocationInOrder) {
    const Folder folder;
    Store::open_to_write(folder.path(), fake::study({}, 64)).record({{"argv", "a"}, {"host", "x"}});
    Store::open_to_write(folder.path(), fake::study({}, 64)).record({{"argv", "b"}});
    const std::vector<std::pair<std::string, std::string>> expected{
        {"argv", "a"}, {"host", "x"}, {"argv", "b"}};
    EXPECT_EQ(Store::open_to_read(folder.path()).manifest(), expected);
}

TEST(Store, GivesBackItsStudyAndItsFiles) {
    const Folder folder;
    const std::string text =
        "schema = 1\n"
        "[study]\nname = \"kept\"\nkind = \"model_shift\"\nseed = 3\n"
        "[population]\np = 3\nspectrum = { kind = \"file\", path = \"spectrum.csv\" }\n"
        "signal = { kind = \"uniform\" }\n"
        "[target]\nn = 2\nnoise_std = 0.1\narms = [\"standard\"]\n"
        "[precision]\ntrials = 64\n";
    const FileSource files = [](const std::string&) { return std::string("1\n0.5\n0.25\n"); };
    const Study study = parse_study(text, "kept.toml", files);
    Store::open_to_write(folder.path(), study);
    const Study back = Store::open_to_read(folder.path()).study();
    EXPECT_EQ(back.text, study.text);
    EXPECT_EQ(back.identity, study.identity);
    EXPECT_EQ(back.files, study.files);
    EXPECT_EQ(back.files.size(), 1u);
    EXPECT_EQ(back.setting->designs().front().key, study.setting->designs().front().key);
}

// Splits of feature files were once drawn by the bytes of the files: such trials are no longer this
// study's, and an empty table would hide them.
TEST(Store, SaysThatAnotherVersionDrewItsTrials) {
    const Folder folder;
    Study study = parse_study(
        "schema = 1\n"
        "study = { name = \"old\", kind = \"model_shift\", seed = 3 }\n"
        "population = { p = 3, spectrum = { kind = \"isotropic\" }, signal = { kind = \"uniform\" "
        "} }\n"
        "target = { n = 2, noise_std = 0.1, arms = [\"standard\"] }\n"
        "precision = { trials = 64 }\n",
        "old.toml", [](const std::string&) { return std::string(); });
    Store::open_to_write(folder.path(), study);
    EXPECT_EQ(Store::open_to_read(folder.path()).study().identity, study.identity);
    const Folder old;
    study.identity += " once=otherwise";
    Store::open_to_write(old.path(), study);
    const std::string error = error_of([&] { Store::open_to_read(old.path()).study(); });
    EXPECT_NE(error.find("draws otherwise ('once=otherwise' in the folder, nothing in this study)"),
              std::string::npos)
        << error;
}

// What is too large to be copied is found where it lies, as long as it is the same.
TEST(Store, RefersToMappedFilesAndSeesThatTheyChanged) {
    const Folder folder;
    const std::filesystem::path csv = folder.path().string() + "_spectrum.csv";
    const auto write = [&](const char* values) { std::ofstream(csv, std::ios::binary) << values; };
    write("1\n0.5\n0.25\n");
    Study study = fake::study({}, 64);
    study.files = {{"spectrum.csv", FileContents::map(csv)}};
    Store::open_to_write(folder.path(), study);
    Database database(store_file(folder.path()), Database::Mode::read);
    const FileContents back = read_file(database, "spectrum.csv");
    EXPECT_EQ(back, study.files.front().second);
    EXPECT_EQ(back.mapped_from(), csv);
    EXPECT_EQ(read_document(database, "file", "spectrum.csv"), std::nullopt);
    write("1\n0.5\n0.26\n");
    const auto read = [&] { read_file(database, "spectrum.csv"); };
    EXPECT_NE(error_of(read).find("it has changed"), std::string::npos) << error_of(read);
    EXPECT_NE(error_of(read).find(csv.string()), std::string::npos);
    std::filesystem::remove(csv);
    EXPECT_NE(error_of(read).find("cannot be read"), std::string::npos) << error_of(read);
}

TEST(Store, SaysThatThereIsNone) {
    const Folder folder;
    EXPECT_NE(error_of([&] { Store::open_to_read(folder.path()); }).find("store.sqlite"),
              std::string::npos);
    EXPECT_NE(error_of([&] { Store::open_to_read(folder.path() / "absent"); }).find("absent"),
              std::string::npos);
}

}  // namespace
}  // namespace cucurbit
