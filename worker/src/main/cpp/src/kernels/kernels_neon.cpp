// Kernels for 64-bit ARM with dot products of bytes (Armv8.2 with FEAT_DotProd). No other translation unit may be compiled for them.

#include <arm_neon.h>

#include "kernels/kernel_tables.h"
#include "kernels/lanes.h"

namespace bitfleet {
namespace {

BITFLEET_INLINE Lanes load_halves(const uint16_t* from) {
  Lanes r;
  for (unsigned p = 0; p < 4; ++p) r.part[p] = (NativeFloats)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from + 4 * p)));
  return r;
}

BITFLEET_INLINE void store_halves(uint16_t* to, const Lanes& v) {
  for (unsigned p = 0; p < 4; ++p) vst1_u16(to + 4 * p, vreinterpret_u16_f16(vcvt_f16_f32((float32x4_t)v.part[p])));
}

BITFLEET_INLINE Lanes load_bfloats(const uint16_t* from) {
  Lanes r;
  for (unsigned p = 0; p < 4; ++p) r.part[p] = (NativeFloats)vshll_n_u16(vld1_u16(from + 4 * p), 16);
  return r;
}

BITFLEET_INLINE Lanes load_bytes(const int8_t* from) {
  Lanes r;
  const int8x16_t bytes = vld1q_s8(from);
  const int16x8_t low = vmovl_s8(vget_low_s8(bytes));
  const int16x8_t high = vmovl_s8(vget_high_s8(bytes));
  r.part[0] = (NativeFloats)vcvtq_f32_s32(vmovl_s16(vget_low_s16(low)));
  r.part[1] = (NativeFloats)vcvtq_f32_s32(vmovl_s16(vget_high_s16(low)));
  r.part[2] = (NativeFloats)vcvtq_f32_s32(vmovl_s16(vget_low_s16(high)));
  r.part[3] = (NativeFloats)vcvtq_f32_s32(vmovl_s16(vget_high_s16(high)));
  return r;
}

BITFLEET_INLINE void store_bytes(int8_t* to, const IntLanes& v) {
  const int16x8_t low = vcombine_s16(vmovn_s32((int32x4_t)v.part[0]), vmovn_s32((int32x4_t)v.part[1]));
  const int16x8_t high = vcombine_s16(vmovn_s32((int32x4_t)v.part[2]), vmovn_s32((int32x4_t)v.part[3]));
  vst1q_s8(to, vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
}

}  // namespace
}  // namespace bitfleet

#include "kernels/attention_kernels.inl"
#include "kernels/byte_sums_neon.inl"
#include "kernels/byte_attention.inl"
#include "kernels/dense_kernels.inl"
#include "kernels/ternary_output.inl"
#include "kernels/token_kernels.inl"

#include "kernels/two_bit_neon.inl"

#include "kernels/ternary_driver.inl"

namespace bitfleet {
namespace {

void ternary_matmul(const TernaryView& w, const QuantizedView& x, uint32_t first_row, uint32_t last_row, float* out,
                    uint64_t out_stride, void*) {
  if (w.layout == TernaryLayout::two_bit) two_bit_matmul(w, x, first_row, last_row, out, out_stride);
  else foreign_matmul(w, x, first_row, last_row, out, out_stride);
}

}  // namespace

const Kernels neon_kernels{KernelSet::neon, ternary_matmul, dense_matmul, quantize,  rms_norm, gate_relu_squared,
                           gate_silu,       attend,         to_halves,    expand_row};

}  // namespace bitfleet
