// Reads any layout, plainly: what the definitions in ternary_layout.h say and nothing else.

namespace bitfleet {
namespace {

constexpr uint32_t piece_columns = 320;  // whole vectors of two_bit and base3

BITFLEET_INLINE uint32_t base3_code(uint8_t byte, uint32_t field) {
  const uint32_t low = byte & 63U;
  const uint32_t last = byte < 192 ? byte >> 6 : low / 17;
  const uint32_t four = byte < 192 ? low : low % 17 + 64;
  constexpr uint32_t powers[4] = {1, 3, 9, 27};
  return field == 4 ? last & 3 : four / powers[field] % 3;
}

// Columns [column, column + piece_columns) of the 16 rows of a block, in two bits; zero codes behind the last column.
void to_two_bit(const TernaryView& w, uint32_t block, uint32_t column, uint8_t* piece) {
  const uint32_t count = w.columns - column < piece_columns ? w.columns - column : piece_columns;
  std::memset(piece, 0, piece_columns * 4);
  for (uint32_t l = 0; l < lanes; ++l) {
    for (uint32_t k = 0; k < count; ++k) {
      uint32_t code = 0;
      const uint32_t c = column + k;
      if (w.layout == TernaryLayout::base3) {
        const uint64_t at = (static_cast<uint64_t>(block) * base3_vectors(w.columns) + c / 20) * 64 + 4 * l + c % 4;
        code = base3_code(w.packed[at], c / 4 % 5);
      } else {
        code = w.packed[(static_cast<uint64_t>(block) * two_bit_vectors(w.columns) + c / 16) * 64 + 4 * l + c % 4] >> (2 * (c / 4 % 4)) & 3;
      }
      piece[k / 16 * 64 + 4 * l + k % 4] |= static_cast<uint8_t>(code << (2 * (k / 4 % 4)));
    }
  }
}

}  // namespace
}  // namespace bitfleet
