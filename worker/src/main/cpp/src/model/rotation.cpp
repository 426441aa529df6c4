#include "model/rotation.h"

#include <bit>
#include <cmath>

namespace bitfleet {

// log(m · 2^e) = e · ln 2 + 2 · atanh((m − 1) / (m + 1)), with m in [√½, √2).
double portable_log(double x) {
  const auto bits = std::bit_cast<uint64_t>(x);
  auto exponent = static_cast<int>(bits >> 52) - 1022;
  double m = std::bit_cast<double>((bits & 0x000FFFFFFFFFFFFF) | 0x3FE0000000000000);  // [0.5, 1)
  if (m < 0.70710678118654752440) {
    m *= 2;
    --exponent;
  }
  const double s = (m - 1) / (m + 1);  // |s| < 0.1716
  const double square = s * s;
  double sum = 0;
  for (int n = 23; n >= 3; n -= 2) sum = (sum + 1.0 / n) * square;
  return exponent * 0.69314718055994530942 + 2 * (s + s * sum);
}

// e^x = 2^n · e^r with |r| <= ln 2 / 2.
double portable_exp(double x) {
  const double n = std::nearbyint(x * 1.44269504088896340736);
  const double r = x - n * 0.693147180369123816490 - n * 1.90821492927058770002e-10;
  double sum = 1;
  for (int k = 14; k >= 1; --k) sum = 1 + sum * r / k;
  return std::ldexp(sum, static_cast<int>(n));
}

// Reduces by multiples of π/2, held in three pieces of 33 bits each so that n · piece is exact for n < 2^20, then Taylor series.
// Source of the pieces: fdlibm's rem_pio2.
void portable_sincos(double x, double* sine, double* cosine) {
  const double n = std::nearbyint(x * 0.63661977236758134308);
  const double r = ((x - n * 1.57079632673412561417) - n * 6.07710050630396597660e-11) - n * 2.02226624871116645580e-21;
  const double square = r * r;
  double s = 1;
  for (int k = 18; k >= 2; k -= 2) s = 1 - s * square / (k * (k + 1));
  s *= r;
  double c = 1;
  for (int k = 18; k >= 2; k -= 2) c = 1 - c * square / (k * (k - 1));
  switch (static_cast<int64_t>(n) & 3) {
    case 0: *sine = s; *cosine = c; break;
    case 1: *sine = c; *cosine = -s; break;
    case 2: *sine = -s; *cosine = -c; break;
    default: *sine = -c; *cosine = s; break;
  }
}

Rotation::Rotation(const Hyperparameters& h, const std::vector<float>& factors) : kind_(h.rope_pairs) {
  const double step = -portable_log(static_cast<double>(h.rope_theta)) / (h.rope_dim / 2);
  for (uint32_t i = 0; i < h.rope_dim / 2; ++i) {
    double frequency = portable_exp(step * i) * static_cast<double>(h.rope_scale);
    if (!factors.empty()) frequency /= static_cast<double>(factors[i]);
    frequencies_.push_back(frequency);
  }
}

void Rotation::at(uint32_t position, float* cosines, float* sines) const {
  constexpr double largest = 1 << 30;  // beyond which the reduction loses its digits; no model turns so far
  for (uint32_t i = 0; i < pairs(); ++i) {
    double sine = 0;
    double cosine = 0;
    const double angle = position * frequencies_[i];
    portable_sincos(angle < largest ? angle : largest, &sine, &cosine);
    cosines[i] = static_cast<float>(cosine);
    sines[i] = static_cast<float>(sine);
  }
}

void Rotation::turn(float* head, const float* cosines, const float* sines) const {
  const uint32_t count = pairs();
  if (kind_ == RopePairs::halves) {
    for (uint32_t i = 0; i < count; ++i) {
      const float a = head[i];
      const float b = head[i + count];
      head[i] = a * cosines[i] - b * sines[i];
      head[i + count] = a * sines[i] + b * cosines[i];
    }
  } else {
    for (uint32_t i = 0; i < count; ++i) {
      const float a = head[2 * i];
      const float b = head[2 * i + 1];
      head[2 * i] = a * cosines[i] - b * sines[i];
      head[2 * i + 1] = a * sines[i] + b * cosines[i];
    }
  }
}

}  // namespace bitfleet
