#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bitfleet {

// What a step of so many tokens takes on this machine, learned from the steps there were. It decides how much goes into a
// step, never what comes out of it.
//
// What was not measured for long is taken to have become cheaper, bit by bit, until it is tried again: a size whose one step
// fell into a bad moment of the machine would else be avoided for ever.
class StepCost {
 public:
  void record(uint32_t tokens, double seconds);
  bool known() const { return known_; }

  // Seconds; 0 before anything is known. Between what was measured lines are drawn. Beyond it, the cost of the largest
  // measured step grows in proportion (cautious), or not at all (hopeful: to be tried, and then known).
  double cautious(uint32_t tokens) const { return estimate(tokens, true); }
  double hopeful(uint32_t tokens) const { return estimate(tokens, false); }

  // The most of `wanted` tokens that can join a step of `others` within `seconds`, cautiously; `least` can always.
  uint32_t fitting(uint32_t others, uint32_t wanted, uint32_t least, double seconds) const;

 private:
  // Sizes told apart: all up to 8, then four to each doubling.
  static constexpr size_t classes = 64;
  struct Class {
    double tokens = 0;   // mean, weighted as the seconds are
    double seconds = 0;
    uint64_t measured = 0;  // the number of the latest step
    bool known = false;
  };
  double seconds_of(const Class& known) const;
  static size_t class_of(uint32_t tokens);
  double estimate(uint32_t tokens, bool cautious) const;

  std::array<Class, classes> classes_{};
  uint64_t steps_ = 0;
  bool known_ = false;
};

}  // namespace bitfleet
