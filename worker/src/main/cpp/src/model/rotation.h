#pragma once

#include <cstdint>
#include <vector>

#include "model/hyperparameters.h"

namespace bitfleet {

// The sines and cosines of rotary position embedding. Computed by own polynomials in double precision and rounded once, so
// that the bits depend neither on the C library nor on what the processor offers it. Source: Su et al., RoFormer (2021).
class Rotation {
 public:
  // `factors` divide the frequencies one by one (rope_freqs.weight), or is empty.
  Rotation(const Hyperparameters& hyperparameters, const std::vector<float>& factors);

  uint32_t pairs() const { return static_cast<uint32_t>(frequencies_.size()); }

  // cosines and sines of every pair at a position: [pairs()] each.
  void at(uint32_t position, float* cosines, float* sines) const;

  // Turns the leading 2 · pairs() elements of one head in place.
  void turn(float* head, const float* cosines, const float* sines) const;

 private:
  RopePairs kind_;
  std::vector<double> frequencies_;  // radians per position
};

// Exposed for tests against the C library.
double portable_log(double x);  // x > 0 and finite
double portable_exp(double x);  // |x| < 700
void portable_sincos(double x, double* sine, double* cosine);  // |x| < 2^30

}  // namespace bitfleet
