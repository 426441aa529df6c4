#pragma once

#include <cstdint>
#include <cstring>

// Sixteen floats or ints that behave the same on every machine: one zmm register, two ymm, or four xmm / NEON ones,
// chosen by the flags of the including file.
//
// Everything sits in an unnamed namespace and is inlined by force: this header is compiled several times with
// different instruction sets, and a shared copy could end up with instructions the machine lacks.
#define BITFLEET_INLINE static inline __attribute__((always_inline))

namespace bitfleet {
namespace {

#if defined(__AVX512F__)
constexpr unsigned native_lanes = 16;
#elif defined(__AVX2__)
constexpr unsigned native_lanes = 8;
#else
constexpr unsigned native_lanes = 4;
#endif
constexpr unsigned lane_parts = 16 / native_lanes;

typedef float NativeFloats __attribute__((vector_size(4 * native_lanes)));
typedef int32_t NativeInts __attribute__((vector_size(4 * native_lanes)));

struct Lanes {
  NativeFloats part[lane_parts];
};

struct IntLanes {
  NativeInts part[lane_parts];
};

BITFLEET_INLINE Lanes broadcast(float value) {
  Lanes r;
  for (unsigned p = 0; p < lane_parts; ++p) r.part[p] = value - NativeFloats{};  // is value, -0 too, so no instruction
  return r;
}

BITFLEET_INLINE Lanes zero_lanes() {
  Lanes r;
  for (unsigned p = 0; p < lane_parts; ++p) r.part[p] = NativeFloats{};
  return r;
}

// Register by register: gcc 12 copies a struct of several through the stack, in pieces that the loads behind them then wait for.
BITFLEET_INLINE Lanes load(const float* from) {
  Lanes r;
  for (unsigned p = 0; p < lane_parts; ++p) std::memcpy(&r.part[p], from + p * native_lanes, sizeof r.part[p]);
  return r;
}

BITFLEET_INLINE void store(float* to, const Lanes& v) {
  for (unsigned p = 0; p < lane_parts; ++p) std::memcpy(to + p * native_lanes, &v.part[p], sizeof v.part[p]);
}

BITFLEET_INLINE Lanes operator+(const Lanes& a, const Lanes& b) {
  Lanes r;
  for (unsigned p = 0; p < lane_parts; ++p) r.part[p] = a.part[p] + b.part[p];
  return r;
}

BITFLEET_INLINE Lanes operator-(const Lanes& a, const Lanes& b) {
  Lanes r;
  for (unsigned p = 0; p < lane_parts; ++p) r.part[p] = a.part[p] - b.part[p];
  return r;
}

BITFLEET_INLINE Lanes operator*(const Lanes& a, const Lanes& b) {
  Lanes r;
  for (unsigned p = 0; p < lane_parts; ++p) r.part[p] = a.part[p] * b.part[p];
  return r;
}

BITFLEET_INLINE Lanes operator/(const Lanes& a, const Lanes& b) {
  Lanes r;
  for (unsigned p = 0; p < lane_parts; ++p) r.part[p] = a.part[p] / b.part[p];
  return r;
}

// a where a > b, else b: also what happens to NaN.
BITFLEET_INLINE Lanes larger(const Lanes& a, const Lanes& b) {
  Lanes r;
  for (unsigned p = 0; p < lane_parts; ++p) r.part[p] = a.part[p] > b.part[p] ? a.part[p] : b.part[p];
  return r;
}

BITFLEET_INLINE Lanes smaller(const Lanes& a, const Lanes& b) {
  Lanes r;
  for (unsigned p = 0; p < lane_parts; ++p) r.part[p] = a.part[p] < b.part[p] ? a.part[p] : b.part[p];
  return r;
}

BITFLEET_INLINE IntLanes bits_of(const Lanes& a) {
  IntLanes r;
  for (unsigned p = 0; p < lane_parts; ++p) r.part[p] = (NativeInts)a.part[p];
  return r;
}

BITFLEET_INLINE Lanes from_bits(const IntLanes& a) {
  Lanes r;
  for (unsigned p = 0; p < lane_parts; ++p) r.part[p] = (NativeFloats)a.part[p];
  return r;
}

BITFLEET_INLINE IntLanes load_ints(const int32_t* from) {
  IntLanes r;
  for (unsigned p = 0; p < lane_parts; ++p) std::memcpy(&r.part[p], from + p * native_lanes, sizeof r.part[p]);
  return r;
}

BITFLEET_INLINE Lanes to_floats(const IntLanes& a) {
  Lanes r;
  for (unsigned p = 0; p < lane_parts; ++p) r.part[p] = __builtin_convertvector(a.part[p], NativeFloats);
  return r;
}

BITFLEET_INLINE Lanes magnitude(const Lanes& a) {
  IntLanes r = bits_of(a);
  for (unsigned p = 0; p < lane_parts; ++p) r.part[p] &= 0x7FFFFFFF;
  return from_bits(r);
}

// The one tree: 16 → 8 → 4 → 2 → 1, lane l with lane l + half.
BITFLEET_INLINE float tree_sum(const Lanes& v) {
  float s[16];
  store(s, v);
  for (unsigned half = 8; half > 0; half /= 2) {
    for (unsigned l = 0; l < half; ++l) s[l] += s[l + half];
  }
  return s[0];
}

BITFLEET_INLINE float tree_largest(const Lanes& v) {
  float s[16];
  store(s, v);
  for (unsigned half = 8; half > 0; half /= 2) {
    for (unsigned l = 0; l < half; ++l) s[l] = s[l] > s[l + half] ? s[l] : s[l + half];
  }
  return s[0];
}

constexpr float rounding_magic = 12582912.0F;  // 1.5 · 2^23: adding it rounds to the nearest integer, ties to even

// e^x for x <= 88, about 1 ulp; 0 below -87. Source: the polynomial of Cephes' expf (Stephen Moshier).
BITFLEET_INLINE Lanes exponential(const Lanes& x) {
  const Lanes bounded = smaller(larger(x, broadcast(-87.0F)), broadcast(88.0F));
  const Lanes shifted = bounded * broadcast(1.44269504088896341F) + broadcast(rounding_magic);
  const Lanes n = shifted - broadcast(rounding_magic);
  const Lanes r = bounded - n * broadcast(0.693359375F) - n * broadcast(-2.12194440e-4F);
  Lanes y = broadcast(1.9875691500e-4F);
  y = y * r + broadcast(1.3981999507e-3F);
  y = y * r + broadcast(8.3334519073e-3F);
  y = y * r + broadcast(4.1665795894e-2F);
  y = y * r + broadcast(1.6666665459e-1F);
  y = y * r + broadcast(5.0000001201e-1F);
  y = y * (r * r) + r + broadcast(1.0F);
  IntLanes power = bits_of(shifted);
  for (unsigned p = 0; p < lane_parts; ++p) power.part[p] = (power.part[p] - (0x4B400000 - 127)) << 23;
  Lanes result = y * from_bits(power);
  for (unsigned p = 0; p < lane_parts; ++p) {
    result.part[p] = x.part[p] < -87.0F ? NativeFloats{} : result.part[p];
  }
  return result;
}

}  // namespace
}  // namespace bitfleet
