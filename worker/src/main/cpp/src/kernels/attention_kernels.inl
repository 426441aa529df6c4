// Softmax attention of some query positions over a KV cache in pages laid out for it: a page's keys with its positions side by
// side, so that a score needs no sum across lanes; values row by row. Needs lanes.h and the including file's load_halves.
//
// A page is read once for all positions and heads of a view. With several positions it is widened to float32 first, into
// a scratch that stays in the first-level cache; with one, halves are widened on the way into the registers.

namespace bitfleet {
namespace {

BITFLEET_INLINE Lanes load_widened(const uint16_t* from) { return load_halves(from); }
BITFLEET_INLINE Lanes load_widened(const float* from) { return load(from); }

// Halves that follow at once lie in the same page's next row: no prefetcher knows where the next page is.
BITFLEET_INLINE void prefetch(const uint16_t* from) { __builtin_prefetch(from, 0, 3); }

BITFLEET_INLINE void widen(const uint16_t* from, uint32_t count, const uint16_t* next, float* to) {
  for (uint32_t i = 0; i < count; i += lanes) {
    if (i % (2 * lanes) == 0) prefetch(next + i);
    store(to + i, load_halves(from + i));
  }
}

// Scores of `blocks` blocks of 16 positions, from block `block` of a page on, for the heads of one position.
// keys: [head_dim][kv_page], halves or widened.
template <unsigned heads, unsigned blocks, typename Element>
BITFLEET_INLINE void score_blocks(const float* queries, uint32_t head_dim, const Element* keys, const uint16_t* next, uint32_t block,
                                  float scale, float* scores, uint64_t score_stride) {
  Lanes sums[heads][blocks];
#pragma GCC unroll 4
  for (unsigned h = 0; h < heads; ++h) {
#pragma GCC unroll 4
    for (unsigned b = 0; b < blocks; ++b) sums[h][b] = zero_lanes();
  }
  keys += block * lanes;
  for (uint32_t d = 0; d < head_dim; ++d) {
    if constexpr (sizeof(Element) == sizeof(uint16_t)) prefetch(next + static_cast<uint64_t>(d) * kv_page);
    Lanes key[blocks];
#pragma GCC unroll 4
    for (unsigned b = 0; b < blocks; ++b) key[b] = load_widened(keys + static_cast<uint64_t>(d) * kv_page + b * lanes);
#pragma GCC unroll 4
    for (unsigned h = 0; h < heads; ++h) {
      const Lanes query = broadcast(queries[static_cast<uint64_t>(h) * head_dim + d]);
#pragma GCC unroll 4
      for (unsigned b = 0; b < blocks; ++b) sums[h][b] = sums[h][b] + query * key[b];
    }
  }
#pragma GCC unroll 4
  for (unsigned h = 0; h < heads; ++h) {
#pragma GCC unroll 4
    for (unsigned b = 0; b < blocks; ++b) store(scores + h * score_stride + (block + b) * lanes, sums[h][b] * broadcast(scale));
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

// Adds the weighted values of the first `count` positions of a page to sums [heads][row], 16 · vectors elements of a row from
// `dim` on, for the heads of one position. Between pages the sums rest in memory, which rounds nothing.
template <unsigned heads, unsigned vectors, typename Element>
BITFLEET_INLINE void weigh_values(const float* weights, uint64_t score_stride, const Element* values, const uint16_t* next, uint32_t row,
                                  uint32_t dim, uint32_t count, float* sums) {
  Lanes sum[heads][vectors];
#pragma GCC unroll 4
  for (unsigned h = 0; h < heads; ++h) {
#pragma GCC unroll 4
    for (unsigned v = 0; v < vectors; ++v) sum[h][v] = load(sums + h * row + dim + v * lanes);
  }
  for (uint32_t p = 0; p < count; ++p) {
    const uint64_t place = static_cast<uint64_t>(p) * row + dim;
    Lanes value[vectors];
#pragma GCC unroll 4
    for (unsigned v = 0; v < vectors; ++v) {
      if constexpr (sizeof(Element) == sizeof(uint16_t)) {
        if (v % 2 == 0) prefetch(next + place + v * lanes);
      }
      value[v] = load_widened(values + place + v * lanes);
    }
#pragma GCC unroll 4
    for (unsigned h = 0; h < heads; ++h) {
      const Lanes weight = broadcast(weights[h * score_stride + p]);
#pragma GCC unroll 4
      for (unsigned v = 0; v < vectors; ++v) sum[h][v] = sum[h][v] + weight * value[v];
    }
  }
#pragma GCC unroll 4
  for (unsigned h = 0; h < heads; ++h) {
#pragma GCC unroll 4
    for (unsigned v = 0; v < vectors; ++v) store(sums + h * row + dim + v * lanes, sum[h][v]);
  }
}

// Register tiles: wide machines have 32 registers of 16 lanes, the others 16 smaller ones.
template <unsigned heads, typename Element>
BITFLEET_INLINE void score_page(const AttentionView& a, uint32_t t, const Element* keys, const uint16_t* next, uint32_t page) {
  constexpr unsigned tile = native_lanes == 16 || (native_lanes == 8 && heads <= 2) ? 2 : 1;
  const float* queries = a.queries + t * a.query_stride;
  float* scores = a.scores + t * heads * a.score_stride + static_cast<uint64_t>(page) * kv_page;
  for (uint32_t block = 0; block < kv_page / lanes; block += tile) {
    score_blocks<heads, tile>(queries, a.head_dim, keys, next, block, a.scale, scores, a.score_stride);
  }
}

template <unsigned heads, typename Element>
BITFLEET_INLINE void weigh_page(const AttentionView& a, uint32_t t, const Element* values, const uint16_t* next, uint32_t page) {
  constexpr unsigned tile = native_lanes == 16 ? 4 : (native_lanes == 8 && heads <= 2 ? 2 : 1);
  const uint32_t first = page * kv_page;
  const uint32_t count = a.positions[t] - first < kv_page ? a.positions[t] - first : kv_page;
  const uint32_t row = padded(a.head_dim);
  const float* weights = a.scores + t * heads * a.score_stride + first;
  float* sums = a.sums + t * heads * row;
  uint32_t dim = 0;
  for (; dim + tile * lanes <= row; dim += tile * lanes) weigh_values<heads, tile>(weights, a.score_stride, values, next, row, dim, count, sums);
  for (; dim < row; dim += lanes) weigh_values<heads, 1>(weights, a.score_stride, values, next, row, dim, count, sums);
}

BITFLEET_INLINE uint32_t longest_pages(const AttentionView& a) {
  uint32_t longest = 0;
  for (uint32_t t = 0; t < a.tokens; ++t) longest = a.positions[t] > longest ? a.positions[t] : longest;
  return (longest + kv_page - 1) / kv_page;
}

// Between scores and values: what the weights of each head sum up to, inverted. The sums of values begin at zero.
template <unsigned heads>
BITFLEET_INLINE void soften_all(const AttentionView& a, float (*inverse)[heads]) {
  for (uint32_t t = 0; t < a.tokens; ++t) {
    for (unsigned h = 0; h < heads; ++h) inverse[t][h] = 1.0F / soften(a.scores + (t * heads + h) * a.score_stride, a.positions[t]);
  }
  for (uint64_t i = 0; i < static_cast<uint64_t>(a.tokens) * heads * padded(a.head_dim); i += lanes) store(a.sums + i, zero_lanes());
}

template <unsigned heads>
BITFLEET_INLINE void write_out(const AttentionView& a, const float (*inverse)[heads]) {
  for (uint32_t t = 0; t < a.tokens; ++t) {
    for (unsigned h = 0; h < heads; ++h) {
      const float* sums = a.sums + (t * heads + h) * padded(a.head_dim);
      float* out = a.out + t * a.out_stride + static_cast<uint64_t>(h) * a.head_dim;
      for (uint32_t d = 0; d < a.head_dim; ++d) out[d] = sums[d] * inverse[t][h];
    }
  }
}

template <unsigned heads>
BITFLEET_INLINE void attend_halves(const AttentionView& a) {
  const uint32_t row = padded(a.head_dim);
  const uint32_t pages = longest_pages(a);
  const auto keys_of = [&](uint32_t page) { return reinterpret_cast<const uint16_t*>(a.cache + a.pages[page < pages ? page : 0] * a.page_stride); };
  const auto values_of = [&](uint32_t page) { return keys_of(page) + static_cast<uint64_t>(a.head_dim) * kv_page; };

  for (uint32_t page = 0; page < pages; ++page) {
    const uint16_t* keys = keys_of(page);
    const uint16_t* next = page + 1 < pages ? keys_of(page + 1) : values_of(0);
    if (a.tokens == 1) {
      score_page<heads>(a, 0, keys, next, page);
      continue;
    }
    widen(keys, a.head_dim * kv_page, next, a.page);
    for (uint32_t t = 0; t < a.tokens; ++t) {
      if (a.positions[t] > page * kv_page) score_page<heads>(a, t, a.page, nullptr, page);
    }
  }
  float inverse[attention_tokens][heads];
  soften_all<heads>(a, inverse);
  for (uint32_t page = 0; page < pages; ++page) {
    const uint16_t* values = values_of(page);
    const uint16_t* next = values_of(page + 1);
    if (a.tokens == 1) {
      weigh_page<heads>(a, 0, values, next, page);
      continue;
    }
    widen(values, row * kv_page, next, a.page);
    for (uint32_t t = 0; t < a.tokens; ++t) {
      if (a.positions[t] > page * kv_page) weigh_page<heads>(a, t, a.page, nullptr, page);
    }
  }
  write_out<heads>(a, inverse);
}

}  // namespace
}  // namespace bitfleet
