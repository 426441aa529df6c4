#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "quant/tensor_type.h"

namespace bitfleet::tools {

// Appends one row of ternary codes (0, 1, 2) in a ternary file format. `scales` has one scale per 256 weights for TQ1_0 and
// TQ2_0 and is ignored for I2_S, whose scale follows the whole tensor (i2_s_trailer).
void encode_ternary_row(TensorType type, std::span<const uint8_t> codes, std::span<const float> scales, std::vector<uint8_t>& out);

// The 32 bytes behind the last row.
void i2_s_trailer(float scale, std::vector<uint8_t>& out);

// Appends one row of floats in a format that is not ternary; the quantizers round to nearest and are meant for made-up
// weights, not for quality.
void encode_dense_row(TensorType type, std::span<const float> values, std::vector<uint8_t>& out);

}  // namespace bitfleet::tools
