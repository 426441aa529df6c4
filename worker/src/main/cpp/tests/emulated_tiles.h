#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace bitfleet {
namespace {  // compiled with different instruction sets: no copy may serve for another

// The matrix unit of tile_products.inl in plain C++, by the manual's definitions, one for each thread. Uses that the hardware would
// fault at, or would give chance results for, throw.
class EmulatedTiles {
 public:
  static void configure(uint32_t rows) {
    if (rows == 0 || rows > 16) throw std::logic_error("a tile has 1 to 16 rows");
    unit().rows = rows;
    for (Tile& tile : unit().tiles) {
      tile.loaded = false;
      std::memset(tile.bytes, 0xA5, sizeof tile.bytes);
    }
  }
  static void release() { unit().rows = 0; }

  template <int tile>
  static void zero() {
    Tile& t = configured(tile);
    std::memset(t.bytes, 0, sizeof t.bytes);
    t.loaded = true;
  }
  template <int tile>
  static void load(const void* rows, uint64_t stride) {
    Tile& t = configured(tile);
    for (uint32_t r = 0; r < rows_of(tile); ++r) std::memcpy(t.bytes[r], static_cast<const uint8_t*>(rows) + r * stride, 64);
    t.loaded = true;
  }
  template <int tile>
  static void store(void* rows, uint64_t stride) {
    const Tile& t = filled(tile);
    for (uint32_t r = 0; r < rows_of(tile); ++r) std::memcpy(static_cast<uint8_t*>(rows) + r * stride, t.bytes[r], 64);
  }
  template <int c, int a, int b>
  static void dot() {
    static_assert(c < 4 && (a == 4 || a == 5) && (b == 6 || b == 7));
    Tile& sums = filled(c);
    const Tile& left = filled(a);
    const Tile& right = filled(b);
    for (uint32_t m = 0; m < unit().rows; ++m) {
      for (uint32_t n = 0; n < 16; ++n) {
        int32_t sum;
        std::memcpy(&sum, sums.bytes[m] + 4 * n, 4);
        for (uint32_t k = 0; k < 64; ++k) {
          sum += static_cast<int8_t>(left.bytes[m][k]) * static_cast<int8_t>(right.bytes[k / 4][4 * n + k % 4]);
        }
        std::memcpy(sums.bytes[m] + 4 * n, &sum, 4);
      }
    }
  }

 private:
  struct Tile {
    uint8_t bytes[16][64];
    bool loaded;
  };
  struct Unit {
    uint32_t rows = 0;  // 0: not configured
    Tile tiles[8];
  };

  static Unit& unit() {
    static thread_local Unit own;
    return own;
  }
  static uint32_t rows_of(int tile) { return tile < 6 ? unit().rows : 16; }
  static Tile& configured(int tile) {
    if (unit().rows == 0) throw std::logic_error("the tiles are not configured");
    return unit().tiles[tile];
  }
  static Tile& filled(int tile) {
    Tile& t = configured(tile);
    if (!t.loaded) throw std::logic_error("a tile that is used holds nothing");
    return t;
  }
};

}  // namespace
}  // namespace bitfleet
