#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "schedule/step_cost.h"

namespace bitfleet {

enum class Speculation {
  off,
  automatic,  // where it is expected to pay
  always      // as much as there is room for: to measure, and to test
};

// Accepts auto, off and always; nullopt for anything else.
std::optional<Speculation> parse_speculation(std::string_view text);

struct DraftOffer {
  uint32_t tokens;
  double chance;  // that a token of it is right when those before it are
};

// How many tokens of each draft go into a step that decodes `rows` sequences, at most `most` together: as many as make the
// tokens expected of the step most for the time it is expected to take.
std::vector<uint32_t> plan_drafts(std::span<const DraftOffer> offers, uint32_t rows, uint32_t most, Speculation speculation, const StepCost& cost);

}  // namespace bitfleet
