#include "text/stop_matcher.h"

#include <algorithm>

namespace bitfleet {

StopMatcher::StopMatcher(const std::vector<std::string>& stops) {
  for (size_t i = 0; i < stops.size(); ++i) {
    if (stops[i].empty()) continue;
    Automaton automaton{i, stops[i], std::vector<uint32_t>(stops[i].size() + 1, 0)};
    uint32_t matched = 0;
    for (size_t end = 1; end < automaton.text.size(); ++end) {
      while (matched > 0 && automaton.text[end] != automaton.text[matched]) matched = automaton.border[matched];
      if (automaton.text[end] == automaton.text[matched]) ++matched;
      automaton.border[end + 1] = matched;
    }
    automata_.push_back(std::move(automaton));
  }
}

std::optional<StopMatcher::Match> StopMatcher::push(std::string_view text, const std::function<bool(size_t begin)>& may_end) {
  for (char byte : text) {
    ++position_;
    std::optional<Match> found;
    for (Automaton& automaton : automata_) {
      uint32_t& matched = automaton.matched;
      while (matched > 0 && automaton.text[matched] != byte) matched = automaton.border[matched];
      if (automaton.text[matched] == byte) ++matched;
      if (matched < automaton.text.size()) continue;
      const size_t begin = position_ - automaton.text.size();
      if ((!found || begin < found->begin) && (!may_end || may_end(begin))) found = Match{automaton.stop, begin, position_};
      matched = automaton.border[matched];  // goes on from here where the stop did not count
    }
    if (found) return found;
  }
  return std::nullopt;
}

size_t StopMatcher::held() const {
  size_t held = 0;
  for (const Automaton& automaton : automata_) held = std::max<size_t>(held, automaton.matched);
  return held;
}

}  // namespace bitfleet
