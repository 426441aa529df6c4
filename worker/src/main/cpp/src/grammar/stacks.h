#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "grammar/automaton.h"
#include "grammar/completion_cost.h"

namespace bitfleet::grammar {

// A bound of limits.h was reached while a text was being read. What was computed until then stays valid.
class GrammarExhausted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Stacks of frames that share what they have in common: a stack is its top frame and the stack below, and equal ones
// are one node. Node 0 is the empty stack.
class Stacks {
 public:
  struct Node {
    uint32_t frame;
    uint32_t count;   // rounds of a loop that have ended; 0 for a state
    uint32_t below;
    Cost cost;        // of completing all frames from here down
  };

  Stacks(const Automaton& automaton, const CompletionCost& cost) : automaton_(&automaton), cost_(&cost) { nodes_.push_back({}); }

  uint32_t push(uint32_t frame, uint32_t count, uint32_t below);
  const Node& operator[](uint32_t node) const { return nodes_[node]; }
  size_t size() const { return nodes_.size(); }

 private:
  struct Key {
    uint64_t frame_and_count;
    uint32_t below;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      uint64_t hash = (key.frame_and_count ^ uint64_t{key.below} << 17) * 0x9E3779B97F4A7C15u;
      return hash ^ hash >> 31;
    }
  };
  const Automaton* automaton_;
  const CompletionCost* cost_;
  std::vector<Node> nodes_;
  std::unordered_map<Key, uint32_t, KeyHash> known_;
};

// One way to read the text so far: a state that waits for a byte, and the stack it comes back to.
struct Head {
  uint32_t state;
  uint32_t stack;
  auto operator<=>(const Head&) const = default;
};

// All ways to read a text.
struct Reading {
  std::vector<Head> heads;   // ascending; states with byte edges, completable
  bool ended = false;        // in one of them the empty stack was returned to
  bool operator==(const Reading&) const = default;
};

// Goes on in readings. Keeps buffers; not to be shared between threads.
class Reader {
 public:
  Reader(const Automaton& automaton, const CompletionCost& cost) : automaton_(&automaton), cost_(&cost) {}

  Reading begin(Stacks& stacks);                                                 // of the root rule
  Reading step(const Reading& from, uint8_t byte, Stacks& stacks);
  Reading resume(uint32_t frame, uint32_t count, uint32_t below, Stacks& stacks);  // the rule above has ended

  // Stacks looked at since construction, for whoever bounds them.
  uint64_t work() const { return work_; }

 private:
  void enter(uint32_t state, uint32_t stack, Stacks& stacks);
  void come_back(uint32_t frame, uint32_t count, uint32_t below, Stacks& stacks);
  Reading finish(Stacks& stacks);

  const Automaton* automaton_;
  const CompletionCost* cost_;
  std::vector<Head> pending_;        // all entered since the last finish()
  std::unordered_map<uint64_t, bool> seen_;  // only when there are many
  bool ended_ = false;
  uint64_t work_ = 0;
};

}  // namespace bitfleet::grammar
