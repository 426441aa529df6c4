#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "grammar/automaton.h"
#include "grammar/completion_cost.h"
#include "grammar/stacks.h"
#include "grammar/token_trie.h"

namespace bitfleet::grammar {

// The automaton made deterministic while it is used: readings of what comes after some place, whose stack below is left
// open, and the way from each to the next by a byte, remembered. Walking the vocabulary so is a look into a table per
// node of the tree. "Ended" says here that the stack below has been returned to. What can be read in more than most_heads
// ways is not followed.
//
// Work is counted as if nothing were remembered when a place is begun: a place costs the same whenever it is asked for.
class Walker {
 public:
  static constexpr uint32_t dead = 0;

  Walker(const Automaton& automaton, const CompletionCost& cost);

  // Begins with a place. Forgets everything when much is remembered; all numbers of states are void then.
  void begin_place();

  uint32_t waiting_in(uint32_t state);                       // the state's own byte edges, not its calls
  uint32_t coming_back_to(uint32_t frame, uint32_t count);
  uint32_t next(uint32_t state, uint8_t byte) {
    const Way& way = table_[size_t{state} * automaton_->byte_classes + automaton_->byte_class[byte]];
    return way.place == place_ ? way.next : first_next(state, byte);
  }

  bool ended(uint32_t state) const { return states_[state].reading.ended; }
  bool goes_on(uint32_t state) const { return !states_[state].reading.heads.empty(); }
  // Of getting from here back to the stack below, at the least.
  Cost cost(uint32_t state) const { return states_[state].reading.cost; }
  // Groups of bytes that lead from the state to itself; found out once a state has been asked for some time.
  uint64_t loops(uint32_t state) {
    State& of = states_[state];
    if (of.visits < visits_before_loops && ++of.visits == visits_before_loops) find_loops(state);
    return states_[state].loops;
  }

  // Since the place was begun, in visits of a node of the tree.
  uint64_t work() const { return work_; }
  size_t states() const { return touched_; }
  size_t resident_bytes() const { return table_.size() * sizeof(Way) + reading_bytes_ + states_.size() * 160 + stacks_.size() * 72; }

 private:
  static constexpr uint32_t unknown = UINT32_MAX;
  static constexpr uint32_t visits_before_loops = 16;
  static constexpr uint64_t work_of_stack = 16;  // in visits of a tree's node

  struct State {
    Reading reading;
    uint32_t place = 0;    // in which it was last come to; what follows is of that place
    uint32_t visits = 0;
    uint64_t loops = 0;
  };
  // From a state by a class of bytes.
  struct Way {
    uint32_t next = unknown;
    uint16_t place = 0;    // in which it was last gone
    uint16_t work = 0;     // that finding it took
  };
  struct ReadingHash {
    size_t operator()(const Reading& reading) const;
  };

  uint32_t state_of(std::optional<Reading> reading);
  uint32_t come_to(uint32_t state);
  uint32_t first_next(uint32_t state, uint8_t byte);
  void find_loops(uint32_t state);
  void forget();

  const Automaton* automaton_;
  const CompletionCost* cost_;
  Stacks stacks_;
  Reader reader_;
  std::vector<State> states_;
  std::vector<Way> table_;        // [states][byte classes]
  std::unordered_map<Reading, uint32_t, ReadingHash> known_;
  size_t reading_bytes_ = 0;
  uint16_t place_ = 0;            // number of the place; 0 is none
  uint64_t work_ = 0;
  size_t touched_ = 0;
};

}  // namespace bitfleet::grammar
