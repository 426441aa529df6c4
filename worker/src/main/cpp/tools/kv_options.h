#pragma once

#include "kernels/kv_layout.h"
#include "tools/options.h"

namespace bitfleet::tools {

// --kv-quant none|int8. UsageError for anything else.
KvQuant kv_quant_of(const Options& options);

}  // namespace bitfleet::tools
