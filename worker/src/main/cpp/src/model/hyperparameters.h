#pragma once

#include <cstdint>
#include <string>

#include "model/pooling.h"

namespace bitfleet {

class GgufFile;

enum class GateActivation { relu_squared, silu };

// Which two elements of a head RoPE turns together.
enum class RopePairs {
  halves,      // i and i + n/2 ("NeoX")
  neighbours   // 2i and 2i + 1 ("NORM")
};

// The shape of a model and the variant of the graph, all of it checked and within limits.
struct Hyperparameters {
  std::string architecture;      // general.architecture: bitnet-b1.58 | bitnet-25 | bitnet | llama | qwen3
  std::string name;              // general.name, may be empty
  uint32_t vocabulary = 0;       // rows of token_embd
  uint32_t context_length = 0;   // trained context, tokens
  uint32_t embedding = 0;        // length of the residual stream
  uint32_t layers = 0;
  uint32_t heads = 0;
  uint32_t kv_heads = 0;         // divides heads
  uint32_t head_dim = 0;         // elements per head, of q, k and v alike
  uint32_t feed_forward = 0;
  uint32_t rope_dim = 0;         // leading elements of each head that turn; even, at most head_dim
  float rope_theta = 0;
  float rope_scale = 1;          // linear: angles are multiplied by it
  float norm_epsilon = 0;
  GateActivation gate = GateActivation::silu;
  RopePairs rope_pairs = RopePairs::halves;
  bool sub_norms = false;        // RMS norm before attn_output and ffn_down
  bool head_norms = false;       // RMS norm of each query and key head before it turns
  bool projection_norms = false; // one more RMS norm before each of q, k, v, gate and up (BitNet embedding models)
  bool causal = true;            // false: a token sees the whole text, also what comes after it
  Pooling pooling = Pooling::none;

  uint32_t q_dim() const { return heads * head_dim; }
  uint32_t kv_dim() const { return kv_heads * head_dim; }
  uint32_t heads_per_kv_head() const { return heads / kv_heads; }

  // Reads and checks the metadata (and the shape of token_embd.weight). ModelError: bad_file for a missing or
  // nonsensical value, unsupported_model for an architecture or a feature outside this engine.
  static Hyperparameters read(const GgufFile& file);
};

}  // namespace bitfleet
