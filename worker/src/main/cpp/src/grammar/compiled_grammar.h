#pragma once

#include <memory>
#include <string_view>

#include "grammar/automaton.h"
#include "grammar/completion_cost.h"
#include "grammar/masks.h"
#include "grammar/token_trie.h"

namespace bitfleet::grammar {

// A grammar made ready for one vocabulary. All but masks() is immutable and may be used from any thread.
class CompiledGrammar {
 public:
  // Throws GrammarError: what is wrong with the text, or that no sentence can be spelled with these tokens. Takes
  // milliseconds; a hostile text takes a few hundred at most.
  CompiledGrammar(std::string_view text, std::shared_ptr<const TokenTrie> trie);
  CompiledGrammar(const CompiledGrammar&) = delete;
  CompiledGrammar& operator=(const CompiledGrammar&) = delete;

  const Automaton& automaton() const { return automaton_; }
  const CompletionCost& cost() const { return cost_; }
  const TokenTrie& trie() const { return *trie_; }
  Masks& masks() const { return *masks_; }   // the step thread's, once a sequence has been opened with the grammar
  Cost fewest_tokens() const { return automaton_.empty_text ? 0 : cost_.of_state(automaton_.root); }
  size_t resident_bytes() const { return automaton_.resident_bytes() + masks_->resident_bytes(); }

 private:
  std::shared_ptr<const TokenTrie> trie_;
  Automaton automaton_;
  CompletionCost cost_;
  std::unique_ptr<Masks> masks_;
};

}  // namespace bitfleet::grammar
