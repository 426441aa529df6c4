#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace bitfleet {

// Guesses how a text goes on, by what followed the last time it ended as it does now: code, quotations, JSON and summaries
// repeat themselves. And remembers how often it was right. A guess is checked by the model and never believed, so it
// costs time at worst. Source: Saxena, Prompt Lookup Decoding (2023).
class Drafter {
 public:
  struct Draft {
    std::vector<uint32_t> tokens;  // may be empty
    double chance = 0;             // that a token of it is right when those before it are
    bool long_match = false;
  };

  // `tokens`: the whole text so far, which only ever grows.
  Draft propose(std::span<const uint32_t> tokens, uint32_t most);

  // Of the last draft, so many tokens were right, and then `missed` one that was not.
  void learn(const Draft& draft, uint32_t right, bool missed);

 private:
  void index(std::span<const uint32_t> tokens);

  std::unordered_map<uint64_t, uint32_t> latest_;  // by a pair of tokens: how many tokens there are up to its latest place
  std::vector<uint32_t> earlier_;                  // [tokens + 1] by such a count: the same of the place before; 0 = none
  double chances_[2] = {0.3, 0.7};                 // after short matches and after long ones
};

}  // namespace bitfleet
