#include "tools/kv_options.h"

namespace bitfleet::tools {

KvQuant kv_quant_of(const Options& options) {
  const std::string text = options.text("--kv-quant").value_or("none");
  const auto quant = parse_kv_quant(text);
  if (!quant) throw UsageError("--kv-quant is none or int8, not " + text);
  return *quant;
}

}  // namespace bitfleet::tools
