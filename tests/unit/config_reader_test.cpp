#include "tests/unit/config_support.hpp"

namespace cucurbit::config_test {
namespace {

TEST(Reader, ReadsEveryType) {
    Reader root = open("a = 1.5\nb = 3\nc = 'text'\nd = [1, 2.5, 1]\n[e]\nf = 'mask'\n");
    EXPECT_EQ(root.number("a", positive), 1.5);
    EXPECT_EQ(root.number("b", positive), 3.0);
    EXPECT_EQ(root.count("b", 1, 3), 3U);
    EXPECT_EQ(root.text("c"), "text");
    EXPECT_EQ(root.list("d", positive), (std::vector<double>{1.0, 2.5, 1.0}));
    Reader table = root.table("e");
    EXPECT_EQ(table.choice("f", {"standard", "mask"}), "mask");
    EXPECT_FALSE(table.has("g"));
    table.finish();
    root.finish();
}

TEST(Reader, MinusZeroIsZero) {
    EXPECT_FALSE(std::signbit(open("a = -0.0").number("a", not_negative)));
}

TEST(Reader, WrongTypesSayWhatIsThereAndWhatIsAllowed) {
    EXPECT_EQ(error_of([] { open("n = '3'").count("n", 1, 9); }),
              "s.toml:1:5: n: text '3' is not allowed; allowed: a whole number from 1 to 9");
    EXPECT_EQ(error_of([] { open("n = 3.0").count("n", 1, 9); }),
              "s.toml:1:5: n: 3.0 is not allowed; allowed: a whole number from 1 to 9; write 3");
    EXPECT_EQ(error_of([] { open("n = 2.5").count("n", 1, 9); }),
              "s.toml:1:5: n: 2.5 is not allowed; allowed: a whole number from 1 to 9");
    EXPECT_EQ(error_of([] { open("n = -1").count("n", 0, 9); }),
              "s.toml:1:5: n: -1 is not allowed; allowed: a whole number from 0 to 9");
    EXPECT_EQ(error_of([] { open("x = true").number("x", positive); }),
              "s.toml:1:5: x: true is not allowed; allowed: a number > 0");
    EXPECT_EQ(error_of([] { open("x = 1979-05-27").text("x"); }),
              "s.toml:1:5: x: a date or time is not allowed; allowed: text in quotes");
    EXPECT_EQ(error_of([] { open("x = []").table("x"); }),
              "s.toml:1:5: x: a list is not allowed; allowed: a table");
    EXPECT_EQ(error_of([] { open("x = {}").list("x", {}); }),
              "s.toml:1:5: x: a table is not allowed; allowed: a list of numbers");
    EXPECT_EQ(error_of([] { open("x = []").list("x", {}); }),
              "s.toml:1:5: x: empty; allowed: a list of numbers");
}

TEST(Reader, NumbersAreFiniteAndWithinBounds) {
    const std::vector<std::pair<std::string, Bounds>> refused = {
        {"nan", {}},        {"inf", {}}, {"-inf", {}}, {"0", positive}, {"-1e-9", not_negative},
        {"1.1", {0.0, 1.0}}};
    for (const auto& [value, bounds] : refused)
        EXPECT_THROW(open("x = " + value).number("x", bounds), StudyError) << value;
    EXPECT_EQ(open("x = 0").number("x", not_negative), 0.0);
    EXPECT_EQ(open("x = 1").number("x", {0.0, 1.0}), 1.0);
}

TEST(Reader, ErrorsInListsAreAtTheElement) {
    EXPECT_EQ(error_of([] { open("x = [1,\n  -2]").list("x", positive); }),
              "s.toml:2:3: x: element 2: -2 is not allowed; allowed: a number > 0");
    EXPECT_EQ(error_of([] { open("x = ['a', 1]").items("x"); }),
              "s.toml:1:11: x.2: 1 is not allowed; allowed: text or a table");
}

TEST(Reader, ItemsAreTextOrTables) {
    Reader root = open("arms = ['mask', { name = 'mine' }]");
    std::vector<Reader::Item> items = root.items("arms");
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0].text, "mask");
    EXPECT_EQ(items[0].position.column, 9U);
    EXPECT_EQ(items[1].table->text("name"), "mine");
    EXPECT_EQ(error_of([&] { items[1].table->text("surrogate_file"); }),
              "s.toml:1:17: arms.2.surrogate_file: missing");
}

TEST(Reader, ItemsFailWithTheirPath) {
    Reader root = open("[t]\narms = ['mask', 'msak']");
    const std::vector<Reader::Item> items = root.table("t").items("arms");
    EXPECT_EQ(error_of([&] { items[1].fail("unknown arm"); }),
              "s.toml:2:17: t.arms.2: unknown arm");
}

TEST(Reader, NamesAreOneWord) {
    EXPECT_EQ(open("k = 'B-2_x.1'").name("k"), "B-2_x.1");
    for (const char* text : {"''", "'a b'", "'-a'", "'a,b'", "'é'", R"("a\n")"})
        EXPECT_THROW(open(std::string("k = ") + text).name("k"), StudyError) << text;
}

TEST(Reader, PointsAreLimitedWithoutOverflow) {
    const Reader root = open("n = 1");
    EXPECT_NO_THROW(root.limit_points("n", {1000, 1000}));
    EXPECT_EQ(error_of([&] {
                  root.limit_points("n", {100'000, 100'000, 100'000, 100'000});
              }),
              "s.toml:1:5: n: the grids make 1e+20 points together; allowed: at most 1000000");
}

TEST(Reader, MissingKeysPointAtTheMisspeltOne) {
    EXPECT_EQ(error_of([] { open("\n[t]\n noise_sdt = 1\n").table("t").number("noise_std", {}); }),
              "s.toml:3:2: t.noise_sdt: unknown key (did you mean 'noise_std'?)");
    EXPECT_EQ(error_of([] { open("\n[t]\n a = 1\n").table("t").number("noise_std", {}); }),
              "s.toml:2:1: t.noise_std: missing");
    EXPECT_EQ(error_of([] { open("").table("t"); }), "s.toml:1:1: t: missing");
}

TEST(Reader, UnknownKeysNameTheNearestAndAllKnown) {
    Reader root = open("[t]\nnoise_std = 1\nzeta = 2\nlabel_noice = 3\n");
    Reader table = root.table("t");
    EXPECT_TRUE(table.has("noise_std"));
    EXPECT_FALSE(table.has("label_noise"));
    EXPECT_EQ(error_of([&] { table.finish(); }),
              "s.toml:3:1: t.zeta: unknown key; allowed here: noise_std, label_noise");
    EXPECT_TRUE(table.has("zeta"));
    EXPECT_EQ(error_of([&] { table.finish(); }),
              "s.toml:4:1: t.label_noice: unknown key (did you mean 'label_noise'?); allowed here: "
              "noise_std, label_noise, zeta");
}

TEST(Reader, ChoicesSuggestTheNearest) {
    const std::vector<std::string> kinds = {"power_law", "isotropic"};
    EXPECT_EQ(error_of([&] { open("k = 'powerlaw'").choice("k", kinds); }),
              "s.toml:1:5: k: text 'powerlaw' is not allowed (did you mean 'power_law'?); allowed: "
              "power_law, isotropic");
    EXPECT_EQ(error_of([&] { open("k = 'Isotropic'").choice("k", kinds); }).substr(0, 70),
              "s.toml:1:5: k: text 'Isotropic' is not allowed (did you mean 'isotropi");
    EXPECT_EQ(error_of([&] { open("k = 'x'").choice("k", kinds); }),
              "s.toml:1:5: k: text 'x' is not allowed; allowed: power_law, isotropic");
}

TEST(Reader, PositionsCountCharactersNotBytes) {
    EXPECT_EQ(
        error_of([] { open("t = { 'ü' = 1, n = 0 }").table("t").count("n", 1, 2); }).substr(0, 12),
        "s.toml:1:20:");
}

TEST(Reader, ControlCharactersNeverReachTheTerminal) {
    const std::string message = error_of([] { open(R"(k = "\u001b[31m")").choice("k", {"a"}); });
    EXPECT_EQ(message.find('\x1b'), std::string::npos);
    EXPECT_NE(message.find("\\x1b[31m"), std::string::npos);
    EXPECT_EQ(error_of([] { open("\"\\u009b\\n\" = 1").finish(); }),
              "s.toml:1:1: \\u009b\\n: unknown key; allowed here: ");
    EXPECT_EQ(error_of([] { open("a = t\n"); }).find('\n'), std::string::npos);
}

TEST(Reader, LongTextIsCutBetweenCharacters) {
    std::string text = "x";
    for (int i = 0; i < 100; ++i) text += "β";
    const std::string message = error_of([&] { open("k = '" + text + "'").choice("k", {"a"}); });
    EXPECT_NE(message.find("ββ…'"), std::string::npos);
}

TEST(Document, BadTomlIsPlaced) {
    EXPECT_EQ(error_of([] { open("a = 1\nb = nope\n"); }),
              "s.toml:2:6: not valid TOML: Error while parsing floating-point: expected 'nan', saw "
              "'no'; text needs quotes: \"…\"");
    EXPECT_EQ(error_of([] { open("a = [1,\n"); }).substr(0, 27), "s.toml:1:9: not valid TOML:");
    EXPECT_EQ(error_of([] { open("a = 1\n[t]\nb = 1\n b = 2\n"); }),
              "s.toml:4:2: b: defined twice; a key or table stands once");
    EXPECT_EQ(error_of([] { open("[t]\na = 1\n[t]\n"); }).substr(0, 33),
              "s.toml:3:1: t: defined twice; a k");
    EXPECT_EQ(error_of([] { open("x = { 'ü' = 1, bb = 1, bb = 2 }"); }).substr(0, 34),
              "s.toml:1:24: bb: defined twice; a ");
}

TEST(Document, LettersOutsideAsciiAreNotWhiteSpace) {
    EXPECT_EQ(error_of([] { open("x = -0.Φ"); }).substr(0, 26), "s.toml:1:8: not valid TOML");
    EXPECT_EQ(open("x = \"\"\"\\\n  Φ\"\"\"").text("x"), "Φ");
    EXPECT_NE(error_of([] { open("x = “a”"); }).find("text needs quotes"), std::string::npos);
}

TEST(Document, TextThatWouldExhaustTheStackIsRefused) {
    std::string dots = "a";
    for (int i = 0; i < 200'000; ++i) dots += ".a";
    EXPECT_THROW(open(dots + " = 1"), StudyError);
    EXPECT_THROW(open("[" + dots + "]"), StudyError);
    EXPECT_THROW(open("a = " + std::string(100'000, '[')), StudyError);
    EXPECT_NO_THROW(open("# " + std::string(300, '.') + "\na = [" + std::string(300, ' ') + "]"));
}

TEST(Edits, ReplaceAndAdd) {
    Reader root = open("[t]\nn = 1\ns = { kind = 'a', e = 1 }\n", {},
                       {"t.n=[20, 40]", "t.s.e=2.5", "t.s.kind=power_law", "new.x=7"});
    Reader table = root.table("t"), inner = table.table("s");
    EXPECT_EQ(table.counts("n", 1, 99).values, (std::vector<std::uint64_t>{20, 40}));
    EXPECT_EQ(inner.number("e", {}), 2.5);
    EXPECT_EQ(inner.text("kind"), "power_law");
    EXPECT_EQ(root.table("new").count("x", 1, 9), 7U);
}

TEST(Edits, TheLastOneHolds) {
    EXPECT_EQ(open("n = 1", {}, {"n=2", "n=3"}).count("n", 1, 9), 3U);
}

TEST(Edits, ErrorsPointAtTheEdit) {
    const std::string text = "[t]\nn = 1\n";
    const auto set = [&](const std::string& edit) {
        return error_of([&] {
            Reader root = open(text, {}, {edit});
            Reader table = root.table("t");
            table.count("n", 1, 9);
            table.finish();
            root.finish();
        });
    };
    EXPECT_EQ(set("t.n=0"),
              "--set t.n=0: t.n: 0 is not allowed; allowed: a whole number from 1 to 9");
    EXPECT_EQ(set("t.m=1"), "--set t.m=1: t.m: unknown key; allowed here: n");
    EXPECT_EQ(set("u=1"), "--set u=1: u: unknown key; allowed here: t");
    EXPECT_EQ(set("t.n"), "--set t.n: write table.key=value");
    EXPECT_EQ(set("t.n.x=1"), "--set t.n.x=1: t.n: is not a table, so it has no keys");
    EXPECT_EQ(set("t.n=[a, b]").substr(0, 65),
              "--set t.n=[a, b]: not table.key=value in TOML (text in a list or ");
    EXPECT_EQ(set("t n=x"), "--set t n=x: 't n' is not a key");
    EXPECT_EQ(set("t.n=1\nt.m=2"), "--set t.n=1\\nt.m=2: an edit sets one key");
    EXPECT_EQ(set("#=1"), "--set #=1: an edit sets one key");
}

TEST(Edits, NumberTheTablesOfAList) {
    const std::string text = "l = [{ n = 1 }, { n = 2, k = { m = 5 } }]\nnumbers = [1, 2]\n";
    const auto edited = [&](const std::string& edit) {
        return parse_document(text, "s.toml", source_of({}), std::vector{edit})->text;
    };
    const std::string rest = "\nnumbers = [1, 2]\n";
    EXPECT_EQ(edited("l.1.n=7"), "l = [{ n = 7 }, { n = 2, k = { m = 5 } }]" + rest);
    EXPECT_EQ(edited("l.2.n=[7, 8]"), "l = [{ n = 1 }, { n = [7, 8], k = { m = 5 } }]" + rest);
    EXPECT_EQ(edited("l.2.k.m=7"), "l = [{ n = 1 }, { n = 2, k = { m = 7 } }]" + rest);
    EXPECT_EQ(edited("l.1.new=a"), "l = [{ n = 1, new = \"a\" }, { n = 2, k = { m = 5 } }]" + rest);
    EXPECT_EQ(edited("l.2={ n = 7 }"), "l = [{ n = 1 }, { n = 7 }]" + rest);
    EXPECT_EQ(edited("l=[]"), "l = []" + rest);
    const auto refused = [&](const std::string& edit) {
        const std::string message = error_of([&] { edited(edit); });
        const std::string before = "--set " + edit + ": ";
        EXPECT_EQ(message.substr(0, before.size()), before);
        return message.substr(before.size());
    };
    for (const std::string entry : {"l.0", "l.3", "l.-1", "l.x", "l.1x", "l.99999999999999999999"})
        for (const std::string behind : {".n=7", "={ n = 7 }"})
            EXPECT_EQ(refused(entry + behind),
                      entry + ": is not in the list; allowed: a whole number from 1 to 2");
    EXPECT_EQ(refused("l[0].n=7"), "'l[0].n' is not a key; a list's first table is list.1");
    EXPECT_EQ(refused("numbers.1.n=7"), "numbers: is not a table, so it has no keys");
    EXPECT_EQ(refused("numbers.1=7"), "numbers: is not a table, so it has no keys");
    EXPECT_EQ(refused("l.1.n.m=7"), "l.1.n: is not a table, so it has no keys");
}

TEST(Edits, TheTextReadsBackToTheSameTree) {
    const std::string text =
        "z = 0\n'a b' = true\n[t]\nz = { b = 0.30000000000000004, a = -1 }\n[[l]]\nd = 1979-05-27\n"
        "e = 07:32:00\nf = 1979-05-27T07:32:00Z\n[l.m.n]\nx = nan\ny = -inf\n[empty]\n";
    const std::vector<std::string> edits = {
        "t.x=0.1",    "t.name=a b",        "t.y=[-0.5, 1e-300, 3, 2.0]",
        "t.s='\"\\'", R"(t.u="\n\u001b")", "t.e={}"};
    const auto edited = parse_document(text, "s.toml", source_of({}), edits);
    const auto again = parse_document(edited->text, "s.toml", source_of({}), {});
    EXPECT_EQ(edited->text,
              parse_document(edited->text, "s.toml", source_of({}), std::vector<std::string>{"z=0"})
                  ->text);
    // NaN differs from itself, so it is compared as text above and left out here.
    edited->root["l"][0]["m"]["n"].as_table()->erase("x");
    again->root["l"][0]["m"]["n"].as_table()->erase("x");
    EXPECT_EQ(edited->root, again->root);
    EXPECT_EQ(read_root(again).table("t").text("u"), "\n\x1b");
}

TEST(Edits, TheTextKeepsTheFilesOrder) {
    EXPECT_EQ(parse_document("[b]\ny = 1\nx = { e = 2.0, d = 1 }\n[a]\n", "s.toml", source_of({}),
                             std::vector<std::string>{"b.x.c=3", "b.a=4", "s=1"})
                  ->text,
              "s = 1\n\n[b]\ny = 1\nx = { e = 2.0, d = 1, c = 3 }\na = 4\n\n[a]\n");
}

TEST(Edits, NoneLeavesTheTextAsItIs) {
    const std::string text = "# why\na   = 1\n";
    EXPECT_EQ(parse_document(text, "s.toml", source_of({}), {})->text, text);
}

}  // namespace
}  // namespace cucurbit::config_test
