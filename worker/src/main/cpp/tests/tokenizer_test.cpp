#include <time.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "check.h"
#include "gguf/gguf_file.h"
#include "model/model_error.h"
#include "text/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/tokenizer.h"
#include "tools/gguf_writer.h"

using namespace bitfleet;

namespace {

using Ids = std::vector<uint32_t>;

std::string letters(std::string_view bytes) {
  std::string text;
  for (char byte : bytes) append_utf8(text, letter_of_byte(static_cast<uint8_t>(byte)));
  return text;
}

std::vector<std::string> words(const char* pre, const std::string& text) {
  std::vector<uint32_t> code_points;
  std::vector<std::string> characters;
  for (std::string_view rest = text; !rest.empty();) {
    const Utf8Unit unit = read_utf8(rest);
    code_points.push_back(unit.code_point);
    characters.emplace_back(rest.substr(0, unit.length));
    rest.remove_prefix(unit.length);
  }
  std::vector<std::string> result;
  size_t begin = 0;
  for (size_t end : split_words(pre_tokenizer_named(pre), code_points)) {
    std::string word;
    for (; begin < end; ++begin) word += characters[begin];
    result.push_back(word);
  }
  return result;
}

// 256 byte tokens, then one token per merge, then the extra ones.
Vocabulary bpe_vocabulary(const std::vector<std::pair<std::string, std::string>>& merges,
                          const std::vector<VocabularyToken>& extra = {}) {
  Vocabulary vocabulary;
  vocabulary.model = TokenizerModel::byte_level_bpe;
  vocabulary.pre = "gpt-2";
  for (int byte = 0; byte < 256; ++byte) vocabulary.tokens.push_back({letters(std::string(1, static_cast<char>(byte)))});
  for (const auto& [left, right] : merges) {
    vocabulary.merges.push_back(letters(left) + " " + letters(right));
    vocabulary.tokens.push_back({letters(left + right)});
  }
  vocabulary.tokens.insert(vocabulary.tokens.end(), extra.begin(), extra.end());
  return vocabulary;
}

// <unk>, <s>, </s>, 256 byte tokens, then the pieces with falling scores.
Vocabulary spm_vocabulary(const std::vector<std::string>& pieces) {
  Vocabulary vocabulary;
  vocabulary.model = TokenizerModel::sentencepiece;
  vocabulary.tokens = {{"<unk>", TokenType::unknown}, {"<s>", TokenType::control}, {"</s>", TokenType::control}};
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", byte);
    vocabulary.tokens.push_back({text, TokenType::byte});
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    vocabulary.tokens.push_back({pieces[i], TokenType::normal, -static_cast<float>(i)});
  }
  vocabulary.begin_token = 1;
  vocabulary.unknown_token = 0;
  vocabulary.end_tokens = {2};
  vocabulary.add_begin_token = true;
  vocabulary.add_space_prefix = true;
  return vocabulary;
}

uint32_t id_of(const Vocabulary& vocabulary, const std::string& text) {
  for (uint32_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (vocabulary.tokens[id].text == text) return id;
  }
  throw std::runtime_error("no token " + text);
}

std::string gguf_bytes(const tools::GgufWriter& writer) {
  std::ostringstream out;
  writer.write(out);
  return out.str();
}

Vocabulary read_vocabulary(const std::string& bytes) {
  return Vocabulary::read(GgufFile::parse(std::as_bytes(std::span(bytes.data(), bytes.size()))));
}

tools::GgufWriter small_bpe_file() {
  tools::GgufWriter writer;
  writer.add_text("tokenizer.ggml.model", "gpt2");
  std::vector<std::string> tokens;
  std::vector<int32_t> types;
  for (int byte = 0; byte < 256; ++byte) {
    tokens.push_back(letters(std::string(1, static_cast<char>(byte))));
    types.push_back(1);
  }
  for (const char* text : {"<|begin_of_text|>", "<|eot_id|>", "<|end_of_text|>", "<tool>", "ab", "pad"}) tokens.emplace_back(text);
  for (int32_t type : {3, 4, 3, 4, 1, 3}) types.push_back(type);
  writer.add_texts("tokenizer.ggml.tokens", tokens);
  writer.add_i32s("tokenizer.ggml.token_type", types);
  writer.add_texts("tokenizer.ggml.merges", {"a b"});
  writer.add_u32("tokenizer.ggml.bos_token_id", 256);
  writer.add_u32("tokenizer.ggml.eos_token_id", 258);
  return writer;
}

// A line {"text":"…","ids":[1,2]} of a recording; its strings have been written by a JSON library.
struct RecordedCase {
  std::string text;
  std::string ids;
};
std::optional<RecordedCase> recorded_case(std::string_view line) {
  constexpr std::string_view head = "{\"text\":\"";
  if (!line.starts_with(head)) return std::nullopt;
  line.remove_prefix(head.size());
  RecordedCase result;
  const auto hex4 = [&] {
    const auto value = static_cast<uint32_t>(std::stoul(std::string(line.substr(0, 4)), nullptr, 16));
    line.remove_prefix(4);
    return value;
  };
  while (line.front() != '"') {
    char c = line.front();
    line.remove_prefix(1);
    if (c == '\\') {
      c = line.front();
      line.remove_prefix(1);
      if (c == 'u') {
        uint32_t code_point = hex4();
        if (code_point >= 0xD800 && code_point < 0xDC00) {
          line.remove_prefix(2);
          code_point = 0x10000 + ((code_point - 0xD800) << 10) + (hex4() - 0xDC00);
        }
        append_utf8(result.text, code_point);
        continue;
      }
      constexpr std::string_view from = "nrtbf", to = "\n\r\t\b\f";
      if (const size_t i = from.find(c); i != std::string_view::npos) c = to[i];
    }
    result.text.push_back(c);
  }
  const size_t open = line.find('[');
  result.ids = line.substr(open + 1, line.find(']') - open - 1);
  return result;
}

std::string show_ids(const Ids& ids) {
  std::string text;
  for (uint32_t id : ids) text += (text.empty() ? "" : ",") + std::to_string(id);
  return text;
}

// Merging as the papers describe it: look for the best pair, merge it, look again.
template <class Rank>
std::vector<std::string> naive_merge(std::vector<std::string> symbols, Rank rank) {
  for (;;) {
    size_t best = symbols.size();
    std::optional<double> best_rank;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const std::optional<double> r = rank(symbols[i], symbols[i + 1]);
      if (r && (!best_rank || *r < *best_rank)) best_rank = r, best = i;
    }
    if (!best_rank) return symbols;
    symbols[best] += symbols[best + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

// Of this thread's processor time: what it does, and not what its neighbours do meanwhile.
double seconds_of_work(auto&& work) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  const double start = now();
  work();
  return now() - start;
}

}  // namespace

TEST(words_are_those_of_the_regular_expressions) {
  // Expected values: the expressions themselves, run by the `regex` package for Python.
  using Words = std::vector<std::string>;
  CHECK((words("llama-bpe", "Hello, world! It's 12345 o'clock.") ==
         Words{"Hello", ",", " world", "!", " It", "'s", " ", "123", "45", " o", "'clock", "."}));
  CHECK((words("gpt-2", "Hello, world! It's 12345 o'clock.") ==
         Words{"Hello", ",", " world", "!", " It", "'s", " 12345", " o", "'", "clock", "."}));
  CHECK((words("llama-bpe", "I'LL  go\n\n  now \t\n ") == Words{"I", "'LL", " ", " go", "\n\n", " ", " now", " \t\n", " "}));
  CHECK((words("gpt-2", "I'LL  go\n\n  now \t\n ") == Words{"I", "'", "LL", " ", " go", "\n\n ", " now", " \t\n "}));
  CHECK((words("llama-bpe", "a\u00a0b\u3000\u3000c") == Words{"a", "\u00a0b", "\u3000", "\u3000c"}));
  CHECK((words("gpt-2", "a\u00a0b\u3000\u3000c") == Words{"a", "\u00a0", "b", "\u3000", "\u3000", "c"}));
  CHECK((words("llama-bpe", "3½٣ x") == Words{"3½٣", " x"}));
  CHECK((words("llama-bpe", "世界🙂🙂!\r\n\r\nok") == Words{"世界", "🙂🙂!\r\n\r\n", "ok"}));
  CHECK((words("gpt-2", "世界🙂🙂!\r\n\r\nok") == Words{"世界", "🙂🙂!", "\r\n\r", "\n", "ok"}));
  CHECK((words("llama-bpe", " \n \n x") == Words{" \n \n", " x"}));
  CHECK((words("llama-bpe", "'tis   ") == Words{"'t", "is", "   "}));
  CHECK((words("qwen2", "12a") == Words{"1", "2", "a"}));
  CHECK((words("starcoder", "x 12") == Words{"x", " ", "1", "2"}));
  CHECK((words("falcon", "a, 12345") == Words{"a", ",", " ", "123", "45"}));
  CHECK((words("default", "a`, x 12345") == Words{"a", "`", ",", " x", " ", "123", "45"}));
  CHECK(words("llama-bpe", "").empty());
  CHECK_THROWS(ModelError, pre_tokenizer_named("no-such-thing"));
}

// Recorded from bitnet.cpp itself, by the tests of the llama-server adapter.
TEST(tokens_are_those_of_bitnet_cpp) {
  const std::filesystem::path golden = "../../test/resources/golden/bitnet-cpp";
  for (const char* kind : {"bpe", "spm"}) {
    const Tokenizer tokenizer = Tokenizer::load(GgufFile::open(golden / (std::string(kind) + "-vocabulary.gguf")));
    std::ifstream in(golden / ("tokens-" + std::string(kind) + ".json"));
    int cases = 0;
    for (std::string line; std::getline(in, line);) {
      const auto recorded = recorded_case(line);
      if (!recorded) continue;
      ++cases;
      CHECK_EQUAL(recorded->ids, show_ids(tokenizer.encode(recorded->text)));
    }
    CHECK(cases > 100);
  }
}

TEST(every_character_lies_in_exactly_one_word) {
  std::mt19937 random(3);
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (uint32_t n = random() % 20; n > 0; --n) {
      static const uint32_t some[] = {' ', '\n', '\r', '\t', 'a', 'S', '\'', '9', '!', '$', '`', 0xA0, 0x4E16, 0x1F642, 0x2028, 0x300, 0x10FFFF};
      append_utf8(text, some[random() % 17]);
    }
    for (const char* pre : {"llama-bpe", "qwen2", "gpt-2", "starcoder", "falcon", "default"}) {
      std::string joined;
      for (const auto& word : words(pre, text)) {
        CHECK(!word.empty());
        joined += word;
      }
      CHECK_EQUAL(text, joined);
    }
  }
}

TEST(bpe_agrees_with_the_naive_algorithm) {
  std::mt19937 random(17);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::pair<std::string, std::string>> merges;
    std::map<std::pair<std::string, std::string>, double> ranks;
    std::vector<std::string> known = {"a", "b", "c"};
    for (int i = 0; i < 12; ++i) {
      const auto pair = std::pair(known[random() % known.size()], known[random() % known.size()]);
      if (ranks.contains(pair)) continue;
      ranks[pair] = static_cast<double>(merges.size());
      merges.push_back(pair);
      known.push_back(pair.first + pair.second);
    }
    const Vocabulary vocabulary = bpe_vocabulary(merges);
    const Tokenizer tokenizer{vocabulary};
    for (int i = 0; i < 20; ++i) {
      std::string text;
      std::vector<std::string> symbols;
      for (uint32_t n = random() % 20 + 1; n > 0; --n) symbols.push_back(std::string(1, static_cast<char>('a' + random() % 3))), text += symbols.back();
      const auto expected = naive_merge(symbols, [&](const std::string& l, const std::string& r) -> std::optional<double> {
        const auto found = ranks.find({l, r});
        return found == ranks.end() ? std::nullopt : std::optional(found->second);
      });
      Ids ids;
      for (const auto& symbol : expected) ids.push_back(id_of(vocabulary, letters(symbol)));
      CHECK(tokenizer.encode(text) == ids);
      CHECK_EQUAL(text, tokenizer.decode(ids, false));
    }
  }
}

TEST(sentencepiece_agrees_with_the_naive_algorithm) {
  std::mt19937 random(19);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> pieces = {"a", "b", "▁"};
    std::map<std::string, double> rank = {{"a", 0}, {"b", 1}, {"▁", 2}};
    for (int i = 0; i < 12; ++i) {
      const std::string piece = pieces[random() % pieces.size()] + pieces[random() % pieces.size()];
      if (!rank.try_emplace(piece, static_cast<double>(pieces.size())).second) continue;
      pieces.push_back(piece);
    }
    const Vocabulary vocabulary = spm_vocabulary(pieces);
    const Tokenizer tokenizer{vocabulary};
    for (int i = 0; i < 20; ++i) {
      std::string text;
      std::vector<std::string> symbols = {"▁"};
      for (uint32_t n = random() % 16 + 1; n > 0; --n) {
        const uint32_t which = random() % 3;
        text += which == 2 ? " " : std::string(1, static_cast<char>('a' + which));
        symbols.push_back(which == 2 ? "▁" : std::string(1, static_cast<char>('a' + which)));
      }
      const auto expected = naive_merge(symbols, [&](const std::string& l, const std::string& r) -> std::optional<double> {
        const auto found = rank.find(l + r);
        return found == rank.end() ? std::nullopt : std::optional(found->second);
      });
      Ids ids;
      for (const auto& symbol : expected) ids.push_back(id_of(vocabulary, symbol));
      CHECK(tokenizer.encode(text) == ids);
      CHECK_EQUAL(text, tokenizer.decode(ids, false));
    }
  }
}

TEST(a_merge_whose_union_is_no_token_falls_back_to_bytes) {
  Vocabulary vocabulary = bpe_vocabulary({{"a", "b"}});
  vocabulary.tokens.pop_back();
  CHECK((Tokenizer(vocabulary).encode("ab") == Ids{'a', 'b'}));
}

TEST(whole_words_skip_the_merges_where_the_model_says_so) {
  Vocabulary vocabulary = bpe_vocabulary({}, {{letters("abc")}});
  CHECK((Tokenizer(vocabulary).encode("abc") == Ids{'a', 'b', 'c'}));
  vocabulary.pre = "llama-bpe";
  CHECK((Tokenizer(vocabulary).encode("abc") == Ids{256}));
}

TEST(text_never_yields_control_tokens) {
  Vocabulary vocabulary = bpe_vocabulary(
      {{"p", "a"}, {"pa", "d"}}, {{"<|eot_id|>", TokenType::control}, {"<t>", TokenType::user_defined}, {"<unk>", TokenType::unknown}});
  vocabulary.tokens[id_of(vocabulary, "pad")].type = TokenType::control;
  for (const char* pre : {"gpt-2", "llama-bpe"}) {
    vocabulary.pre = pre;
    const Tokenizer tokenizer{vocabulary};
    for (const char* text : {"<|eot_id|>", "pad", "x pad<|eot_id|><unk>"}) {
      for (uint32_t id : tokenizer.encode(text)) {
        CHECK(vocabulary.tokens[id].type != TokenType::control && vocabulary.tokens[id].type != TokenType::unknown);
      }
      CHECK_EQUAL(std::string(text), tokenizer.decode(tokenizer.encode(text), false));
    }
    CHECK((tokenizer.encode("a<t>b") == Ids{'a', id_of(vocabulary, "<t>"), 'b'}));
  }
  const Tokenizer spm{spm_vocabulary({"<", "s", ">", "<s", "<s>x"})};
  for (uint32_t id : spm.encode("<s>x</s><unk><0x41>")) CHECK(id > 2);
}

TEST(the_longest_user_defined_token_at_the_leftmost_place_wins) {
  const Vocabulary vocabulary = bpe_vocabulary({}, {{"  ", TokenType::user_defined}, {"   ", TokenType::user_defined}, {"<a", TokenType::user_defined}});
  const Tokenizer tokenizer{vocabulary};
  CHECK((tokenizer.encode("     <a") == Ids{257, 256, 258}));
}

TEST(neighbouring_texts_are_one_text_and_ids_keep_them_apart) {
  const Tokenizer tokenizer{bpe_vocabulary({{"a", "b"}})};
  const Ids none;
  const Ids given = {7, 8};
  CHECK((tokenizer.encode(std::vector<PromptPart>{"a", "", "b"}, false) == Ids{256}));
  CHECK((tokenizer.encode(std::vector<PromptPart>{"a", std::span<const uint32_t>(none), "b"}, false) == Ids{'a', 'b'}));
  CHECK((tokenizer.encode(std::vector<PromptPart>{"a", std::span<const uint32_t>(given), "b"}, false) == Ids{'a', 7, 8, 'b'}));
}

TEST(sentencepiece_puts_a_space_before_text_at_the_start_and_after_given_tokens) {
  const Vocabulary vocabulary = spm_vocabulary({"▁", "a", "▁a"});
  const Tokenizer tokenizer{vocabulary};
  const uint32_t space_a = id_of(vocabulary, "▁a");
  const uint32_t a = id_of(vocabulary, "a");
  CHECK((tokenizer.encode("aa") == Ids{space_a, a}));
  const Ids given = {5};
  CHECK((tokenizer.encode(std::vector<PromptPart>{"a", std::span<const uint32_t>(given), "a"}, true) == Ids{1, space_a, 5, space_a}));
  CHECK(tokenizer.encode("").empty());
  CHECK((tokenizer.encode("é") == Ids{id_of(vocabulary, "▁"), 3 + 0xC3, 3 + 0xA9}));
  CHECK_EQUAL(std::string("é"), tokenizer.decode(tokenizer.encode("é"), false));
}

TEST(the_begin_token_comes_first_once) {
  Vocabulary vocabulary = bpe_vocabulary({}, {{"<b>", TokenType::control}});
  vocabulary.begin_token = 256;
  const Ids with = {256, 5};
  {
    const Tokenizer tokenizer{vocabulary};  // the file does not ask for one
    CHECK((tokenizer.encode(std::vector<PromptPart>{"a"}, true) == Ids{'a'}));
  }
  vocabulary.add_begin_token = true;
  const Tokenizer tokenizer{vocabulary};
  CHECK((tokenizer.encode(std::vector<PromptPart>{"a"}, true) == Ids{256, 'a'}));
  CHECK((tokenizer.encode(std::vector<PromptPart>{"a"}, false) == Ids{'a'}));
  CHECK(tokenizer.encode(std::vector<PromptPart>{std::span<const uint32_t>(with)}, true) == with);
  CHECK((tokenizer.encode({}, true) == Ids{256}));
}

TEST(invalid_utf8_counts_as_replacement_characters) {
  const Tokenizer bpe{bpe_vocabulary({})};
  CHECK_EQUAL(std::string("a\uFFFD\uFFFDb\uFFFD"), bpe.decode(bpe.encode("a\xFF\xC0" "b\xE4\xB8"), false));
  const Tokenizer spm{spm_vocabulary({"a", "▁"})};
  CHECK_EQUAL(std::string("\uFFFDa"), spm.decode(spm.encode("\xFF" "a"), false));
}

TEST(control_tokens_are_rendered_when_asked) {
  const Tokenizer tokenizer{bpe_vocabulary({}, {{"<|x|>", TokenType::control}, {"<t>", TokenType::user_defined}})};
  const Ids ids = {'a', 256, 257};
  CHECK_EQUAL(std::string("a<t>"), tokenizer.decode(ids, false));
  CHECK_EQUAL(std::string("a<|x|><t>"), tokenizer.decode(ids, true));
}

TEST(a_million_equal_letters_take_no_time) {
  const std::string text(1 << 20, 'a');
  std::vector<std::pair<std::string, std::string>> doubling;
  std::vector<std::string> pieces = {"a"};
  for (size_t n = 1; n < 512; n *= 2) {
    doubling.emplace_back(std::string(n, 'a'), std::string(n, 'a'));
    pieces.emplace_back(2 * n, 'a');
  }
  const Tokenizer bpe{bpe_vocabulary(doubling)};
  size_t tokens = 0;
  CHECK(seconds_of_work([&] { tokens = bpe.encode(text).size(); }) < 20);  // 0.4 s measured; quadratic would be hours
  CHECK_EQUAL(size_t{2048}, tokens);
  const Tokenizer spm{spm_vocabulary(pieces)};
  CHECK(seconds_of_work([&] { tokens = spm.encode(text).size(); }) < 20);
  CHECK(tokens < 3000);
  const Tokenizer spaces{bpe_vocabulary({}, {{std::string(200, ' ') + "x", TokenType::user_defined}})};
  CHECK(seconds_of_work([&] { tokens = spaces.encode(std::string(1 << 20, ' ')).size(); }) < 20);
}

TEST(a_vocabulary_is_read_from_its_file) {
  const auto vocabulary = read_vocabulary(gguf_bytes(small_bpe_file()));
  CHECK(vocabulary.pre == "llama-bpe");
  CHECK(vocabulary.add_begin_token);
  CHECK_EQUAL(256u, vocabulary.begin_token.value());
  CHECK((vocabulary.end_tokens == Ids{257, 258}));
  // Called user_defined by the file, but it ends a turn.
  CHECK(vocabulary.tokens[257].type == TokenType::control);
  CHECK(vocabulary.tokens[259].type == TokenType::user_defined);
  CHECK_EQUAL(2u, vocabulary.assumptions.size());
  const Tokenizer tokenizer{vocabulary};
  CHECK(tokenizer.ends_generation(257) && !tokenizer.ends_generation(256));
  CHECK((tokenizer.encode("ab pad <|eot_id|>").front() == 260));
}

TEST(broken_vocabularies_are_refused_by_name) {
  const auto refused = [](auto change) {
    tools::GgufWriter writer;
    change(writer);
    CHECK_THROWS(ModelError, Tokenizer(read_vocabulary(gguf_bytes(writer))));
  };
  using W = tools::GgufWriter;
  refused([](W&) {});
  refused([](W& w) { w.add_text("tokenizer.ggml.model", "bert"); });
  refused([](W& w) { w.add_text("tokenizer.ggml.model", "gpt2"); });
  refused([](W& w) { w.add_u32("tokenizer.ggml.model", 1); });
  refused([](W& w) { w.add_text("tokenizer.ggml.model", "gpt2"); w.add_texts("tokenizer.ggml.tokens", {"a"}); });
  refused([](W& w) { w.add_text("tokenizer.ggml.model", "llama"); w.add_texts("tokenizer.ggml.tokens", {"a"}); });
  refused([](W& w) {
    w.add_text("tokenizer.ggml.model", "gpt2");
    w.add_texts("tokenizer.ggml.tokens", {"a"});
    w.add_texts("tokenizer.ggml.merges", {});
    w.add_u32("tokenizer.ggml.eos_token_id", 1);
  });
  refused([](W& w) {
    w.add_text("tokenizer.ggml.model", "gpt2");
    w.add_texts("tokenizer.ggml.tokens", {"a", "b"});
    w.add_i32s("tokenizer.ggml.token_type", {1});
    w.add_texts("tokenizer.ggml.merges", {});
  });
  refused([](W& w) {
    w.add_text("tokenizer.ggml.model", "gpt2");
    w.add_texts("tokenizer.ggml.tokens", {"a"});
    w.add_texts("tokenizer.ggml.merges", {});
    w.add_text("tokenizer.ggml.pre", "no-such-thing");
  });
  refused([](W& w) {
    w.add_text("tokenizer.ggml.model", "gpt2");
    w.add_texts("tokenizer.ggml.tokens", {"<|only|>"});
    w.add_i32s("tokenizer.ggml.token_type", {3});
    w.add_texts("tokenizer.ggml.merges", {});
  });
}

TEST(odd_but_harmless_vocabularies_are_read_with_a_remark) {
  Vocabulary vocabulary = bpe_vocabulary({{"a", "b"}}, {{letters("ab")}, {""}, {"\xFF\xFE"}});
  vocabulary.merges.insert(vocabulary.merges.end(), {"", " ", "a", "a ", "a b", "\xFF b", "x y z"});
  const Tokenizer tokenizer{vocabulary};
  CHECK((tokenizer.encode("ab") == Ids{256}));
  CHECK_EQUAL(std::string("\xFF\xFE"), std::string(tokenizer.piece(259)));
  CHECK(tokenizer.assumptions().size() >= 2);
}

TEST(mutated_files_are_read_or_refused) {
  std::mt19937 random(23);
  const std::string seed = gguf_bytes(small_bpe_file());
  int read = 0;
  for (int round = 0; round < 3'000; ++round) {
    std::string bytes = seed;
    for (uint32_t changes = random() % 6 + 1; changes > 0; --changes) bytes[random() % bytes.size()] = static_cast<char>(random());
    try {
      const Tokenizer tokenizer{read_vocabulary(bytes)};
      ++read;
      const Ids ids = tokenizer.encode("ab <tool> \xFF é 123");
      for (uint32_t id : ids) CHECK(id < tokenizer.size());
      tokenizer.decode(ids, true);
    } catch (const ModelError&) {
    }
  }
  CHECK(read > 300);
}

TEST(fingerprints_tell_vocabularies_apart) {
  const auto print = [](const Vocabulary& vocabulary) { return Tokenizer(vocabulary).fingerprint(); };
  const Vocabulary vocabulary = bpe_vocabulary({{"a", "b"}, {"b", "c"}});
  CHECK_EQUAL(print(vocabulary), print(vocabulary));
  Vocabulary other = vocabulary;
  std::swap(other.merges[0], other.merges[1]);
  CHECK(print(other) != print(vocabulary));
  other = vocabulary;
  other.pre = "qwen2";
  CHECK(print(other) != print(vocabulary));
}
