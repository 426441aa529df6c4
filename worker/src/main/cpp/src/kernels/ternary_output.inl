// How the integer sums of a ternary product become outputs. Needs lanes.h.

namespace bitfleet {
namespace {

constexpr uint32_t token_tile = 8;  // most tokens that two_bit_sums takes side by side

BITFLEET_INLINE void store_rows(float* out, const Lanes& values, uint32_t count) {
  if (count >= lanes) {
    store(out, values);
    return;
  }
  float all[lanes];
  store(all, values);
  for (uint32_t l = 0; l < count; ++l) out[l] = all[l];
}

BITFLEET_INLINE Lanes minus(const int32_t* sums, int32_t value) {
  IntLanes v = load_ints(sums);
  for (unsigned p = 0; p < lane_parts; ++p) v.part[p] -= value;
  return to_floats(v);
}

// The one order of the float operations behind the sums. `row` is the first of 16.
BITFLEET_INLINE void finish(const TernaryView& w, const QuantizedView& x, uint32_t token, uint32_t row, const Lanes& sums, float* out,
                            uint64_t out_stride) {
  const Lanes y = sums / broadcast(x.scales[token]) * broadcast(w.scale) * broadcast(w.factor);
  store_rows(out + token * out_stride + row, y, w.rows - row);
}

}  // namespace
}  // namespace bitfleet
