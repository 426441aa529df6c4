#pragma once

#include <optional>
#include <string_view>

namespace bitfleet {

// What dense weights are rounded to when they are loaded.
enum class WeightQuant {
  none,  // as the file has them
  int8,  // signed bytes, an f16 scale per 32 weights: as Q8_0
  q4_0   // 16 levels, an f16 scale per 32 weights: as Q4_0. Adapters hold them as bytes, a head as half of one
};

constexpr std::string_view to_string(WeightQuant quant) {
  switch (quant) {
    case WeightQuant::none: return "none";
    case WeightQuant::int8: return "int8";
    case WeightQuant::q4_0: return "q4_0";
  }
  return "none";
}

constexpr std::optional<WeightQuant> parse_weight_quant(std::string_view name) {
  for (const WeightQuant quant : {WeightQuant::none, WeightQuant::int8, WeightQuant::q4_0}) {
    if (to_string(quant) == name) return quant;
  }
  return std::nullopt;
}

}  // namespace bitfleet
