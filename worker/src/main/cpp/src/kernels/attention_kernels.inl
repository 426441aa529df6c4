// Softmax attention of one query position over a KV cache laid out for it: keys with 16 positions side by side, so that a
// score needs no sum across lanes; values row by row. Needs lanes.h and the including file's load_halves.

namespace bitfleet {
namespace {

// Scores of `blocks` blocks of 16 positions for `heads` heads; a key is decoded once for all heads.
template <unsigned heads, unsigned blocks>
BITFLEET_INLINE void score_blocks(const AttentionView& a, uint32_t block) {
  const uint64_t block_size = static_cast<uint64_t>(a.head_dim) * lanes;
  const uint16_t* keys = a.keys + block * block_size;
  Lanes sums[heads][blocks];
  for (unsigned h = 0; h < heads; ++h) {
    for (unsigned b = 0; b < blocks; ++b) sums[h][b] = zero_lanes();
  }
  for (uint32_t d = 0; d < a.head_dim; ++d) {
    Lanes key[blocks];
    for (unsigned b = 0; b < blocks; ++b) key[b] = load_halves(keys + b * block_size + static_cast<uint64_t>(d) * lanes);
    for (unsigned h = 0; h < heads; ++h) {
      const Lanes query = broadcast(a.queries[static_cast<uint64_t>(h) * a.head_dim + d]);
      for (unsigned b = 0; b < blocks; ++b) sums[h][b] = sums[h][b] + query * key[b];
    }
  }
  for (unsigned h = 0; h < heads; ++h) {
    for (unsigned b = 0; b < blocks; ++b) {
      store(a.scores + h * a.score_stride + (block + b) * lanes, sums[h][b] * broadcast(a.scale));
    }
  }
}

// Scores become exp(score - largest); returns their sum. Positions beyond the last are set to weigh nothing.
BITFLEET_INLINE float soften(float* scores, uint32_t positions) {
  const uint32_t end = padded(positions);
  for (uint32_t p = positions; p < end; ++p) scores[p] = -__builtin_inff();
  Lanes largest = broadcast(-__builtin_inff());
  for (uint32_t p = 0; p < end; p += lanes) largest = larger(load(scores + p), largest);
  const Lanes top = broadcast(tree_largest(largest));
  Lanes sums = zero_lanes();
  for (uint32_t p = 0; p < end; p += lanes) {
    const Lanes e = exponential(load(scores + p) - top);
    store(scores + p, e);
    sums = sums + e;
  }
  return tree_sum(sums);
}

template <unsigned heads, unsigned vectors>
BITFLEET_INLINE void weigh_values(const AttentionView& a, uint32_t dim, const float* inverse) {
  const uint32_t row = padded(a.head_dim);
  Lanes sums[heads][vectors];
  for (unsigned h = 0; h < heads; ++h) {
    for (unsigned v = 0; v < vectors; ++v) sums[h][v] = zero_lanes();
  }
  for (uint32_t p = 0; p < a.positions; ++p) {
    const uint16_t* value = a.values + static_cast<uint64_t>(p) * row + dim;
    Lanes decoded[vectors];
    for (unsigned v = 0; v < vectors; ++v) decoded[v] = load_halves(value + v * lanes);
    for (unsigned h = 0; h < heads; ++h) {
      const Lanes weight = broadcast(a.scores[h * a.score_stride + p]);
      for (unsigned v = 0; v < vectors; ++v) sums[h][v] = sums[h][v] + weight * decoded[v];
    }
  }
  for (unsigned h = 0; h < heads; ++h) {
    for (unsigned v = 0; v < vectors; ++v) {
      const uint32_t start = dim + v * lanes;
      float all[lanes];
      store(all, sums[h][v] * broadcast(inverse[h]));
      const uint32_t count = a.head_dim - start < lanes ? a.head_dim - start : lanes;
      for (uint32_t l = 0; l < count; ++l) a.out[static_cast<uint64_t>(h) * a.head_dim + start + l] = all[l];
    }
  }
}

// Register tiles: wide machines have 32 registers of 16 lanes, the others 16 smaller ones.
template <unsigned heads>
BITFLEET_INLINE void attend_heads(const AttentionView& a) {
  constexpr unsigned score_tile = native_lanes == 16 ? (heads >= 3 ? 2 : 4) : (native_lanes == 8 && heads <= 2 ? 2 : 1);
  constexpr unsigned value_tile = native_lanes == 16 ? 4 : (native_lanes == 8 && heads <= 2 ? 2 : 1);
  const uint32_t blocks = padded(a.positions) / lanes;
  uint32_t block = 0;
  for (; block + score_tile <= blocks; block += score_tile) score_blocks<heads, score_tile>(a, block);
  for (; block < blocks; ++block) score_blocks<heads, 1>(a, block);
  float inverse[heads];
  for (unsigned h = 0; h < heads; ++h) inverse[h] = 1.0F / soften(a.scores + h * a.score_stride, a.positions);
  const uint32_t end = padded(a.head_dim);
  uint32_t dim = 0;
  for (; dim + value_tile * lanes <= end; dim += value_tile * lanes) weigh_values<heads, value_tile>(a, dim, inverse);
  for (; dim < end; dim += lanes) weigh_values<heads, 1>(a, dim, inverse);
}

void attend(const AttentionView& a) {
  switch (a.heads) {
    case 1: attend_heads<1>(a); break;
    case 2: attend_heads<2>(a); break;
    case 3: attend_heads<3>(a); break;
    default: attend_heads<4>(a); break;
  }
}

}  // namespace
}  // namespace bitfleet
