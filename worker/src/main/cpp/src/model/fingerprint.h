#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bitfleet {

// A 128-bit checksum over a sequence of pieces, each with its length. Fast (about the speed of memory), not
// cryptographic: it tells models apart, it does not vouch for them.
class Fingerprint {
 public:
  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  void add(uint64_t number) { add(std::as_bytes(std::span(&number, 1))); }
  std::string hex() const;  // 32 lower-case digits
  uint64_t number() const;  // 64 bits of another mixing of the same

  // What has been added so far, to go on from later.
  using State = std::array<uint64_t, 4>;
  const State& state() const { return lanes_; }
  void resume(const State& state) { lanes_ = state; }

 private:
  State lanes_ = {0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89};
};

}  // namespace bitfleet
