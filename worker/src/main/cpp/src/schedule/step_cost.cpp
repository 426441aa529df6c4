#include "schedule/step_cost.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace bitfleet {
namespace {

constexpr double newest_weight = 0.2;
constexpr double forgetting = 0.005;    // of a size that was long not measured, by step of another size
constexpr double least_remembered = 0.25;
constexpr uint64_t long_ago = 50;       // steps
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
  ++steps_;
  Class& own = classes_[class_of(tokens)];
  const bool stale = own.known && steps_ - own.measured > long_ago;
  if (!own.known || stale) {
    own = {static_cast<double>(tokens), stale ? std::min(seconds, longest_surprise * own.seconds) : seconds, steps_, true};
    return;
  }
  own.measured = steps_;
  const double counted = std::min(seconds, longest_surprise * own.seconds);
  own.tokens += newest_weight * (tokens - own.tokens);
  own.seconds += newest_weight * (counted - own.seconds);
}

double StepCost::seconds_of(const Class& known) const {
  const uint64_t age = steps_ - known.measured;
  if (age <= long_ago) return known.seconds;
  return known.seconds * std::max(least_remembered, std::pow(1 - forgetting, static_cast<double>(age - long_ago)));
}

double StepCost::estimate(uint32_t tokens, bool cautious) const {
  const Class* below = nullptr;
  for (const Class& next : classes_) {
    if (!next.known) continue;
    if (next.tokens < tokens) {
      below = &next;
      continue;
    }
    if (below == nullptr) return seconds_of(next);  // fewer tokens than ever before
    const double part = (tokens - below->tokens) / (next.tokens - below->tokens);
    return seconds_of(*below) + part * (seconds_of(next) - seconds_of(*below));
  }
  if (below == nullptr) return 0;
  return cautious ? seconds_of(*below) * tokens / below->tokens : seconds_of(*below);
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
