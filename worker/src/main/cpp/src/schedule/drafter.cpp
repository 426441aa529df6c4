#include "schedule/drafter.h"

#include <algorithm>

namespace bitfleet {
namespace {

constexpr uint32_t most_places = 16;    // looked at for the longest match
constexpr uint32_t longest_match = 32;  // tokens compared
constexpr uint32_t long_match = 4;
constexpr double newest_weight = 0.1;
constexpr double chances_at_first[2] = {0.3, 0.7};
constexpr double forgiveness = 0.01;    // how fast bad luck is forgotten, by draft that was looked for

}  // namespace

void Drafter::index(std::span<const uint32_t> tokens) {
  if (earlier_.empty()) earlier_.assign(2, 0);
  for (size_t end = earlier_.size(); end <= tokens.size(); ++end) {
    uint32_t& latest = latest_[static_cast<uint64_t>(tokens[end - 2]) << 32 | tokens[end - 1]];
    earlier_.push_back(latest);
    latest = static_cast<uint32_t>(end);
  }
}

Drafter::Draft Drafter::propose(std::span<const uint32_t> tokens, uint32_t most) {
  index(tokens);
  for (int kind = 0; kind < 2; ++kind) chances_[kind] += forgiveness * std::max(0.0, chances_at_first[kind] - chances_[kind]);
  Draft draft;
  const auto end = static_cast<uint32_t>(tokens.size());
  if (end < 3 || most == 0) return draft;
  uint32_t best = 0;
  uint32_t best_length = 0;
  uint32_t place = earlier_[end];
  for (uint32_t i = 0; i < most_places && place != 0; ++i, place = earlier_[place]) {
    uint32_t length = 0;
    while (length < longest_match && length < place && tokens[place - 1 - length] == tokens[end - 1 - length]) ++length;
    if (length > best_length) {
      best = place;
      best_length = length;
    }
  }
  if (best == 0) return draft;
  draft.long_match = best_length >= long_match;
  draft.chance = chances_[draft.long_match ? 1 : 0];
  // What lies beyond the end is the draft's own beginning: a text that repeats itself goes on doing so.
  for (uint32_t i = 0; i < most; ++i) draft.tokens.push_back(best + i < end ? tokens[best + i] : draft.tokens[best + i - end]);
  return draft;
}

void Drafter::learn(const Draft& draft, uint32_t right, bool missed) {
  double& chance = chances_[draft.long_match ? 1 : 0];
  for (uint32_t i = 0; i < right; ++i) chance += newest_weight * (1 - chance);
  if (missed) chance -= newest_weight * chance;
}

}  // namespace bitfleet
