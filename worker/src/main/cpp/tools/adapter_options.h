#pragma once

#include "serve/serve.h"
#include "tools/options.h"

namespace bitfleet::tools {

// --lora FILE[:STRENGTH], --lora-quant and --unembed-quant none|int8|q4_0, the latter auto too. UsageError for anything else.
void read_adapter_options(const Options& options, ServeOptions& serve);

}  // namespace bitfleet::tools
