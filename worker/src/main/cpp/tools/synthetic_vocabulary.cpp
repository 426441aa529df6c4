#include "tools/synthetic_vocabulary.h"

#include <random>
#include <string>
#include <unordered_set>
#include <vector>

#include "text/utf8.h"
#include "tokenizer/byte_alphabet.h"

namespace bitfleet::tools {
namespace {

class Growing {
 public:
  explicit Growing(size_t full) : full_(full) {}

  bool add(const std::string& bytes) {
    if (texts_.size() >= full_ || bytes.empty() || !known_.insert(bytes).second) return false;
    texts_.push_back(bytes);
    return true;
  }
  bool full() const { return texts_.size() >= full_; }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  size_t full_;
  std::vector<std::string> texts_;
  std::unordered_set<std::string> known_;
};

// Syllables with the letter frequencies of a language, more or less.
std::string word(std::mt19937_64& random) {
  static const std::vector<std::string> onsets = {"", "b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v", "w", "st", "tr", "pr", "ch", "sh", "th", "cl", "br", "qu", "k", "j", "x", "z"};
  static const std::vector<std::string> nuclei = {"a", "e", "i", "o", "u", "ea", "ou", "io", "ai", "y"};
  static const std::vector<std::string> codas = {"", "", "n", "r", "s", "t", "l", "ng", "nt", "d", "m", "ck", "st", "ss", "tion"};
  std::string text;
  for (uint64_t syllables = 1 + random() % 4; syllables > 0; --syllables) {
    text += onsets[random() % onsets.size()] + nuclei[random() % nuclei.size()] + codas[random() % codas.size()];
  }
  return text;
}

void add_marks(Growing& out) {
  static const std::string marks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
  for (char a : marks) {
    for (char b : marks) {
      out.add({a, b});
      out.add({' ', a, b});
      for (char c : {'"', '}', ']', ')', ',', ':', ' ', '\n'}) {
        out.add({a, b, c});
        if (c == '"' || c == '}') out.add({a, b, c, c});
      }
    }
    for (size_t run = 2; run <= 16; run *= 2) out.add(std::string(run, a));
    out.add({' ', a});
    out.add({a, '\n'});
    out.add({a, '\n', '\n'});
  }
  for (size_t run = 2; run <= 128; ++run) {
    out.add(std::string(run, ' '));
    if (run <= 24) out.add(std::string(run, '\t')), out.add(std::string(run, '\n')), out.add("\n" + std::string(run, ' '));
  }
}

}  // namespace

Tokenizer synthetic_vocabulary(uint32_t tokens) {
  constexpr uint32_t control_tokens = 256;
  Growing out(tokens > control_tokens + 256 ? tokens - control_tokens : 256);
  for (uint32_t byte = 0; byte < 256; ++byte) out.add(std::string(1, static_cast<char>(byte)));
  add_marks(out);
  for (uint32_t number = 0; number < 1000; ++number) {
    const std::string digits = std::to_string(number);
    out.add(digits);
    out.add(std::string(3 - std::min<size_t>(2, digits.size()), '0') + digits);
  }
  std::mt19937_64 random(20261121);
  while (!out.full()) {
    std::string text = word(random);
    switch (random() % 16) {
      case 0: text[0] = static_cast<char>(text[0] - 'a' + 'A'); break;
      case 1: text[0] = static_cast<char>(text[0] - 'a' + 'A'), text = " " + text; break;
      case 2: for (char& c : text) c = static_cast<char>(c - 'a' + 'A'); break;
      case 3: text = std::string(1, ".(_\"/-\n["[random() % 8]) + text; break;
      case 4: text += std::string(1, "\"(:_,."[random() % 6]); break;
      case 5: {  // another script
        text.clear();
        const bool wide = random() % 2 == 0;
        for (uint64_t letters = 1 + random() % 4; letters > 0; --letters) append_utf8(text, wide ? 0x4E00 + static_cast<uint32_t>(random() % 3000) : 0x430 + static_cast<uint32_t>(random() % 32));
        if (random() % 8 == 0) text.pop_back();  // a character cut in two
        break;
      }
      case 6: case 7: case 8: case 9: case 10: text = " " + text; break;
      default: break;
    }
    out.add(text);
  }
  Vocabulary vocabulary;
  vocabulary.pre = "llama-bpe";
  for (const std::string& text : out.texts()) {
    std::string letters;
    for (char byte : text) append_utf8(letters, letter_of_byte(static_cast<uint8_t>(byte)));
    vocabulary.tokens.push_back({letters});
  }
  for (uint32_t i = 0; i < control_tokens; ++i) vocabulary.tokens.push_back({"<|" + std::to_string(i) + "|>", TokenType::control});
  vocabulary.end_tokens = {static_cast<uint32_t>(vocabulary.tokens.size() - 1)};
  return Tokenizer(std::move(vocabulary));
}

}  // namespace bitfleet::tools
