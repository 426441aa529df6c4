#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "grammar/limits.h"
#include "grammar/walker.h"

namespace bitfleet::grammar {

// Which tokens a grammar allows at a place, for all sequences of that grammar together; remembered, so that a place
// seen before costs a few copies.
//
// A head allows what its state allows by itself, whatever the stack, and what goes on in the frames below it once its
// rule has ended. The first depends on the state alone; the second is found by walking, from the tokens that were not
// used up (the "escapes"), on from the next frame, and depends on state and frame; and so on down the stack, as deep as
// a token reaches. So what is remembered is a tree: by state, by frame below, by frame below that. Only the first level
// looks at the whole vocabulary.
//
// With each token goes the cost of completing what it has begun, so that the same sets answer what is still allowed
// when few tokens are left.
//
// What a grammar asks for can be too much. Then a place is looked through only so far, and of a reading only so many heads
// are asked, the cheapest to complete first: the mask has fewer tokens, each of them right. It may have none. Work is
// counted as if nothing were remembered, so the mask is the same whatever was asked before.
//
// Belongs to one thread at a time.
// Sources: Dong et al. 2024 (XGrammar: tokens that depend on the stack and tokens that do not), Willard and Louf 2023.
class Masks {
 public:
  struct Budget {
    uint64_t token;    // tree nodes and stacks visited for all places of a reading
    uint64_t place;    // likewise for one of them
  };
  static constexpr Budget usual{most_mask_work, most_place_work};

  Masks(const Automaton& automaton, const CompletionCost& cost, const TokenTrie& trie, Budget budget = usual);

  struct Allowed {
    bool limited = false;     // tokens that the grammar allows were left out, for they lead too far
  };

  // Sets the bits of the tokens that may come next and leave at most `left` tokens to complete the text. `mask`
  // [vocabulary / 64, rounded up] comes cleared.
  Allowed allow(const Reading& reading, const Stacks& stacks, Cost left, std::span<uint64_t> mask);

  // Computes what is costly at the first time, until that much work is done.
  void warm_up(uint64_t work);

  // Nodes and stacks visited since construction; places answered, and those among them that took a walk.
  uint64_t work() const { return work_; }
  uint64_t lookups() const { return lookups_; }
  uint64_t walks() const { return walks_; }
  size_t resident_bytes() const { return bytes_.load(std::memory_order_relaxed); }  // from any thread

 private:
  // A set of tokens, as a list or as bits, whatever is smaller.
  struct TokenSet {
    std::vector<uint32_t> ids;
    std::vector<uint64_t> bits;
  };
  struct Group {
    Cost cost;      // of what is open above the frames below
    TokenSet tokens;
  };
  // Tree nodes to go on at from the frame below, ordered by their byte.
  struct Escapes {
    std::vector<uint32_t> nodes;
    std::vector<std::pair<uint8_t, uint32_t>> begins;  // byte, where its nodes begin
  };
  struct Place {
    std::vector<Group> groups;                             // ascending cost
    std::vector<std::shared_ptr<const Escapes>> escapes;
    uint64_t work = 0;                                     // that finding it takes
    uint64_t asked = 0;                                    // lookup that has paid for it
    Cost asked_below = 0;                                  // and what it has cost below, at the least
    std::unordered_map<uint64_t, std::unique_ptr<Place>> below;  // by frame and count
  };
  // What a walk finds.
  struct Found {
    std::vector<std::pair<Cost, std::vector<uint32_t>>> ids;
    std::vector<uint32_t> escapes;
    std::vector<uint32_t>& at(Cost cost);
  };
  struct Round {
    uint32_t count;
    Cost extra;
  };

  // In these what is looked for is found up to the budget; nullptr, and nothing remembered, when `most` is passed before.
  Place* place_of(uint32_t state, uint64_t most = UINT64_MAX);
  Place& place_below(Place& above, uint32_t frame, uint32_t count);
  bool asked_enough(Place& place, uint64_t& spent) const;
  uint64_t place_work() const { return found_work_ + walker_.work(); }
  bool spent() const { return place_work() > budget_.place || walker_.states() > most_place_states; }
  Round representative(uint32_t frame, uint32_t count) const;
  void walk(uint32_t node, uint32_t state, Found& found);
  bool visit(uint32_t node, uint32_t state, Found& found);
  void settle(Found found, uint32_t unit, Place& place);
  void account(Place& place);
  bool add(Place& place, Cost below, Cost left, std::span<uint64_t> mask) const;

  const Automaton* automaton_;
  const CompletionCost* cost_;
  const TokenTrie* trie_;
  Walker walker_;
  std::unordered_map<uint32_t, std::unique_ptr<Place>> places_;
  std::vector<uint32_t> path_;       // walker states by depth
  Budget budget_;
  uint64_t found_work_ = 0;          // of the place that is being looked through
  uint64_t work_ = 0;
  uint64_t lookups_ = 0;
  uint64_t walks_ = 0;
  size_t place_bytes_ = 0;
  std::atomic<size_t> bytes_{0};
};

}  // namespace bitfleet::grammar
