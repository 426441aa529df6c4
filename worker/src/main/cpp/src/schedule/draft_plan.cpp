#include "schedule/draft_plan.h"

#include <algorithm>

namespace bitfleet {

std::optional<Speculation> parse_speculation(std::string_view text) {
  if (text == "auto") return Speculation::automatic;
  if (text == "off") return Speculation::off;
  if (text == "always") return Speculation::always;
  return std::nullopt;
}

std::vector<uint32_t> plan_drafts(std::span<const DraftOffer> offers, uint32_t rows, uint32_t most, Speculation speculation, const StepCost& cost) {
  std::vector<uint32_t> taken(offers.size(), 0);
  if (speculation == Speculation::off) return taken;
  // What the next token of each draft adds to the tokens expected: that it is right, and all before it. It only falls, so
  // taking the best one after the other is the best of all choices.
  std::vector<double> value;
  value.reserve(offers.size());
  for (const DraftOffer& offer : offers) value.push_back(offer.chance);
  std::vector<uint32_t> best = taken;
  double expected = rows;
  double best_rate = rows / std::max(cost.hopeful(rows), 1e-9);
  for (uint32_t count = 1; count <= most; ++count) {
    size_t next = offers.size();
    for (size_t i = 0; i < offers.size(); ++i) {
      if (taken[i] < offers[i].tokens && (next == offers.size() || value[i] > value[next])) next = i;
    }
    if (next == offers.size()) break;
    ++taken[next];
    expected += value[next];
    value[next] *= offers[next].chance;
    if (speculation == Speculation::always) {
      best = taken;
      continue;
    }
    const double rate = expected / std::max(cost.hopeful(rows + count), 1e-9);
    if (rate > best_rate) {
      best_rate = rate;
      best = taken;
    }
  }
  return best;
}

}  // namespace bitfleet
