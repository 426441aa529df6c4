#include "quant/round_group.h"

#include <algorithm>
#include <cmath>

#include "quant/half.h"

namespace bitfleet {

float round_group(WeightQuant quant, const float* x, uint32_t count, int8_t* values) {
  float extreme = 0;  // of the largest magnitude, with its sign
  for (uint32_t i = 0; i < count; ++i) extreme = std::fabs(x[i]) > std::fabs(extreme) ? x[i] : extreme;
  const bool bytes = quant == WeightQuant::int8;
  const float scale = half_to_float(float_to_half(bytes ? std::fabs(extreme) / 127 : extreme / -8));
  for (uint32_t i = 0; i < count; ++i) {
    const float q = scale == 0 ? 0.0F : std::nearbyint(x[i] / scale);
    values[i] = static_cast<int8_t>(std::clamp(q, bytes ? -127.0F : -8.0F, bytes ? 127.0F : 7.0F));
  }
  return scale;
}

}  // namespace bitfleet
