#include "model/rotation.h"

#include <cmath>

#include "check.h"
#include "random_bytes.h"

using namespace bitfleet;
using bitfleet::testing::TestRandom;

TEST(the_portable_functions_agree_with_the_math_library) {
  TestRandom random(61);
  for (int i = 0; i < 200000; ++i) {
    const double x = std::exp(random.uniform() * 30.0);
    CHECK(std::fabs(portable_log(x) - std::log(x)) <= 4e-16 * std::fabs(std::log(x)) + 3e-16);
    const double y = random.uniform() * 50.0;
    CHECK(std::fabs(portable_exp(y) / std::exp(y) - 1) < 4e-16);
    const double angle = random.uniform() * (i % 2 == 0 ? 10.0 : 200000.0);
    double sine = 0;
    double cosine = 0;
    portable_sincos(angle, &sine, &cosine);
    CHECK(std::fabs(sine - std::sin(angle)) < 4e-16);
    CHECK(std::fabs(cosine - std::cos(angle)) < 4e-16);
  }
}

namespace {

Hyperparameters shape(RopePairs pairs) {
  Hyperparameters h;
  h.head_dim = 8;
  h.rope_dim = 8;
  h.rope_theta = 10000;
  h.rope_pairs = pairs;
  return h;
}

}  // namespace

TEST(pairs_turn_by_position_times_frequency) {
  for (const RopePairs pairs : {RopePairs::halves, RopePairs::neighbours}) {
    const Rotation rotation(shape(pairs), {});
    float cosines[4];
    float sines[4];
    rotation.at(7, cosines, sines);
    float head[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    rotation.turn(head, cosines, sines);
    for (int i = 0; i < 4; ++i) {
      const double angle = 7 * std::pow(10000.0, -i / 4.0);
      const int first = pairs == RopePairs::halves ? i : 2 * i;
      const int second = pairs == RopePairs::halves ? i + 4 : 2 * i + 1;
      CHECK(std::fabs(head[first] - ((first + 1) * std::cos(angle) - (second + 1) * std::sin(angle))) < 2e-6);
      CHECK(std::fabs(head[second] - ((first + 1) * std::sin(angle) + (second + 1) * std::cos(angle))) < 2e-6);
    }
  }
}

TEST(factors_divide_frequencies_and_position_zero_turns_nothing) {
  const Rotation plain(shape(RopePairs::halves), {});
  const Rotation slowed(shape(RopePairs::halves), {2, 2, 2, 2});
  float a[4], b[4], c[4], d[4];
  plain.at(5, a, b);
  slowed.at(10, c, d);
  for (int i = 0; i < 4; ++i) CHECK_EQUAL(a[i], c[i]);
  plain.at(0, a, b);
  for (int i = 0; i < 4; ++i) CHECK(a[i] == 1 && b[i] == 0);
}
