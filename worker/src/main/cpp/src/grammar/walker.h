#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "grammar/automaton.h"
#include "grammar/completion_cost.h"
#include "grammar/stacks.h"
#include "grammar/token_trie.h"

namespace bitfleet::grammar {

// The automaton made deterministic while it is used: readings of what comes after some place, whose stack below is left
// open, and the way from each to the next by a byte, remembered. Walking the vocabulary so is a look into a table per
// node of the tree. "Ended" says here that the stack below has been returned to.
class Walker {
 public:
  static constexpr uint32_t dead = 0;

  Walker(const Automaton& automaton, const CompletionCost& cost);

  // Forgets everything when much is remembered; all numbers of states are void then.
  void tidy();

  uint32_t waiting_in(uint32_t state);                       // the state's own byte edges, not its calls
  uint32_t coming_back_to(uint32_t frame, uint32_t count);
  uint32_t next(uint32_t state, uint8_t byte) {
    const uint32_t known = table_[size_t{state} * automaton_->byte_classes + automaton_->byte_class[byte]];
    return known != unknown ? known : find_next(state, byte);
  }

  bool ended(uint32_t state) const { return states_[state].reading.ended; }
  bool goes_on(uint32_t state) const { return !states_[state].reading.heads.empty(); }
  // Of getting from here back to the stack below, at the least.
  Cost cost(uint32_t state) const { return states_[state].cost; }
  // Groups of bytes that lead from the state to itself; found out once a state has been asked for some time.
  uint64_t loops(uint32_t state) {
    State& of = states_[state];
    if (of.visits < visits_before_loops && ++of.visits == visits_before_loops) find_loops(state);
    return states_[state].loops;
  }

  uint64_t work() const { return reader_.work(); }
  size_t resident_bytes() const { return table_.size() * sizeof(uint32_t) + states_.size() * 160 + stacks_.size() * 64; }

 private:
  static constexpr uint32_t unknown = UINT32_MAX;
  static constexpr uint32_t visits_before_loops = 16;

  struct State {
    Reading reading;
    Cost cost;
    uint32_t visits = 0;
    uint64_t loops = 0;
  };
  struct ReadingHash {
    size_t operator()(const Reading& reading) const;
  };

  uint32_t state_of(Reading reading);
  uint32_t find_next(uint32_t state, uint8_t byte);
  void find_loops(uint32_t state);

  const Automaton* automaton_;
  const CompletionCost* cost_;
  Stacks stacks_;
  Reader reader_;
  std::vector<State> states_;
  std::vector<uint32_t> table_;   // [states][byte classes]
  std::unordered_map<Reading, uint32_t, ReadingHash> known_;
};

}  // namespace bitfleet::grammar
