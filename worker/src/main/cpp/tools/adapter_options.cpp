#include "tools/adapter_options.h"

#include <charconv>
#include <cmath>

namespace bitfleet::tools {
namespace {

WeightQuant quant_of(const Options& options, std::string_view name) {
  const std::string text = options.text(name).value_or("none");
  const auto quant = parse_weight_quant(text);
  if (!quant) throw UsageError(std::string(name) + " is none, int8 or q4_0, not " + text);
  return *quant;
}

}  // namespace

void read_adapter_options(const Options& options, ServeOptions& serve) {
  serve.adapter_quant = quant_of(options, "--lora-quant");
  if (options.text("--unembed-quant").value_or("none") == "auto") serve.unembed_quant = std::nullopt;
  else serve.unembed_quant = quant_of(options, "--unembed-quant");
  const auto lora = options.text("--lora");
  if (!lora) {
    if (options.text("--lora-quant")) throw UsageError("--lora-quant goes with --lora");
    return;
  }
  serve.adapter = *lora;
  const size_t colon = lora->rfind(':');
  if (colon == std::string::npos) return;
  // A colon may be part of a name: only a number behind it is a strength.
  float strength = 0;
  const char* end = lora->data() + lora->size();
  const auto [next, error] = std::from_chars(lora->data() + colon + 1, end, strength);
  if (error != std::errc{} || next != end) return;
  if (!std::isfinite(strength)) throw UsageError("--lora: the strength is not a number");
  serve.adapter = lora->substr(0, colon);
  serve.adapter_strength = strength;
}

}  // namespace bitfleet::tools
