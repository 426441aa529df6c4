// Matrix products with weights that are not ternary, for whatever instruction set the including file is compiled with.
// Needs lanes.h and the including file's load_halves, load_bfloats and load_bytes (16 elements each).

namespace bitfleet {
namespace {

struct FloatRow {
  static constexpr uint32_t bytes = 4;
  BITFLEET_INLINE Lanes at(const DenseView&, const uint8_t* row, const float*, uint32_t k) {
    return load(reinterpret_cast<const float*>(row) + k);
  }
};

struct HalfRow {
  static constexpr uint32_t bytes = 2;
  BITFLEET_INLINE Lanes at(const DenseView&, const uint8_t* row, const float*, uint32_t k) {
    return load_halves(reinterpret_cast<const uint16_t*>(row) + k);
  }
};

struct BfloatRow {
  static constexpr uint32_t bytes = 2;
  BITFLEET_INLINE Lanes at(const DenseView&, const uint8_t* row, const float*, uint32_t k) {
    return load_bfloats(reinterpret_cast<const uint16_t*>(row) + k);
  }
};

template <uint32_t group>
struct ByteRow {
  static constexpr uint32_t bytes = 1;
  BITFLEET_INLINE Lanes at(const DenseView&, const uint8_t* row, const float* scales, uint32_t k) {
    return load_bytes(reinterpret_cast<const int8_t*>(row) + k) * broadcast(scales[k / group]);
  }
};

// A tile of rows × tokens. Several rows at once hide the latency of the additions, several tokens spare decoding.
template <typename Row, unsigned rows, unsigned tokens>
BITFLEET_INLINE void dense_tile(const DenseView& w, uint32_t row, const float* x, uint64_t x_stride, float* out,
                                uint64_t out_stride) {
  const uint32_t columns = padded(w.columns);
  const uint64_t row_bytes = static_cast<uint64_t>(columns) * Row::bytes;
  const uint32_t groups = w.group == 0 ? 0 : columns / w.group;
  const uint8_t* row_start[rows];
  const float* row_scales[rows];
  for (unsigned r = 0; r < rows; ++r) {
    row_start[r] = static_cast<const uint8_t*>(w.values) + (row + r) * row_bytes;
    row_scales[r] = w.scales == nullptr ? nullptr : w.scales + static_cast<uint64_t>(row + r) * groups;
  }
  Lanes sums[rows][tokens];
  for (unsigned r = 0; r < rows; ++r) {
    for (unsigned t = 0; t < tokens; ++t) sums[r][t] = zero_lanes();
  }
  for (uint32_t k = 0; k < columns; k += lanes) {
#pragma GCC unroll 4
    for (unsigned r = 0; r < rows; ++r) {
      __builtin_prefetch(row_start[r] + rows * row_bytes + static_cast<uint64_t>(k) * Row::bytes);
      const Lanes weights = Row::at(w, row_start[r], row_scales[r], k);
#pragma GCC unroll 4
      for (unsigned t = 0; t < tokens; ++t) sums[r][t] = sums[r][t] + weights * load(x + t * x_stride + k);
    }
  }
  for (unsigned r = 0; r < rows; ++r) {
    for (unsigned t = 0; t < tokens; ++t) out[t * out_stride + row + r] = tree_sum(sums[r][t]) * w.factor;
  }
}

template <typename Row, unsigned rows>
BITFLEET_INLINE void dense_rows(const DenseView& w, uint32_t row, const float* x, uint64_t x_stride, uint32_t tokens,
                                float* out, uint64_t out_stride) {
  uint32_t t = 0;
  for (; t + 4 <= tokens; t += 4) {
    dense_tile<Row, rows, 4>(w, row, x + t * x_stride, x_stride, out + t * out_stride, out_stride);
  }
  for (; t + 2 <= tokens; t += 2) {
    dense_tile<Row, rows, 2>(w, row, x + t * x_stride, x_stride, out + t * out_stride, out_stride);
  }
  if (t < tokens) dense_tile<Row, rows, 1>(w, row, x + t * x_stride, x_stride, out + t * out_stride, out_stride);
}

template <typename Row>
BITFLEET_INLINE void dense_range(const DenseView& w, const float* x, uint64_t x_stride, uint32_t tokens, uint32_t first,
                                 uint32_t last, float* out, uint64_t out_stride) {
  uint32_t row = first;
  for (; row + 4 <= last; row += 4) dense_rows<Row, 4>(w, row, x, x_stride, tokens, out, out_stride);
  for (; row < last; ++row) dense_rows<Row, 1>(w, row, x, x_stride, tokens, out, out_stride);
}

void dense_matmul(const DenseView& w, const float* x, uint64_t x_stride, uint32_t tokens, uint32_t first, uint32_t last,
                  float* out, uint64_t out_stride) {
  switch (w.format) {
    case DenseFormat::f32: dense_range<FloatRow>(w, x, x_stride, tokens, first, last, out, out_stride); break;
    case DenseFormat::f16: dense_range<HalfRow>(w, x, x_stride, tokens, first, last, out, out_stride); break;
    case DenseFormat::bf16: dense_range<BfloatRow>(w, x, x_stride, tokens, first, last, out, out_stride); break;
    case DenseFormat::int8_groups:
      if (w.group == 16) dense_range<ByteRow<16>>(w, x, x_stride, tokens, first, last, out, out_stride);
      else dense_range<ByteRow<32>>(w, x, x_stride, tokens, first, last, out, out_stride);
      break;
  }
}

template <typename Row>
BITFLEET_INLINE void expand(const DenseView& w, uint32_t row, float* out) {
  const uint32_t columns = padded(w.columns);
  const auto* start = static_cast<const uint8_t*>(w.values) + static_cast<uint64_t>(row) * columns * Row::bytes;
  const float* scales = w.scales == nullptr ? nullptr : w.scales + static_cast<uint64_t>(row) * (columns / w.group);
  for (uint32_t k = 0; k < columns; k += lanes) store(out + k, Row::at(w, start, scales, k) * broadcast(w.factor));
}

void expand_row(const DenseView& w, uint32_t row, float* out) {
  switch (w.format) {
    case DenseFormat::f32: expand<FloatRow>(w, row, out); break;
    case DenseFormat::f16: expand<HalfRow>(w, row, out); break;
    case DenseFormat::bf16: expand<BfloatRow>(w, row, out); break;
    case DenseFormat::int8_groups:
      if (w.group == 16) expand<ByteRow<16>>(w, row, out);
      else expand<ByteRow<32>>(w, row, out);
      break;
  }
}

}  // namespace
}  // namespace bitfleet
