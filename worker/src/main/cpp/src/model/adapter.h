#pragma once

#include "model/hyperparameters.h"
#include "model/weights.h"
#include "quant/weight_quant.h"
#include "threads/thread_team.h"

namespace bitfleet {

class GgufFile;

inline constexpr uint32_t highest_adapter_rank = 1024;

// Puts a LoRA adapter beside the matrices it is for. The file is one as llama.cpp writes them: general.type "adapter",
// adapter.type "lora", the model's own general.architecture, adapter.lora.alpha, and for each matrix a pair of tensors
// `<name>.weight.lora_a` [columns, rank] and `<name>.weight.lora_b` [rank, rows].
//
// The product becomes W·x + strength · alpha / rank · B·(A·x), or strength · B·(A·x) where alpha is absent or 0. Nothing is
// merged: W stays ternary. A·x reads the activations before they are quantized.
//
// ModelError bad_file for a file that contradicts itself or the model, unsupported_model for what this engine cannot apply.
// The weights may have some of the adapter then, and must not be used.
void add_adapter(const GgufFile& file, float strength, WeightQuant quant, const Hyperparameters& hyperparameters, Weights& weights,
                 ThreadTeam& team);

}  // namespace bitfleet
