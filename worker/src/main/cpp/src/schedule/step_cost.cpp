#include "schedule/step_cost.h"

#include <algorithm>
#include <bit>

namespace bitfleet {
namespace {

constexpr double newest_weight = 0.2;
constexpr double longest_surprise = 3;  // a step that took longer than so many times the usual was held up by something else

}  // namespace

size_t StepCost::class_of(uint32_t tokens) {
  if (tokens <= 8) return tokens;
  const auto octave = static_cast<uint32_t>(std::bit_width(tokens - 1)) - 1;  // 2^octave < tokens <= 2^(octave + 1)
  const uint32_t quarter = (tokens - 1 - (1U << octave)) >> (octave - 2);
  return std::min<size_t>(classes - 1, 9 + (octave - 3) * 4 + quarter);
}

void StepCost::record(uint32_t tokens, double seconds) {
  known_ = true;
  Class& own = classes_[class_of(tokens)];
  if (!own.known) {
    own = {static_cast<double>(tokens), seconds, true};
    return;
  }
  const double counted = std::min(seconds, longest_surprise * own.seconds);
  own.tokens += newest_weight * (tokens - own.tokens);
  own.seconds += newest_weight * (counted - own.seconds);
}

double StepCost::estimate(uint32_t tokens, bool cautious) const {
  const Class* below = nullptr;
  for (const Class& next : classes_) {
    if (!next.known) continue;
    if (next.tokens < tokens) {
      below = &next;
      continue;
    }
    if (below == nullptr) return next.seconds;  // fewer tokens than ever before
    const double part = (tokens - below->tokens) / (next.tokens - below->tokens);
    return below->seconds + part * (next.seconds - below->seconds);
  }
  if (below == nullptr) return 0;
  return cautious ? below->seconds * tokens / below->tokens : below->seconds;
}

uint32_t StepCost::fitting(uint32_t others, uint32_t wanted, uint32_t least, double seconds) const {
  if (wanted <= least || cautious(others + wanted) <= seconds) return wanted;
  uint32_t fits = least;
  uint32_t exceeds = wanted;
  while (exceeds - fits > 1) {
    const uint32_t middle = fits + (exceeds - fits) / 2;
    (cautious(others + middle) <= seconds ? fits : exceeds) = middle;
  }
  return fits;
}

}  // namespace bitfleet
