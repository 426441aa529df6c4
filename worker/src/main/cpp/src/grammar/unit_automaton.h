#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bitfleet::grammar {

struct ByteEdge {
  uint8_t low;
  uint8_t high;     // inclusive
  uint32_t target;
  bool operator==(const ByteEdge&) const = default;
};

// Going through another unit: once, or again and again.
struct Passage {
  uint32_t unit;
  uint32_t least;   // 1, 1: a plain call
  uint32_t most;    // unlimited for no end
  auto operator<=>(const Passage&) const = default;
};

// The automaton of one rule (or of what is repeated by a counted repetition) over bytes and passages through others.
// Nondeterministic as it is written; edges without a symbol are `empty`.
struct UnitNfa {
  enum class Symbol : uint8_t { bytes, passage, empty };
  struct Edge {
    uint32_t from;
    uint32_t to;
    Symbol symbol;
    uint8_t low = 0;
    uint8_t high = 0;
    Passage passage{};
  };
  std::vector<Edge> edges;
  uint32_t nodes = 2;               // 0 is the start, 1 the end
};

// The same without empty edges.
struct UnitAutomaton {
  struct PassageEdge {
    Passage passage;
    uint32_t target;
  };
  struct State {
    std::vector<ByteEdge> bytes;    // ascending; those of a deterministic unit do not overlap
    std::vector<PassageEdge> passages;
    bool accepting = false;
  };
  std::vector<State> states;
  uint32_t start = 0;               // never accepting and entered by no edge: whoever may skip the unit does so itself
};

// Deterministic, when that takes at most `work` looks at edges; otherwise only without empty edges. Both go down by what
// was spent. Throws GrammarError when even that takes more than `closure_work`, most_edges or most_states.
UnitAutomaton without_empty_edges(const UnitNfa& nfa, size_t& work, size_t& closure_work);

}  // namespace bitfleet::grammar
