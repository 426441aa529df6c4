// Products of ternary weights with several tokens on a matrix unit that multiplies tiles: a tile A of up to 16 tokens × 64 columns times a
// tile B of 64 columns × 16 outputs, added to a tile C of 16 × 16 sums of 32 bits. Written over two small parts, so that all of it but
// those runs everywhere:
//
//   Tiles     eight tiles: C are 0 to 3, A 4 and 5, B 6 and 7.
//             static void configure(uint32_t rows)  A and C have `rows` rows, B has 16; then every content is lost. Of this thread.
//             static void release()
//             template <int tile> static void zero();
//             template <int tile> static void load(const void* rows, uint64_t stride);
//             template <int tile> static void store(void* rows, uint64_t stride);
//             template <int c, int a, int b> static void dot();   // c += a · b, signed bytes
//   Expander  takes a 64-byte vector of weights apart into `fields` rows of a tile B: row i has columns 4·i to 4·i + 3 of 16 outputs.
//             static constexpr uint32_t fields;
//             static uint32_t vectors(uint32_t columns);
//             template <typename At> static void expand(const uint8_t* vector, At at);   // at(i) is where row i goes
//
// Needs lanes.h and ternary_output.inl. The orders of work were found by measurement on Sapphire Rapids.

namespace bitfleet {
namespace {

constexpr uint32_t tile_rows = 16;
constexpr uint32_t tile_bytes = 1024;
constexpr uint32_t pass_tokens = 256;         // tokens for which the weights are expanded once
constexpr uint32_t block_vectors = 32;        // vectors of a row block that are expanded together
constexpr uint32_t most_block_tiles = 10;     // what they make: 8 tiles of two bits, 10 of base 3

struct TileScratch {
  alignas(64) uint8_t expanded[2][2][most_block_tiles * tile_bytes];           // [turn][row block][tile]
  alignas(64) int32_t sums[pass_tokens / 32][2][2][tile_rows][lanes];        // [pair of token tiles][token tile][row block][token][output]
};
static_assert(sizeof(TileScratch) <= ternary_scratch_bytes);

template <class Tiles, class Expander>
class TileProducts {
 public:
  static void multiply(const TernaryView& w, const QuantizedView& x, uint32_t first_row, uint32_t last_row, float* out,
                       uint64_t out_stride, void* scratch) {
    const TileProducts products{w, x, out, out_stride, Expander::vectors(w.columns)};
    const uint32_t first_block = first_row / lanes;
    const uint32_t last_block = row_blocks(last_row);
    if (x.tokens <= tile_rows) {
      Tiles::configure(x.tokens);
      products.few_tokens(first_block, last_block);
    } else {
      Tiles::configure(tile_rows);
      for (uint32_t first = 0; first < x.tokens; first += pass_tokens) {
        products.many_tokens(first_block, last_block, first, x.tokens - first < pass_tokens ? x.tokens - first : pass_tokens,
                             *static_cast<TileScratch*>(scratch));
      }
    }
    Tiles::release();
  }

 private:
  static constexpr uint32_t fields = Expander::fields;

  TileProducts(const TernaryView& weights, const QuantizedView& input, float* output, uint64_t stride, uint32_t count)
      : w(weights), x(input), out(output), out_stride(stride), vectors(count), k_tiles((count * fields + tile_rows - 1) / tile_rows) {}

  const uint8_t* block_start(uint32_t block) const { return w.packed + static_cast<uint64_t>(block) * vectors * 64; }

  // ---- up to 16 tokens: bound by memory ------------------------------------------------------------------------------------------
  //
  // Four row blocks share each tile A. Expanded tiles go round in a ring that stays in the first-level cache: while the tiles of one
  // step along the columns are multiplied, those of the next are expanded, so that both units work. With five fields a vector's rows
  // straddle tiles, and what is expanded reaches one step further.

  static constexpr uint32_t ring_steps = fields == 4 ? 2 : 4;
  static constexpr uint32_t ring_rows = ring_steps * tile_rows;
  static_assert((ring_rows & (ring_rows - 1)) == 0);

  struct Streams {
    const uint8_t* from[4];
    uint32_t block[4];
    uint32_t count;  // the others repeat the first, and their sums are not used
  };

  // Vectors that make the first `tiles` tiles whole.
  uint32_t vectors_for(uint32_t tiles) const {
    const uint32_t wanted = (tiles * tile_rows + fields - 1) / fields;
    return wanted < vectors ? wanted : vectors;
  }

  BITFLEET_INLINE void expand_into_ring(const uint8_t* from, uint32_t begin, uint32_t end, uint8_t* ring) {
    for (uint32_t v = begin; v < end; ++v) {
      __builtin_prefetch(from + 64ULL * v + 3072);
      const uint32_t row = v * fields;
      Expander::expand(from + 64ULL * v, [ring, row](uint32_t i) { return ring + ((row + i) & (ring_rows - 1)) * 64; });
    }
  }

  // Multiplies one tile and expands what the same row block needs in the next step.
  template <int c, int b>
  BITFLEET_INLINE void step(const Streams& streams, uint32_t tile, uint32_t begin, uint32_t end, uint8_t (*ring)[ring_rows * 64]) {
    Tiles::template load<b>(ring[c] + tile % ring_steps * tile_bytes, 64);
    Tiles::template dot<c, 4, b>();
    expand_into_ring(streams.from[c], begin, end, ring[c]);
  }

  void few_tokens(uint32_t first_block, uint32_t last_block) const {
    const uint32_t quarter = (last_block - first_block + 3) / 4;
    for (uint32_t i = 0; i < quarter; ++i) {
      Streams streams{};
      for (uint32_t s = 0; s < 4; ++s) {
        const uint32_t block = first_block + i + s * quarter;
        const bool real = block < last_block;
        streams.block[s] = real ? block : first_block + i;
        streams.from[s] = block_start(streams.block[s]);
        streams.count += real ? 1 : 0;
      }
      four_blocks(streams);
    }
  }

  void four_blocks(const Streams& streams) const {
    alignas(64) uint8_t ring[4][ring_rows * 64];  // rows behind the last column hold anything: they meet activations that are zero
    Tiles::template zero<0>();
    Tiles::template zero<1>();
    Tiles::template zero<2>();
    Tiles::template zero<3>();
    uint32_t begin = vectors_for(1);
    for (uint32_t s = 0; s < 4; ++s) expand_into_ring(streams.from[s], 0, begin, ring[s]);
    for (uint32_t tile = 0; tile < k_tiles; ++tile) {
      const uint32_t end = vectors_for(tile + 2);
      Tiles::template load<4>(x.values + 64ULL * tile, x.stride);
      step<0, 6>(streams, tile, begin, end, ring);
      step<1, 7>(streams, tile, begin, end, ring);
      step<2, 6>(streams, tile, begin, end, ring);
      step<3, 7>(streams, tile, begin, end, ring);
      begin = end;
    }
    alignas(64) int32_t sums[4][tile_rows][lanes];
    Tiles::template store<0>(sums[0], 64);
    Tiles::template store<1>(sums[1], 64);
    Tiles::template store<2>(sums[2], 64);
    Tiles::template store<3>(sums[3], 64);
    for (uint32_t s = 0; s < streams.count; ++s) {
      for (uint32_t t = 0; t < x.tokens; ++t) {
        finish(w, x, t, streams.block[s] * lanes, minus(sums[s][t], x.sums[t]), out, out_stride);
      }
    }
  }

  // ---- more: bound by multiplication ----------------------------------------------------------------------------------------------
  //
  // Two token tiles times two row blocks, so that each tile loaded is used twice. A row unit's columns are taken block by block: while
  // all tokens meet the expanded weights of one block, those of the next are expanded into the other half of the buffer. Sums wait in
  // the scratch between blocks.

  // Row units of this pass and their column blocks, one after another.
  struct Stage {
    uint32_t unit;   // its first row block
    uint32_t first;  // vector
    uint32_t count;  // vectors
  };

  uint32_t column_blocks() const { return (vectors + block_vectors - 1) / block_vectors; }

  Stage stage(uint32_t first_block, uint32_t number) const {
    const uint32_t first = number % column_blocks() * block_vectors;
    return {first_block + number / column_blocks() * 2, first, vectors - first < block_vectors ? vectors - first : block_vectors};
  }

  static uint32_t tiles_of(const Stage& s) { return (s.count * fields + tile_rows - 1) / tile_rows; }

  // Expands vector number `index` of both row blocks of a stage; beyond the stage's last vector, nothing.
  BITFLEET_INLINE void expand_one(const TileProducts& p, const Stage& s, uint32_t last_block, uint32_t index,
                                  uint8_t (*to)[most_block_tiles * tile_bytes]) {
    const uint32_t half = index / block_vectors;
    const uint32_t v = index % block_vectors;
    if (v >= s.count || s.unit + half >= last_block) return;
    const uint8_t* from = p.block_start(s.unit + half) + 64ULL * (s.first + v);
    __builtin_prefetch(from + 4096);
    uint8_t* rows = to[half] + static_cast<uint64_t>(v) * fields * 64;
    Expander::expand(from, [rows](uint32_t i) { return rows + 64ULL * i; });
  }

  void many_tokens(uint32_t first_block, uint32_t last_block, uint32_t first_token, uint32_t tokens, TileScratch& scratch) const {
    constexpr uint32_t all = 2 * block_vectors;
    const uint32_t stages = (last_block - first_block + 1) / 2 * column_blocks();
    const uint32_t pairs = (tokens + 2 * tile_rows - 1) / (2 * tile_rows);
    for (uint32_t i = 0; i < all; ++i) expand_one(*this, stage(first_block, 0), last_block, i, scratch.expanded[0]);
    for (uint32_t number = 0; number < stages; ++number) {
      const Stage here = stage(first_block, number);
      const uint32_t tiles = tiles_of(here);
      const bool first = here.first == 0;
      const bool last = here.first + here.count == vectors;
      const auto* expanded = scratch.expanded[number % 2];
      auto* next = scratch.expanded[(number + 1) % 2];
      const Stage after = stage(first_block, number + 1 < stages ? number + 1 : number);
      const uint32_t to_expand = number + 1 < stages ? all : 0;
      const uint32_t steps = pairs * tiles;
      uint32_t done = 0;
      for (uint32_t pair = 0; pair < pairs; ++pair) {
        const bool both = tokens - pair * 2 * tile_rows > tile_rows;
        auto& sums = scratch.sums[pair];
        begin_sums(first, sums);
        const int8_t* values = x.values + (first_token + pair * 2 * tile_rows) * x.stride + 64ULL * (here.first * fields / tile_rows);
        for (uint32_t tile = 0; tile < tiles; ++tile) {
          Tiles::template load<4>(values + 64ULL * tile, x.stride);
          Tiles::template load<6>(expanded[0] + tile * tile_bytes, 64);
          Tiles::template dot<0, 4, 6>();
          Tiles::template load<7>(expanded[1] + tile * tile_bytes, 64);
          Tiles::template dot<1, 4, 7>();
          if (both) {
            Tiles::template load<5>(values + tile_rows * x.stride + 64ULL * tile, x.stride);
            Tiles::template dot<2, 5, 6>();
            Tiles::template dot<3, 5, 7>();
          }
          const uint32_t due = to_expand * (pair * tiles + tile + 1) / steps;
          for (; done < due; ++done) expand_one(*this, after, last_block, done, next);
        }
        Tiles::template store<0>(sums[0][0], 64);
        Tiles::template store<1>(sums[0][1], 64);
        Tiles::template store<2>(sums[1][0], 64);
        Tiles::template store<3>(sums[1][1], 64);
      }
      if (last) finish_unit(here.unit, last_block, first_token, tokens, scratch);
    }
  }

  BITFLEET_INLINE void begin_sums(bool first, const int32_t (*sums)[2][tile_rows][lanes]) {
    if (first) {
      Tiles::template zero<0>();
      Tiles::template zero<1>();
      Tiles::template zero<2>();
      Tiles::template zero<3>();
    } else {
      Tiles::template load<0>(sums[0][0], 64);
      Tiles::template load<1>(sums[0][1], 64);
      Tiles::template load<2>(sums[1][0], 64);
      Tiles::template load<3>(sums[1][1], 64);
    }
  }

  void finish_unit(uint32_t unit, uint32_t last_block, uint32_t first_token, uint32_t tokens, const TileScratch& scratch) const {
    for (uint32_t t = 0; t < tokens; ++t) {
      for (uint32_t half = 0; half < 2 && unit + half < last_block; ++half) {
        const int32_t* sums = scratch.sums[t / 32][t / 16 % 2][half][t % 16];
        finish(w, x, first_token + t, (unit + half) * lanes, minus(sums, x.sums[first_token + t]), out, out_stride);
      }
    }
  }

  const TernaryView& w;
  const QuantizedView& x;
  float* out;
  uint64_t out_stride;
  uint32_t vectors;  // of a row block
  uint32_t k_tiles;
};

}  // namespace
}  // namespace bitfleet
