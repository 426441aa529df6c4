#pragma once

#include <cstdint>
#include <vector>

#include "grammar/automaton.h"
#include "grammar/token_trie.h"

namespace bitfleet::grammar {

// Tokens; costs are added up and stay at `endless`, which stands for what no tokens of the vocabulary can complete.
using Cost = uint32_t;
inline constexpr Cost endless = 1u << 30;
constexpr Cost sum(Cost a, Cost b) { return a + b < endless ? a + b : endless; }
constexpr Cost times(uint64_t rounds, Cost cost) {
  return rounds == 0 ? 0 : cost >= endless || rounds * cost >= endless ? endless : static_cast<Cost>(rounds * cost);
}

// With so many tokens a rule can be brought to its end from a state: never fewer than it takes, and where a token spans
// the end of one rule and the beginning of the next, one more than the fewest. What counts is that it is never passed:
// from a state of cost n > 0 some token leads to a stack whose costs add up to at most n - 1.
//
// Computed from the fewest bytes (Knuth 1977, a generalization of Dijkstra's algorithm), and then, along the bytes of
// that shortest text, the fewest tokens. Bytes that no token spells alone are not used; so in a vocabulary without
// tokens for bytes some sentences may be taken for endless, and are then never begun. How far ahead the tokens are looked
// for is bounded over all states together; beyond, a token is taken per byte.
class CompletionCost {
 public:
  CompletionCost(const Automaton& automaton, const TokenTrie& trie);

  Cost of_state(uint32_t state) const { return tokens_[state]; }
  // Of a frame to come back to; of a loop with `count` rounds ended before the one that is running.
  Cost of_frame(uint32_t frame, uint32_t count) const;
  Cost of_loop_body(uint32_t frame) const { return tokens_[automaton_->loop(frame).body]; }

  // The first step of a state's shortest text: the index of an edge, or of a call. An accepting state has none.
  struct Step {
    bool call;
    uint32_t edge;
  };
  Step step_of(uint32_t state) const { return steps_[state]; }

 private:
  Cost tokens_along(uint32_t state, const TokenTrie& trie, size_t& work) const;

  const Automaton* automaton_;
  std::vector<Cost> tokens_;      // by state
  std::vector<Cost> bytes_;
  std::vector<Step> steps_;
  std::vector<uint32_t> order_;   // states by ascending bytes_
};

}  // namespace bitfleet::grammar
