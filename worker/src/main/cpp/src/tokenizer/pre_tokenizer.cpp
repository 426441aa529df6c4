#include "tokenizer/pre_tokenizer.h"

#include <algorithm>
#include <array>
#include <string>

#include "model/model_error.h"
#include "text/utf8.h"
#include "tokenizer/unicode_ranges.h"

// The regular expressions are facts of the published tokenizers (their tokenizer.json); which name means which is a
// fact of the GGUF converters (llama.cpp, llama-vocab.cpp). They are matched by hand because std::regex knows neither
// Unicode nor a bound on its recursion.
namespace bitfleet {
namespace {

enum Class : uint8_t { other = 0, letter = 1, number = 2, space = 4, punctuation = 8 };

uint8_t classify_slowly(uint32_t code_point) {
  if (unicode::contains(unicode::letters, code_point)) return letter;
  if (unicode::contains(unicode::numbers, code_point)) return number;
  if (unicode::contains(unicode::white_space, code_point)) return space;
  if (unicode::contains(unicode::punctuation, code_point)) return punctuation;
  return other;
}

uint8_t classify(uint32_t code_point) {
  static const std::array<uint8_t, 0x250> latin = [] {
    std::array<uint8_t, 0x250> table{};
    for (uint32_t i = 0; i < table.size(); ++i) table[i] = classify_slowly(i);
    return table;
  }();
  return code_point < latin.size() ? latin[code_point] : classify_slowly(code_point);
}

// One stretch of the text, seen by one expression. Outside of it there is nothing: class other, code point `none`.
class Stretch {
 public:
  static constexpr uint32_t none = 0xFFFFFFFF;
  Stretch(std::span<const uint32_t> text, size_t begin, size_t end) : text_(text), begin_(begin), end_(end) {}

  size_t begin() const { return begin_; }
  size_t end() const { return end_; }
  uint32_t at(size_t i) const { return i < end_ ? text_[i] : none; }
  bool is(size_t i, uint8_t classes) const { return i < end_ && (classify(text_[i]) & classes) != 0; }
  // [^\s\p{L}\p{N}]
  bool is_symbol(size_t i) const { return i < end_ && (classify(text_[i]) & (letter | number | space)) == 0; }
  bool is_line_break(size_t i) const { return at(i) == '\r' || at(i) == '\n'; }

  size_t after(size_t i, uint8_t classes) const {
    while (is(i, classes)) ++i;
    return i;
  }
  size_t after_symbols(size_t i) const {
    while (is_symbol(i)) ++i;
    return i;
  }

 private:
  std::span<const uint32_t> text_;
  size_t begin_;
  size_t end_;
};

// 's|'t|'re|'ve|'m|'ll|'d, optionally in capitals; 0 when there is none. (The original (?i:…) also lets U+017F, the
// long s, stand for s; like llama.cpp's form of it, this one does not.)
size_t contraction(const Stretch& text, size_t i, bool capitals) {
  if (text.at(i) != '\'') return 0;
  const auto lower = [&](size_t at) {
    const uint32_t c = text.at(at);
    return capitals && c >= 'A' && c <= 'Z' ? c + 32 : c;
  };
  const uint32_t a = lower(i + 1);
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
  const uint32_t b = lower(i + 2);
  if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l')) return 3;
  return 0;
}

// \s+(?!\S)|\s+ : all white space at the end of the text, otherwise all but the last (which belongs to what follows),
// otherwise that one. `i` is white space.
size_t white_space_end(const Stretch& text, size_t i) {
  const size_t run_end = text.after(i, space);
  return run_end < text.end() && run_end - i > 1 ? run_end - 1 : run_end;
}

using Ends = std::vector<size_t>;

// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
// with \p{N}{1,digits}: 3 for Llama 3, 1 for Qwen 2.
void split_llama3(const Stretch& text, size_t digits, Ends& ends) {
  size_t i = text.begin();
  while (i < text.end()) {
    if (const size_t length = contraction(text, i, true)) {
      i += length;
    } else if (text.is(i, letter)) {
      i = text.after(i, letter);
    } else if (!text.is(i, number) && !text.is_line_break(i) && text.is(i + 1, letter)) {
      i = text.after(i + 1, letter);
    } else if (text.is(i, number)) {
      const size_t most = i + digits;
      while (i < most && text.is(i, number)) ++i;
    } else if (const size_t first = text.at(i) == ' ' ? i + 1 : i; text.is_symbol(first)) {
      i = text.after_symbols(first);
      while (text.is_line_break(i)) ++i;
    } else {
      const size_t run_end = text.after(i, space);
      size_t after_break = run_end;
      while (after_break > i && !text.is_line_break(after_break - 1)) --after_break;
      i = after_break > i ? after_break : white_space_end(text, i);
    }
    ends.push_back(i);
  }
}

// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
void split_gpt2(const Stretch& text, Ends& ends) {
  size_t i = text.begin();
  while (i < text.end()) {
    const size_t first = text.at(i) == ' ' ? i + 1 : i;
    if (const size_t length = contraction(text, i, false)) {
      i += length;
    } else if (text.is(first, letter)) {
      i = text.after(first, letter);
    } else if (text.is(first, number)) {
      i = text.after(first, number);
    } else if (text.is_symbol(first)) {
      i = text.after_symbols(first);
    } else {
      i = white_space_end(text, i);
    }
    ends.push_back(i);
  }
}

// Cuts out every longest run of the code points `member` picks, in pieces of at most `most`; the rest stays as it is.
template <class Member>
void split_runs(const Stretch& text, size_t most, Member member, Ends& ends) {
  size_t i = text.begin();
  while (i < text.end()) {
    const bool picked = member(text, i);
    const size_t begin = i;
    while (i < text.end() && member(text, i) == picked && (!picked || i - begin < most)) ++i;
    ends.push_back(i);
  }
}

// [\p{P}\$\+<=>\^~\|]+ , with the backquote for Falcon.
void split_punctuation(const Stretch& text, bool backquote, Ends& ends) {
  const auto member = [backquote](const Stretch& at, size_t i) {
    const uint32_t c = at.at(i);
    return at.is(i, punctuation) || (c < 0x80 && std::string_view("$+<=>^~|").find(static_cast<char>(c)) != std::string_view::npos) ||
           (backquote && c == '`');
  };
  split_runs(text, SIZE_MAX, member, ends);
}

// \p{N}{1,most}
void split_numbers(const Stretch& text, size_t most, Ends& ends) {
  split_runs(text, most, [](const Stretch& at, size_t i) { return at.is(i, number); }, ends);
}

// [0-9][0-9][0-9]: groups of exactly three; one or two digits left over stay with what follows them.
void split_three_digits(const Stretch& text, Ends& ends) {
  const auto digit = [&](size_t i) { return text.at(i) >= '0' && text.at(i) <= '9'; };
  size_t begin = text.begin();
  size_t i = begin;
  while (i < text.end()) {
    if (digit(i) && digit(i + 1) && digit(i + 2)) {
      if (i > begin) ends.push_back(i);
      i += 3;
      ends.push_back(i);
      begin = i;
    } else {
      ++i;
    }
  }
  if (i > begin) ends.push_back(i);
}

// Applies one more expression inside each of the words so far.
template <class Split>
Ends refine(std::span<const uint32_t> text, const Ends& words, Split split) {
  Ends ends;
  ends.reserve(words.size());
  size_t begin = 0;
  for (size_t end : words) {
    split(Stretch(text, begin, end), ends);
    begin = end;
  }
  return ends;
}

struct Named {
  std::string_view name;
  PreTokenizer pre;
};

constexpr Named names[] = {
    {"llama-bpe", PreTokenizer::llama3},   {"llama3", PreTokenizer::llama3},      {"llama-v3", PreTokenizer::llama3},
    {"falcon3", PreTokenizer::llama3},     {"falcon-h1", PreTokenizer::llama3},   {"pixtral", PreTokenizer::llama3},
    {"lfm2", PreTokenizer::llama3},        {"dbrx", PreTokenizer::llama3},        {"smaug-bpe", PreTokenizer::llama3},
    {"qwen2", PreTokenizer::qwen2},        {"deepseek-r1-qwen", PreTokenizer::qwen2}, {"stablelm2", PreTokenizer::qwen2},
    {"megrez", PreTokenizer::qwen2},       {"hunyuan", PreTokenizer::qwen2},      {"gpt-2", PreTokenizer::gpt2},
    {"phi-2", PreTokenizer::gpt2},         {"mpt", PreTokenizer::gpt2},           {"olmo", PreTokenizer::gpt2},
    {"jais", PreTokenizer::gpt2},          {"exaone4", PreTokenizer::gpt2},       {"starcoder", PreTokenizer::starcoder},
    {"refact", PreTokenizer::starcoder},   {"smollm", PreTokenizer::starcoder},   {"command-r", PreTokenizer::starcoder},
    {"codeshell", PreTokenizer::starcoder},{"exaone", PreTokenizer::starcoder},   {"minerva-7b", PreTokenizer::starcoder},
    {"falcon", PreTokenizer::falcon},      {"default", PreTokenizer::generic},
};

}  // namespace

PreTokenizer pre_tokenizer_named(std::string_view pre) {
  for (const Named& named : names) {
    if (named.name == pre) return named.pre;
  }
  throw ModelError(ModelErrorCode::unsupported_model,
                   "tokenizer.ggml.pre \"" + replace_invalid_utf8(pre.substr(0, 64)) + "\" is not known to this engine");
}

bool ignores_merges(PreTokenizer pre, std::string_view name) {
  // dbrx and smaug-bpe share the expression, but were made with merges throughout.
  return pre == PreTokenizer::llama3 && name != "dbrx" && name != "smaug-bpe";
}

bool adds_begin_token_by_default(PreTokenizer pre) { return pre == PreTokenizer::llama3; }

std::vector<size_t> split_words(PreTokenizer pre, std::span<const uint32_t> code_points) {
  if (code_points.empty()) return {};
  const auto step = [&](const Ends& words, auto split) { return refine(code_points, words, split); };
  Ends words{code_points.size()};
  switch (pre) {
    case PreTokenizer::llama3:
      return step(words, [](const Stretch& text, Ends& ends) { split_llama3(text, 3, ends); });
    case PreTokenizer::qwen2:
      return step(words, [](const Stretch& text, Ends& ends) { split_llama3(text, 1, ends); });
    case PreTokenizer::gpt2:
      return step(words, split_gpt2);
    case PreTokenizer::starcoder:
      words = step(words, [](const Stretch& text, Ends& ends) { split_numbers(text, 1, ends); });
      return step(words, split_gpt2);
    case PreTokenizer::falcon:
      words = step(words, [](const Stretch& text, Ends& ends) { split_punctuation(text, true, ends); });
      words = step(words, split_gpt2);
      return step(words, split_three_digits);
    case PreTokenizer::generic:
      words = step(words, [](const Stretch& text, Ends& ends) { split_punctuation(text, false, ends); });
      words = step(words, split_gpt2);
      words = step(words, [](const Stretch& text, Ends& ends) { split_numbers(text, SIZE_MAX, ends); });
      return step(words, split_three_digits);
  }
  return words;
}

}  // namespace bitfleet
