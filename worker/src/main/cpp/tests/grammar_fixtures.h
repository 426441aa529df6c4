#pragma once

#include <memory>
#include <string>
#include <vector>

#include "grammar/compiled_grammar.h"
#include "grammar/gbnf.h"
#include "grammar/grammar_cursor.h"
#include "text/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/tokenizer.h"

namespace bitfleet::testing {

// The 256 bytes, then these texts, as tokens of byte-level BPE, then an end token and another control token.
inline Tokenizer tokenizer_with(const std::vector<std::string>& texts, bool with_bytes = true) {
  Vocabulary vocabulary;
  vocabulary.pre = "gpt-2";
  const auto add = [&](std::string_view bytes) {
    std::string letters;
    for (char byte : bytes) append_utf8(letters, letter_of_byte(static_cast<uint8_t>(byte)));
    vocabulary.tokens.push_back({letters});
  };
  for (uint32_t byte = 0; byte < 256; ++byte) {
    if (with_bytes) add(std::string(1, static_cast<char>(byte)));
  }
  for (const auto& text : texts) add(text);
  vocabulary.tokens.push_back({"<|eot_id|>", TokenType::control});
  vocabulary.tokens.push_back({"<|x|>", TokenType::control});
  vocabulary.end_tokens = {static_cast<uint32_t>(vocabulary.tokens.size() - 2)};
  return Tokenizer(std::move(vocabulary));
}

inline std::shared_ptr<const grammar::CompiledGrammar> compile(const std::string& text, const Tokenizer& tokenizer) {
  return std::make_shared<const grammar::CompiledGrammar>(text, std::make_shared<const grammar::TokenTrie>(tokenizer));
}

inline std::vector<uint64_t> mask_of(grammar::GrammarCursor& cursor, const Tokenizer& tokenizer,
                                     grammar::Cost left = grammar::endless - 1) {
  std::vector<uint64_t> mask((size_t{tokenizer.size()} + 63) / 64, 0);
  cursor.allow(left, mask);
  return mask;
}

inline bool has(const std::vector<uint64_t>& mask, uint32_t token) { return (mask[token / 64] >> (token % 64) & 1) != 0; }

inline const std::string json_grammar = R"(root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws

object ::=
  "{" ws (
            string ":" ws value
    ("," ws string ":" ws value)*
  )? "}" ws

array  ::=
  "[" ws (
            value
    ("," ws value)*
  )? "]" ws

string ::=
  "\"" (
    [^"\\\x7F\x00-\x1F] |
    "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) # escapes
  )* "\"" ws

number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws

# Optional space: by convention, applied in this grammar after literal chars when allowed
ws ::= | " " | "\n" [ \t]{0,20}
)";

}  // namespace bitfleet::testing
