// Softmax attention over a KV cache of bytes. Both of its products are products of bytes with numbers of 15 bits, exact in 32-bit
// integers: of the keys with a query, rounded once, and of the values with the weights of a page, rounded against the page's
// largest (against the largest of all positions, a long tail of small weights would be rounded away). So what is lost is what the cache itself
// has lost. Floats begin where a page's sums are scaled.
//
// Needs attention_kernels.inl and of the including file
//   void store_fine(uint8_t* to, const IntLanes& q)
// which writes 16 numbers within ±fine_levels as 32 bytes, eight for every four numbers, in the form that
//   template <unsigned heads, unsigned vectors>
//   void byte_sums(const uint8_t* matrix, uint64_t row_bytes, uint32_t rows, const uint8_t* fine, uint64_t fine_stride,
//                  const uint8_t* next, IntLanes (*sums)[vectors])
// wants. The latter gives, for each head and 16 · vectors columns, the sum over rows and their four bytes of (code + sum_bias) · number,
// sum_bias being a constant of that file. A row has four bytes of each column; `next` is what will be read later in the place of `matrix`.

namespace bitfleet {
namespace {

constexpr float fine_levels = 127.0F * 128.0F;
constexpr uint32_t page_fine_bytes = 2 * kv_page;  // of a page's weights

BITFLEET_INLINE int32_t int_sum(const IntLanes& v) {
  int32_t each[lanes];
  std::memcpy(each, &v, sizeof each);
  int32_t sum = 0;
  for (const int32_t one : each) sum += one;
  return sum;
}

// Rounds `count` numbers, a multiple of 16, none above 1 / factor · fine_levels; returns the sum of what they become.
BITFLEET_INLINE int32_t round_finely(const float* x, uint32_t count, float factor, uint8_t* to) {
  IntLanes sum{};
  for (uint32_t i = 0; i < count; i += lanes) {
    // Rounding of the factor may lift the largest one above the last level.
    const Lanes scaled = larger(smaller(load(x + i) * broadcast(factor), broadcast(fine_levels)), broadcast(-fine_levels));
    IntLanes q = bits_of(scaled + broadcast(rounding_magic));
    for (unsigned p = 0; p < lane_parts; ++p) {
      q.part[p] = (q.part[p] & 0x007FFFFF) - 0x00400000;
      sum.part[p] += q.part[p];
    }
    store_fine(to + 2 * i, q);
  }
  return int_sum(sum);
}

struct FineVector {
  float step;    // value ≈ step · number
  int32_t bias;  // what sum_bias adds to a product
};

BITFLEET_INLINE FineVector round_query(const float* query, uint32_t head_dim, uint8_t* to) {
  const uint32_t width = padded(head_dim);
  alignas(64) float row[largest_head_dim];
  std::memset(row + width - lanes, 0, lanes * sizeof(float));
  std::memcpy(row, query, head_dim * sizeof(float));
  Lanes most = zero_lanes();
  for (uint32_t d = 0; d < width; d += lanes) most = larger(magnitude(load(row + d)), most);
  const float largest = tree_largest(most);
  const float bound = largest > 0.00001F ? largest : 0.00001F;
  return {bound / fine_levels, sum_bias * round_finely(row, width, fine_levels / bound, to)};
}

// weights: of the first `count` positions of a page, at most 1 each; scales: of their values.
BITFLEET_INLINE FineVector round_weights(const float* weights, const float* scales, uint32_t count, uint8_t* to) {
  alignas(64) float scaled[kv_page];
  for (uint32_t p = 0; p < kv_page; p += lanes) store(scaled + p, load(weights + p) * load(scales + p));
  for (uint32_t p = count; p < kv_page; ++p) scaled[p] = 0;
  Lanes most = load(scaled);
  for (uint32_t p = lanes; p < kv_page; p += lanes) most = larger(load(scaled + p), most);
  const float largest = tree_largest(most);
  // Below the least number of f16 by far; its inverse must stay finite.
  const bool counts = largest > 1e-30F;
  return {counts ? largest / fine_levels : 0.0F, sum_bias * round_finely(scaled, kv_page, counts ? fine_levels / largest : 0.0F, to)};
}

BITFLEET_INLINE Lanes unbiased(IntLanes sums, int32_t bias) {
  for (unsigned p = 0; p < lane_parts; ++p) sums.part[p] -= bias;
  return to_floats(sums);
}

template <unsigned heads>
BITFLEET_INLINE void score_bytes(const AttentionView& a, uint32_t t, const uint8_t* keys, const uint8_t* next, uint32_t page,
                                 const uint8_t* fine, const FineVector* queries) {
  constexpr unsigned tile = native_lanes == 16 ? 2 : 1;
  const uint32_t width = padded(a.head_dim);
  const auto* scales = reinterpret_cast<const float*>(keys + uint64_t{kv_page} * width);
  float* scores = a.scores + t * heads * a.score_stride + static_cast<uint64_t>(page) * kv_page;
  for (uint32_t place = 0; place < kv_page; place += tile * lanes) {
    IntLanes sums[heads][tile];
    byte_sums<heads, tile>(keys + 4 * place, 4 * kv_page, width / 4, fine, 2 * width, next + 4 * place, sums);
#pragma GCC unroll 4
    for (unsigned h = 0; h < heads; ++h) {
      const Lanes step = broadcast(queries[h].step * a.scale);
#pragma GCC unroll 2
      for (unsigned v = 0; v < tile; ++v) {
        store(scores + h * a.score_stride + place + v * lanes, unbiased(sums[h][v], queries[h].bias) * (load(scales + place + v * lanes) * step));
      }
    }
  }
}

template <unsigned heads, unsigned tile>
BITFLEET_INLINE void add_values(const uint8_t* values, const uint8_t* next, uint32_t width, uint32_t rows, const uint8_t* fine, const FineVector* weights,
                                float* out) {
  IntLanes sums[heads][tile];
  byte_sums<heads, tile>(values, 4 * width, rows, fine, page_fine_bytes, next, sums);
#pragma GCC unroll 4
  for (unsigned h = 0; h < heads; ++h) {
#pragma GCC unroll 2
    for (unsigned v = 0; v < tile; ++v) {
      float* place = out + h * width + v * lanes;
      store(place, load(place) + unbiased(sums[h][v], weights[h].bias) * broadcast(weights[h].step));
    }
  }
}

template <unsigned heads>
BITFLEET_INLINE void weigh_bytes(const AttentionView& a, uint32_t t, const uint8_t* values, const uint8_t* next, uint32_t page) {
  constexpr unsigned tile = native_lanes == 16 ? 2 : 1;
  const uint32_t first = page * kv_page;
  const uint32_t count = a.positions[t] - first < kv_page ? a.positions[t] - first : kv_page;
  const uint32_t width = padded(a.head_dim);
  const auto* scales = reinterpret_cast<const float*>(values + uint64_t{kv_page} * width);
  alignas(64) uint8_t fine[heads * page_fine_bytes];
  FineVector weights[heads];
  for (unsigned h = 0; h < heads; ++h) {
    weights[h] = round_weights(a.scores + (t * heads + h) * a.score_stride + first, scales, count, fine + h * page_fine_bytes);
  }
  const uint32_t rows = (count + 3) / 4;
  float* out = a.sums + t * heads * width;
  uint32_t dim = 0;
  for (; dim + tile * lanes <= width; dim += tile * lanes) add_values<heads, tile>(values + 4 * dim, next + 4 * dim, width, rows, fine, weights, out + dim);
  for (; dim < width; dim += lanes) add_values<heads, 1>(values + 4 * dim, next + 4 * dim, width, rows, fine, weights, out + dim);
}

template <unsigned heads>
BITFLEET_INLINE void attend_bytes(const AttentionView& a) {
  const uint32_t width = padded(a.head_dim);
  const uint32_t pages = longest_pages(a);
  const auto keys_of = [&](uint32_t page) { return a.cache + a.pages[page < pages ? page : 0] * a.page_stride; };
  const auto values_of = [&](uint32_t page) { return keys_of(page) + kv_keys_bytes(KvQuant::int8, a.head_dim, width); };

  auto* fine = reinterpret_cast<uint8_t*>(a.page);  // [tokens][heads][2 · width] bytes
  FineVector queries[attention_tokens][heads];
  for (uint32_t t = 0; t < a.tokens; ++t) {
    for (unsigned h = 0; h < heads; ++h) {
      queries[t][h] = round_query(a.queries + t * a.query_stride + static_cast<uint64_t>(h) * a.head_dim, a.head_dim, fine + (t * heads + h) * 2 * width);
    }
  }
  // The first token to read a page asks for the next one.
  for (uint32_t page = 0; page < pages; ++page) {
    const uint8_t* keys = keys_of(page);
    const uint8_t* next = page + 1 < pages ? keys_of(page + 1) : values_of(0);
    for (uint32_t t = 0; t < a.tokens; ++t) {
      if (a.positions[t] <= page * kv_page) continue;
      score_bytes<heads>(a, t, keys, next, page, fine + t * heads * 2 * width, queries[t]);
      next = keys;
    }
  }
  float inverse[attention_tokens][heads];
  soften_all<heads>(a, inverse);
  for (uint32_t page = 0; page < pages; ++page) {
    const uint8_t* values = values_of(page);
    const uint8_t* next = values_of(page + 1);
    for (uint32_t t = 0; t < a.tokens; ++t) {
      if (a.positions[t] <= page * kv_page) continue;
      weigh_bytes<heads>(a, t, values, next, page);
      next = values;
    }
  }
  write_out<heads>(a, inverse);
}

template <unsigned heads>
BITFLEET_INLINE void attend_any(const AttentionView& a) {
  if (a.quant == KvQuant::int8) attend_bytes<heads>(a);
  else attend_halves<heads>(a);
}

void attend(const AttentionView& a) {
  switch (a.heads) {
    case 1: attend_any<1>(a); break;
    case 2: attend_any<2>(a); break;
    case 3: attend_any<3>(a); break;
    default: attend_any<4>(a); break;
  }
}

}  // namespace
}  // namespace bitfleet
