#pragma once

#include <cstdint>
#include <filesystem>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "model/pooling.h"
#include "quant/tensor_type.h"
#include "tools/synthetic_tokenizer.h"

namespace bitfleet::tools {

// What a random model looks like. Its weights mean nothing, but their sizes are those of a trained model: every
// sub-layer adds about unit variance, and logits spread over several units.
struct RandomModelSpec {
  std::string architecture = "bitnet-b1.58";
  uint32_t layers = 2;
  uint32_t embedding = 256;
  uint32_t heads = 4;
  uint32_t kv_heads = 2;
  uint32_t head_dim = 0;                            // 0: embedding / heads
  uint32_t feed_forward = 512;
  uint32_t vocabulary = 512;
  uint32_t context_length = 4096;
  float rope_theta = 500000;
  TensorType linear_type = TensorType::i2_s;
  TensorType embedding_type = TensorType::f16;
  bool tied_head = true;
  TensorType head_type = TensorType::f16;           // where not tied
  bool block_scales = false;                        // TQ1_0, TQ2_0: a different scale in each block
  bool scale_tensors = false;                       // a separate `.scale` beside each linear weight
  bool rope_factors = false;                        // rope_freqs.weight, as Llama 3.1 has
  bool projection_norms = false;                    // qwen3: a norm before every linear, as BitNet embedding models have
  Pooling pooling = Pooling::none;                  // written when not none
  bool causal = true;                               // written when not
  bool add_end_token = false;                       // asks for an end token behind texts to embed
  TokenizerKind tokenizer = TokenizerKind::gpt2;
  uint64_t seed = 1;
};

// tiny, 2b4t (BitNet b1.58 2B-4T), large (1bitLLM 0.7B), llama8b (Llama3-8B-1.58). ModelError unsupported_model for others.
RandomModelSpec named_shape(std::string_view name);

// Equal specs give equal bytes on every machine. Needs little memory whatever the size of the model.
void write_random_model(const RandomModelSpec& spec, std::ostream& out);

}  // namespace bitfleet::tools
