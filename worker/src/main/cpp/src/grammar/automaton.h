#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "grammar/rules.h"
#include "grammar/unit_automaton.h"

namespace bitfleet::grammar {

struct ByteSet {
  std::array<uint64_t, 4> words{};
  bool contains(uint8_t byte) const { return (words[byte >> 6] >> (byte & 63) & 1) != 0; }
  void add(uint8_t low, uint8_t high) {
    for (uint32_t byte = low; byte <= high; ++byte) words[byte >> 6] |= uint64_t{1} << (byte & 63);
  }
  bool merge(const ByteSet& other) {  // true when it has grown
    bool grown = false;
    for (size_t i = 0; i < words.size(); ++i) {
      grown |= (other.words[i] & ~words[i]) != 0;
      words[i] |= other.words[i];
    }
    return grown;
  }
};

// A pushdown automaton over bytes. A state belongs to one rule; its edges are ranges of bytes, and calls: going on in
// another rule and coming back to a frame. A frame is a state to come back to, or a counted loop, which starts its body
// once more or leaves it.
//
// Reading starts at `root` on an empty stack, and a text is a sentence when the end of the root rule has been reached
// with nothing on the stack. No chain of calls without a byte comes back to where it was (there is no left recursion),
// so all that can follow a byte is finite.
struct Automaton {
  struct State {
    uint32_t bytes;      // first of its byte edges; those of the next state come behind
    uint32_t calls;
    uint32_t unit;
    bool accepting;      // the rule may end here
  };
  struct Call {
    uint32_t start;      // state
    uint32_t frame;
  };
  struct Loop {
    uint32_t body;       // state it starts in
    uint32_t exit;       // state to be in after it
    uint32_t least;
    uint32_t most;
  };

  std::vector<State> states;      // and one more, to end the last one's edges
  std::vector<ByteEdge> bytes;
  std::vector<Call> calls;
  std::vector<Loop> loops;
  std::vector<ByteSet> follow;    // by unit: bytes that can come directly behind it, wherever it is used
  uint32_t root = 0;
  bool empty_text = false;        // is a sentence
  std::array<uint8_t, 256> byte_class{};  // bytes of a class lie on the same edges everywhere
  uint32_t byte_classes = 0;

  uint32_t size() const { return static_cast<uint32_t>(states.size() - 1); }
  bool is_loop(uint32_t frame) const { return frame >= size(); }
  const Loop& loop(uint32_t frame) const { return loops[frame - size()]; }
  std::span<const ByteEdge> bytes_of(uint32_t state) const {
    return {bytes.data() + states[state].bytes, bytes.data() + states[state + 1].bytes};
  }
  std::span<const Call> calls_of(uint32_t state) const {
    return {calls.data() + states[state].calls, calls.data() + states[state + 1].calls};
  }
  size_t resident_bytes() const;
};

// Throws GrammarError for left recursion and for what exceeds limits.h.
Automaton build_automaton(const Rules& rules);

}  // namespace bitfleet::grammar
