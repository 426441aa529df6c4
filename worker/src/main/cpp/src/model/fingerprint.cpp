#include "model/fingerprint.h"

#include <cstring>

namespace bitfleet {
namespace {

constexpr uint64_t odd = 0x9E3779B97F4A7C15;

uint64_t mix(uint64_t state, uint64_t word) {
  state = (state ^ word) * odd;
  return state ^ state >> 29;
}

// Source: the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
uint64_t finish(uint64_t z) {
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return z ^ z >> 31;
}

}  // namespace

void Fingerprint::add(std::span<const std::byte> bytes) {
  const std::byte* at = bytes.data();
  size_t left = bytes.size();
  uint64_t words[4];
  for (; left >= 32; left -= 32, at += 32) {
    std::memcpy(words, at, 32);
    for (int l = 0; l < 4; ++l) lanes_[l] = mix(lanes_[l], words[l]);
  }
  std::memset(words, 0, 32);
  if (left > 0) std::memcpy(words, at, left);
  for (int l = 0; l < 4; ++l) lanes_[l] = mix(mix(lanes_[l], words[l]), bytes.size() + static_cast<uint64_t>(l));
}

uint64_t Fingerprint::number() const { return finish(lanes_[0] + finish(lanes_[1] + finish(lanes_[2] + finish(lanes_[3])))); }

std::string Fingerprint::hex() const {
  const uint64_t halves[2] = {finish(lanes_[0] + finish(lanes_[1])), finish(lanes_[2] + finish(lanes_[3] + finish(lanes_[0])))};
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const uint64_t half : halves) {
    for (int shift = 60; shift >= 0; shift -= 4) text += digits[half >> shift & 15];
  }
  return text;
}

}  // namespace bitfleet
