#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace bitfleet {

// How the hidden states of a text's tokens become one embedding. The numbers are those of <architecture>.pooling_type.
enum class Pooling : uint32_t {
  none = 0,  // they do not: no embedding model
  mean = 1,  // the mean over all tokens
  cls = 2,   // the first token's
  last = 3   // the last token's
};

constexpr std::string_view to_string(Pooling pooling) {
  switch (pooling) {
    case Pooling::none: return "none";
    case Pooling::mean: return "mean";
    case Pooling::cls: return "cls";
    case Pooling::last: return "last";
  }
  return "none";
}

constexpr std::optional<Pooling> parse_pooling(std::string_view name) {
  for (const Pooling pooling : {Pooling::none, Pooling::mean, Pooling::cls, Pooling::last}) {
    if (to_string(pooling) == name) return pooling;
  }
  return std::nullopt;
}

}  // namespace bitfleet
