#include "sample/exact_math.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace bitfleet::exact {
namespace {

// ln 2 split so that k · ln2_high is exact for |k| < 2^11. Source: fdlibm (Sun Microsystems), e_exp.c.
constexpr double ln2_high = 6.93147180369123816490e-01;
constexpr double ln2_low = 1.90821492927058770002e-10;
constexpr double log2_e = 1.44269504088896338700e+00;

double power_of_two(int exponent) {  // -1022 <= exponent <= 1023
  return std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52);
}

using Floats = float __attribute__((vector_size(16)));
using Ints = int32_t __attribute__((vector_size(16)));

Floats splat(float value) { return Floats{value, value, value, value}; }

// e^x for −87 ≤ x ≤ 0: Taylor to degree 7 on |r| ≤ ln2/2 (remainder 5e-9), scaled by 2^k put into the exponent bits.
Floats exp4(Floats x) {
  constexpr float round_magic = 12582912.0f;  // 1.5·2^23: adding it leaves the nearest integer in the low bits
  const Floats scaled = x * splat(1.44269504f) + splat(round_magic);
  const Floats k = scaled - splat(round_magic);
  const Floats r = (x - k * splat(0.693359375f)) - k * splat(-2.12194440e-4f);
  Floats p = splat(1.0f / 5040);
  p = p * r + splat(1.0f / 720);
  p = p * r + splat(1.0f / 120);
  p = p * r + splat(1.0f / 24);
  p = p * r + splat(1.0f / 6);
  p = p * r + splat(0.5f);
  p = p * r + splat(1.0f);
  p = p * r + splat(1.0f);
  const Ints exponent = (std::bit_cast<Ints>(scaled) - std::bit_cast<Ints>(splat(round_magic)) + 127) << 23;
  return p * std::bit_cast<Floats>(exponent);
}

}  // namespace

double exp(double x) {
  if (std::isnan(x)) return x;
  if (x > 709.0) return std::numeric_limits<double>::infinity();
  if (x < -745.0) return 0;
  const double k = std::floor(x * log2_e + 0.5);
  const double r = (x - k * ln2_high) - k * ln2_low;
  // Taylor to degree 14 on |r| <= ln2/2: remainder below 1e-19.
  double p = 1.0;
  for (int n = 14; n >= 1; --n) p = 1.0 + p * r / n;
  const int exponent = static_cast<int>(k);
  if (exponent < -1000) return p * power_of_two(exponent + 100) * power_of_two(-100);
  if (exponent > 1000) return p * power_of_two(exponent - 100) * power_of_two(100);
  return p * power_of_two(exponent);
}

double log(double x) {
  if (std::isnan(x) || x < 0) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return -std::numeric_limits<double>::infinity();
  if (std::isinf(x)) return x;
  int exponent = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= power_of_two(54);
    exponent = -54;
  }
  uint64_t bits = std::bit_cast<uint64_t>(x);
  exponent += static_cast<int>(bits >> 52) - 1023;
  bits = (bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000;
  double mantissa = std::bit_cast<double>(bits);  // [1, 2)
  if (mantissa > 1.4142135623730951) {
    mantissa *= 0.5;
    ++exponent;
  }
  // log m = 2·artanh(s) with s = (m−1)/(m+1), |s| <= 0.1716: s^25 is below 1e-19.
  const double s = (mantissa - 1) / (mantissa + 1);
  const double s2 = s * s;
  double p = 0;
  for (int n = 25; n >= 3; n -= 2) p = (p + 1.0 / n) * s2;
  return exponent * ln2_high + (exponent * ln2_low + 2 * s * (1 + p));
}

void exp_weights(std::span<const float> values, float shift, float scale, float* weights) {
  const auto four = [&](const float* in, float* out) {
    Floats x;
    std::memcpy(&x, in, sizeof x);
    x = (x - splat(shift)) * splat(scale);
    const Ints in_range = x >= splat(-87.0f);
    const Floats bounded = in_range ? x : splat(-87.0f);
    const Floats result = std::bit_cast<Floats>(std::bit_cast<Ints>(exp4(bounded)) & in_range);
    std::memcpy(out, &result, sizeof result);
  };
  size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) four(values.data() + i, weights + i);
  if (i < values.size()) {
    float in[4] = {shift, shift, shift, shift};
    float out[4];
    std::memcpy(in, values.data() + i, (values.size() - i) * sizeof(float));
    four(in, out);
    std::memcpy(weights + i, out, (values.size() - i) * sizeof(float));
  }
}

double sum(std::span<const float> values) {
  double partial[8] = {};
  size_t i = 0;
  for (; i + 8 <= values.size(); i += 8) {
    for (size_t lane = 0; lane < 8; ++lane) partial[lane] += static_cast<double>(values[i + lane]);
  }
  for (size_t lane = 0; i < values.size(); ++i, ++lane) partial[lane] += static_cast<double>(values[i]);
  return ((partial[0] + partial[1]) + (partial[2] + partial[3])) + ((partial[4] + partial[5]) + (partial[6] + partial[7]));
}

}  // namespace bitfleet::exact
