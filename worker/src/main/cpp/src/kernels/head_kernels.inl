// What is the same in every implementation of the head's kernels. Needs lanes.h and the including file's
//   Lanes load_halves(const uint16_t* from)
//   template <HeadFormat format, unsigned tokens>
//   void group_sums(const uint8_t* w, const int8_t* high, const int8_t* low, uint64_t stride, const int32_t* q_sums, uint64_t sum_stride,
//                   IntLanes* sums)
// which gives for each token the 16 rows' sums of weight · q over one group. q_sums: the group's sum of q of each token, which undoes
// what the weights are shifted by.

namespace bitfleet {
namespace {

template <HeadFormat format, unsigned tokens>
BITFLEET_INLINE void head_block(const HeadView& w, const FineView& x, uint32_t first, uint32_t block, float* out, uint64_t out_stride) {
  constexpr uint64_t group_bytes = format == HeadFormat::int8 ? 512 : 256;
  const uint32_t groups = head_groups(w.columns);
  const uint64_t stride = static_cast<uint64_t>(groups) * head_group;
  const uint8_t* values = w.values + static_cast<uint64_t>(block) * groups * group_bytes;
  const uint16_t* scales = w.scales + static_cast<uint64_t>(block) * groups * head_lanes;
  const int8_t* high = x.high + first * stride;
  const int8_t* low = x.low + first * stride;
  const int32_t* sums = x.sums + static_cast<uint64_t>(first) * groups;
  Lanes y[tokens];
#pragma GCC unroll 8
  for (unsigned t = 0; t < tokens; ++t) y[t] = zero_lanes();
  for (uint32_t g = 0; g < groups; ++g) {
    IntLanes s[tokens];
    group_sums<format, tokens>(values + g * group_bytes, high + g * head_group, low + g * head_group, stride, sums + g, groups, s);
    const Lanes scale = load_halves(scales + static_cast<uint64_t>(g) * head_lanes);
#pragma GCC unroll 8
    for (unsigned t = 0; t < tokens; ++t) y[t] = y[t] + scale * to_floats(s[t]);
  }
  const uint32_t row = block * head_lanes;
  const uint32_t count = w.rows - row < head_lanes ? w.rows - row : head_lanes;
  for (unsigned t = 0; t < tokens; ++t) {
    float all[head_lanes];
    store(all, y[t] / broadcast(x.scales[first + t]) * broadcast(w.factor));
    std::memcpy(out + (first + t) * out_stride + row, all, count * sizeof(float));
  }
}

template <HeadFormat format>
BITFLEET_INLINE void head_range(const HeadView& w, const FineView& x, uint32_t first_block, uint32_t last_block, float* out, uint64_t out_stride) {
  for (uint32_t block = first_block; block < last_block; ++block) {
    uint32_t t = 0;
    if constexpr (native_lanes == 16) {  // 32 registers: 16 sums, and what is added to at the end of a group
      for (; t + 8 <= x.tokens; t += 8) head_block<format, 8>(w, x, t, block, out, out_stride);
    }
    for (; t + 4 <= x.tokens; t += 4) head_block<format, 4>(w, x, t, block, out, out_stride);
    for (; t + 2 <= x.tokens; t += 2) head_block<format, 2>(w, x, t, block, out, out_stride);
    if (t < x.tokens) head_block<format, 1>(w, x, t, block, out, out_stride);
  }
}

void head_matmul(const HeadView& w, const FineView& x, uint32_t first_block, uint32_t last_block, float* out, uint64_t out_stride) {
  if (w.format == HeadFormat::int8) head_range<HeadFormat::int8>(w, x, first_block, last_block, out, out_stride);
  else head_range<HeadFormat::int4>(w, x, first_block, last_block, out, out_stride);
}

// 16 numbers as 128 · high + low.
BITFLEET_INLINE void store_planes(int8_t* high, int8_t* low, const IntLanes& q) {
  int32_t all[16];
  std::memcpy(all, &q, sizeof all);
  for (unsigned l = 0; l < 16; ++l) {
    const int32_t upper = (all[l] + 64) >> 7;
    high[l] = static_cast<int8_t>(upper);
    low[l] = static_cast<int8_t>(all[l] - 128 * upper);
  }
}

void head_quantize(const float* x, uint32_t columns, int8_t* high, int8_t* low, int32_t* sums, float* scale) {
  const uint32_t length = (columns + 15) / 16 * 16;
  Lanes largest = zero_lanes();
  for (uint32_t k = 0; k < length; k += 16) largest = larger(magnitude(load(x + k)), largest);
  const float most = tree_largest(largest);
  const float s = static_cast<float>(fine_levels) / (most > 0.00001F ? most : 0.00001F);
  const Lanes limit = broadcast(static_cast<float>(fine_levels));
  const Lanes floor = broadcast(-static_cast<float>(fine_levels));
  for (uint32_t g = 0; g < head_groups(columns); ++g) {
    IntLanes sum{};
    for (uint32_t k = g * head_group; k < (g + 1) * head_group; k += 16) {
      IntLanes q{};
      if (k < length) {
        // Rounding may lift the largest one above the last level, by the rounding of s.
        q = bits_of(larger(smaller(load(x + k) * broadcast(s), limit), floor) + broadcast(rounding_magic));
        for (unsigned p = 0; p < lane_parts; ++p) q.part[p] = (q.part[p] & 0x007FFFFF) - 0x00400000;
      }
      for (unsigned p = 0; p < lane_parts; ++p) sum.part[p] += q.part[p];
      store_planes(high + k, low + k, q);
    }
    int32_t each[16];
    std::memcpy(each, &sum, sizeof each);
    int32_t total = 0;
    for (const int32_t one : each) total += one;
    sums[g] = total;
  }
  *scale = s;
}

}  // namespace
}  // namespace bitfleet
