#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/compiled_grammar.h"
#include "grammar/grammar_cursor.h"
#include "grammar/limits.h"
#include "text/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/tokenizer.h"

// The input is a grammar; its last bytes choose among the tokens it allows. It is refused or followed with bounded work,
// every allowed token can be read, and within a limit that suffices the text comes to its end.
// Seeds: any *.gbnf.
namespace {

using namespace bitfleet;

const Tokenizer& tokenizer() {
  static const Tokenizer all = [] {
    Vocabulary vocabulary;
    vocabulary.pre = "gpt-2";
    const auto add = [&](std::string_view bytes) {
      std::string letters;
      for (char byte : bytes) append_utf8(letters, letter_of_byte(static_cast<uint8_t>(byte)));
      vocabulary.tokens.push_back({letters});
    };
    for (uint32_t byte = 0; byte < 256; ++byte) add(std::string(1, static_cast<char>(byte)));
    for (const char* text : {"ab", "abc", "\"}", "\":", "{\"", "  ", "true", "12", "\xC3\xA9\"", "\xE4\xB8", "((", "))"}) add(text);
    vocabulary.tokens.push_back({"<|eot_id|>", TokenType::control});
    vocabulary.end_tokens = {static_cast<uint32_t>(vocabulary.tokens.size() - 1)};
    return Tokenizer(std::move(vocabulary));
  }();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const auto trie = std::make_shared<const grammar::TokenTrie>(tokenizer());
  try {
    const auto compiled = std::make_shared<const grammar::CompiledGrammar>(text, trie);
    grammar::GrammarCursor cursor(compiled);
    const uint32_t steps = 32;
    const grammar::Cost limit = compiled->fewest_tokens() + steps;
    if (limit > 256) return 0;
    std::vector<uint64_t> mask((tokenizer().size() + 63) / 64);
    for (grammar::Cost drawn = 0; drawn < limit && cursor.can_go_on(); ++drawn) {
      std::fill(mask.begin(), mask.end(), 0);
      const uint64_t before = compiled->masks().work();
      cursor.allow(limit - drawn - 1, mask);
      if (compiled->masks().work() - before > grammar::most_mask_work + grammar::most_place_work) std::abort();
      std::vector<uint32_t> allowed;
      for (uint32_t token = 0; token < tokenizer().size(); ++token) {
        if ((mask[token / 64] >> (token % 64) & 1) != 0) allowed.push_back(token);
      }
      if (allowed.empty() && cursor.ended()) break;
      uint32_t token = allowed.empty() ? 0 : allowed[(data[size - 1 - drawn % size] + drawn) % allowed.size()];
      if (allowed.empty() || !cursor.takes(tokenizer().piece(token), limit - drawn - 1)) token = cursor.completing_token().value();
      if (!cursor.push(tokenizer().piece(token))) std::abort();
      if (cursor.fewest_tokens() > limit - drawn - 1) std::abort();
    }
    if (!cursor.ended()) std::abort();
  } catch (const grammar::GrammarError&) {
  }
  return 0;
}
