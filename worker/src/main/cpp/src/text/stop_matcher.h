#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitfleet {

// Looks for stop strings in a text that arrives piece by piece, and says how much of it may still turn out to be the
// beginning of one. Of several stops the one that is complete first wins, and of those that end at the same byte the
// longest: so the verdict depends on the text alone, not on how it was cut.
//
// One Knuth-Morris-Pratt automaton per stop: time is linear in the text times the number of stops, memory four bytes
// per byte of a stop.
class StopMatcher {
 public:
  // Empty stops are ignored.
  explicit StopMatcher(const std::vector<std::string>& stops);

  struct Match {
    size_t stop;   // index into the stops given
    size_t begin;  // offsets into all text pushed so far
    size_t end;
  };

  // Goes on to the first match, if there is one; text after that is not looked at, and nothing may be pushed any more.
  // With `may_end`, a stop counts only where that says so of the offset it begins at.
  std::optional<Match> push(std::string_view text, const std::function<bool(size_t begin)>& may_end = {});

  // Bytes at the end of the text so far that are the beginning of some stop.
  size_t held() const;

 private:
  struct Automaton {
    size_t stop;
    std::string text;
    std::vector<uint32_t> border;  // [size + 1] longest proper border of each prefix
    uint32_t matched = 0;
  };
  std::vector<Automaton> automata_;
  size_t position_ = 0;
};

}  // namespace bitfleet
