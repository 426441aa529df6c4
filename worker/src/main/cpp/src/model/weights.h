#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "memory/buffer.h"
#include "quant/dense_weights.h"
#include "quant/head_weights.h"
#include "quant/ternary_weights.h"

namespace bitfleet {

// A correction of low rank to a matrix: b · (a · x). Source: Hu et al., LoRA (2021).
struct LowRank {
  DenseWeights a;  // [rank, columns]
  DenseWeights b;  // [rows, rank], with all factors

  uint64_t bytes() const { return a.bytes() + b.bytes(); }
};

// A matrix [rows, columns] that maps vectors of `columns` to vectors of `rows`, in either representation.
struct Linear {
  std::variant<TernaryWeights, DenseWeights> matrix;
  std::optional<LowRank> adapter;

  bool is_ternary() const { return std::holds_alternative<TernaryWeights>(matrix); }
  uint32_t rows() const {
    return std::visit([](const auto& m) { return m.view().rows; }, matrix);
  }
  uint64_t bytes() const {
    return std::visit([](const auto& m) { return m.bytes(); }, matrix) + (adapter ? adapter->bytes() : 0);
  }
};

struct LayerWeights {
  Buffer<float> attention_norm;      // [padded(embedding)]
  Linear query;                      // [q_dim, embedding]
  Linear key;                        // [kv_dim, embedding]
  Linear value;                      // [kv_dim, embedding]
  Buffer<float> query_input_norm;    // [padded(embedding)], these three empty without projection norms
  Buffer<float> key_input_norm;
  Buffer<float> value_input_norm;
  Buffer<float> query_head_norm;     // [padded(head_dim)], these two empty without head norms
  Buffer<float> key_head_norm;
  Buffer<float> attention_sub_norm;  // [padded(q_dim)], empty without sub-norms
  Linear output;                     // [embedding, q_dim]
  Buffer<float> ffn_norm;            // [padded(embedding)]
  Linear gate;                       // [feed_forward, embedding]
  Linear up;                         // [feed_forward, embedding]
  Buffer<float> gate_input_norm;     // [padded(embedding)], these two empty without projection norms
  Buffer<float> up_input_norm;
  Buffer<float> ffn_sub_norm;        // [padded(feed_forward)], empty without sub-norms
  Linear down;                       // [embedding, feed_forward]
};

struct Weights {
  DenseWeights embedding;            // [vocabulary, embedding]
  std::vector<LayerWeights> layers;
  Buffer<float> output_norm;         // [padded(embedding)]
  std::optional<Linear> head;        // [vocabulary, embedding]; absent when the embedding serves as head, and beside a rounded one
  std::optional<HeadWeights> rounded_head;  // goes before both
  std::vector<float> rope_factors;   // [rope_dim / 2] divisors of the frequencies, or empty
};

}  // namespace bitfleet
