#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "model/hyperparameters.h"
#include "quant/tensor_type.h"

namespace bitfleet::tools {

struct RandomAdapterSpec {
  uint32_t rank = 8;
  float alpha = 16;
  TensorType type = TensorType::f32;
  std::vector<std::string> targets = {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"};
  uint64_t seed = 1;
};

// A LoRA adapter for models of that shape, as llama.cpp writes them; its corrections are about as large as a tenth of what
// they correct. Equal arguments give equal bytes. ModelError unsupported_model for an unknown target.
void write_random_adapter(const Hyperparameters& hyperparameters, const RandomAdapterSpec& spec, std::ostream& out);

}  // namespace bitfleet::tools
