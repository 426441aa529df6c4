#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "grammar/automaton.h"
#include "grammar/completion_cost.h"

namespace bitfleet::grammar {

// Stacks of frames that share what they have in common: a stack is its top frame and the stack below, and equal ones
// are one node. Node 0 is the empty stack.
class Stacks {
 public:
  struct Node {
    uint32_t frame;
    uint32_t count;   // rounds of a loop that have ended; 0 for a state
    uint32_t below;
    Cost cost;        // of completing all frames from here down
    uint64_t hash;    // of what the stack is, whatever its number: orders stacks the same in every process
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

// All ways to read a text, or some of them: readings left out make fewer texts possible, never others.
struct Reading {
  std::vector<Head> heads;   // ascending; states with byte edges, completable
  bool ended = false;        // in one of them the empty stack was returned to
  Cost cost = endless;       // of completing the text in the cheapest way
  Head cheapest{};           // where that way begins, which may be a state that only calls; of no meaning when ended
  bool dead() const { return heads.empty() && !ended; }
  bool operator==(const Reading& other) const { return ended == other.ended && cost == other.cost && heads == other.heads; }
};

// Goes on in readings. Keeps buffers; not to be shared between threads.
//
// The ways to read a text can be more than anybody can follow. begin(), step() and resume() follow all and give nullopt
// when they are more than most_closure for one byte. The narrow ones follow some: which ones depends on the text alone,
// and one of the cheapest to complete is among them, so what could be completed with n tokens still can.
class Reader {
 public:
  Reader(const Automaton& automaton, const CompletionCost& cost) : automaton_(&automaton), cost_(&cost) {}

  std::optional<Reading> begin(Stacks& stacks);                                                 // of the root rule
  std::optional<Reading> step(const Reading& from, uint8_t byte, Stacks& stacks);
  std::optional<Reading> resume(uint32_t frame, uint32_t count, uint32_t below, Stacks& stacks);  // the rule above has ended

  Reading begin_narrowly(size_t most, Stacks& stacks);
  // With what `also` waits for, when given: a place in the text behind the byte.
  Reading step_narrowly(const Reading& from, uint8_t byte, const std::optional<Head>& also, size_t most, Stacks& stacks);

  // Leaves `most` heads: of each state those cheapest to complete, as many of each as there is room for.
  void narrow(Reading& reading, size_t most, Stacks& stacks) const;

  // Goes the cheapest way from a place until it takes a byte; nullopt when it ends before.
  std::optional<Head> waiting(Head at, Stacks& stacks) const;

  // Stacks looked at since construction, for whoever bounds them.
  uint64_t work() const { return work_; }

 private:
  void clear();
  void enter(uint32_t state, uint32_t stack, Stacks& stacks);
  void come_back(uint32_t frame, uint32_t count, uint32_t below, Stacks& stacks);
  std::optional<Reading> finish(bool narrowly, Stacks& stacks);

  const Automaton* automaton_;
  const CompletionCost* cost_;
  std::vector<Head> pending_;        // all entered since the last finish()
  std::unordered_map<uint64_t, bool> seen_;  // only when there are many
  bool full_ = false;                // one more was to be entered than there is room for
  bool ended_ = false;
  Cost cheapest_cost_ = endless;
  Head cheapest_{};
  uint64_t work_ = 0;
};

// Heads in an order that depends on what they are alone: the cheapest first.
std::vector<Head> in_order(const std::vector<Head>& heads, const CompletionCost& cost, const Stacks& stacks);

}  // namespace bitfleet::grammar
