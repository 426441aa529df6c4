#pragma once

#include <cstddef>
#include <span>

// Exponential and logarithm whose bits depend on the arguments alone. A libm picks its code by the processor it finds
// itself on (ifuncs), and two machines of a fleet must draw the same token; here is only +, −, × and ÷ of IEEE 754,
// compiled without contraction into fused multiply-adds.
namespace bitfleet::exact {

// e^x, relative error below 1e-15; 0 below −745, +∞ above 709, NaN for NaN.
double exp(double x);

// Natural logarithm, relative error below 1e-15 (absolute, near 1); −∞ for 0, NaN below.
double log(double x);

// weights[i] = e^((values[i] − shift) · scale), for values[i] ≤ shift and scale > 0, relative error below 3e-7;
// exactly 0 where the exponent is below −87. Single precision, four at a time: this runs over whole vocabularies.
void exp_weights(std::span<const float> values, float shift, float scale, float* weights);

// The sum in double precision, in a fixed order (8 interleaved partial sums, then pairwise).
double sum(std::span<const float> values);

}  // namespace bitfleet::exact
