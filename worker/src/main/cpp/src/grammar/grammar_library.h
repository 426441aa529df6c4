#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "grammar/compiled_grammar.h"

namespace bitfleet {
class Tokenizer;
}

namespace bitfleet::grammar {

// Grammars compiled for one tokenizer, kept for whoever sends the same text again; the one unused for longest goes
// first when they take too much memory. The vocabulary's tree is built with the first grammar. Belongs to one thread.
class GrammarLibrary {
 public:
  static constexpr size_t most_grammars = 64;
  static constexpr size_t most_bytes = 192 * 1024 * 1024;

  explicit GrammarLibrary(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  // Throws GrammarError.
  std::shared_ptr<const CompiledGrammar> compiled(std::string_view text);

 private:
  struct Kept {
    std::string text;
    std::shared_ptr<const CompiledGrammar> grammar;
  };
  void make_room();

  const Tokenizer& tokenizer_;
  std::shared_ptr<const TokenTrie> trie_;
  std::list<Kept> kept_;   // last used first
  std::unordered_map<std::string_view, std::list<Kept>::iterator> by_text_;
};

}  // namespace bitfleet::grammar
