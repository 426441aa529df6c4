#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace bitfleet {

// What keys and values are rounded to in the KV cache.
enum class KvQuant {
  none,  // f16
  int8   // bytes, with a float scale for each position's key and one for its value
};

constexpr std::string_view to_string(KvQuant quant) { return quant == KvQuant::int8 ? "int8" : "none"; }

constexpr std::optional<KvQuant> parse_kv_quant(std::string_view name) {
  for (const KvQuant quant : {KvQuant::none, KvQuant::int8}) {
    if (to_string(quant) == name) return quant;
  }
  return std::nullopt;
}

constexpr uint32_t kv_page = 32;             // positions of a page of the KV cache
constexpr int32_t kv_byte_bias = 128;        // bytes are kept as code + 128: byte products want one side unsigned
constexpr uint32_t kv_scales_bytes = kv_page * sizeof(float);

// What a page holds of one layer and KV head, its run; width is the head's dimension rounded up to 16.
//   none: keys [head_dim][kv_page], then values [kv_page][width], f16
//   int8: keys [width / 4][kv_page][4], their scales [kv_page] float, values [kv_page / 4][width][4], their scales [kv_page] float:
//         four bytes that a product of bytes adds up lie together, four dimensions of a position or four positions of a dimension.
constexpr uint64_t kv_keys_bytes(KvQuant quant, uint32_t head_dim, uint32_t width) {
  return quant == KvQuant::int8 ? uint64_t{kv_page} * width + kv_scales_bytes : uint64_t{kv_page} * head_dim * sizeof(uint16_t);
}

constexpr uint64_t kv_run_bytes(KvQuant quant, uint32_t head_dim, uint32_t width) {
  const uint64_t values = quant == KvQuant::int8 ? uint64_t{kv_page} * width + kv_scales_bytes : uint64_t{kv_page} * width * sizeof(uint16_t);
  return kv_keys_bytes(quant, head_dim, width) + values;
}

}  // namespace bitfleet
