#pragma once

#include <cstdint>

#include "quant/weight_quant.h"

namespace bitfleet {

// Rounds the weights that share one scale: to signed bytes for int8, to -8..7 for q4_0. Returns the scale, which is what f16
// can hold, as in a file of the format; not finite when the weights are too large for that.
// Source: ggml's quantize_row_q8_0_ref and quantize_row_q4_0_ref.
float round_group(WeightQuant quant, const float* x, uint32_t count, int8_t* values);

}  // namespace bitfleet
