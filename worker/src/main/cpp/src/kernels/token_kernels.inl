// What happens to one token between two matrix products: quantization, norms, gates, conversions. Needs lanes.h and
// the including file's store_bytes (16 ints within a byte's range) and store_halves.

namespace bitfleet {
namespace {

void quantize(const float* x, uint32_t columns, int8_t* values, float* scale, int32_t* sum, int32_t* block_sums) {
  const uint32_t length = padded(columns);
  Lanes largest = zero_lanes();
  for (uint32_t k = 0; k < length; k += lanes) largest = larger(magnitude(load(x + k)), largest);
  const double bound = static_cast<double>(tree_largest(largest));
  // bitnet.cpp computes the scale in double and rounds once; so do we, to have the same q.
  const auto s = static_cast<float>(127.0 / (bound > 0.00001 ? bound : 0.00001));
  const Lanes factor = broadcast(s);
  int32_t total = 0;
  for (uint32_t block = 0; block * scale_block < length; ++block) {
    const uint32_t start = block * scale_block;
    const uint32_t end = length - start < scale_block ? length : start + scale_block;
    IntLanes part{};
    for (uint32_t k = start; k < end; k += lanes) {
      IntLanes q = bits_of(load(x + k) * factor + broadcast(rounding_magic));
      for (unsigned p = 0; p < lane_parts; ++p) {
        NativeInts v = (q.part[p] & 0x007FFFFF) - 0x00400000;
        v = v > 127 ? NativeInts{} + 127 : v;
        q.part[p] = v < -128 ? NativeInts{} - 128 : v;
        part.part[p] += q.part[p];
      }
      store_bytes(values + k, q);
    }
    int32_t each[lanes];
    std::memcpy(each, &part, sizeof each);
    int32_t block_sum = 0;
    for (uint32_t l = 0; l < lanes; ++l) block_sum += each[l];
    block_sums[block] = block_sum;
    total += block_sum;
  }
  std::memset(values + length, 0, quantized_stride(columns) - length);
  *scale = s;
  *sum = total;
}

void rms_norm(const float* x, const float* weight, uint32_t length, float epsilon, float* out) {
  const uint32_t end = padded(length);
  double sums[lanes] = {};
  for (uint32_t k = 0; k < end; k += lanes) {
    for (uint32_t l = 0; l < lanes; ++l) {
      const double v = x[k + l];
      sums[l] += v * v;
    }
  }
  for (uint32_t half = lanes / 2; half > 0; half /= 2) {
    for (uint32_t l = 0; l < half; ++l) sums[l] += sums[l + half];
  }
  const auto mean = static_cast<float>(sums[0] / length);
  const Lanes scale = broadcast(1.0F / __builtin_sqrtf(mean + epsilon));
  for (uint32_t k = 0; k < end; k += lanes) store(out + k, load(x + k) * scale * load(weight + k));
}

void gate_relu_squared(const float* gate, const float* up, uint32_t length, float* out) {
  for (uint32_t k = 0; k < padded(length); k += lanes) {
    const Lanes positive = larger(load(gate + k), zero_lanes());
    store(out + k, positive * positive * load(up + k));
  }
}

void gate_silu(const float* gate, const float* up, uint32_t length, float* out) {
  for (uint32_t k = 0; k < padded(length); k += lanes) {
    const Lanes g = load(gate + k);
    store(out + k, g / (broadcast(1.0F) + exponential(zero_lanes() - g)) * load(up + k));
  }
}

void to_halves(const float* x, uint32_t length, uint16_t* out) {
  const Lanes limit = broadcast(65504.0F);
  const Lanes floor = broadcast(-65504.0F);
  for (uint32_t k = 0; k < padded(length); k += lanes) store_halves(out + k, larger(smaller(load(x + k), limit), floor));
}

}  // namespace
}  // namespace bitfleet
