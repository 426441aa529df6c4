#pragma once

#include "gguf/gguf_file.h"
#include "model/fingerprint.h"
#include "model/model.h"
#include "model/prepared_weights.h"
#include "threads/thread_team.h"

namespace bitfleet {

inline constexpr const char* embedding_name = "token_embd.weight";

// Whether the token embedding can be read where it lies in the file: rows are fetched one by one, never all for a product, and
// their type is one that is read in place.
bool embedding_in_place(const GgufFile& file, const LoadOptions& options);

// Takes the weights out of a model file and brings them into the engine's layouts; the head is rounded as the options say.
// ModelError when the file lacks a tensor, or holds one of another shape or type or that has no place in the graph.
PreparedModel read_weights(const GgufFile& file, const LoadOptions& options, const Hyperparameters& h, ThreadTeam& team);

// What the head of this file is rounded to: as the options say, or where they leave it open, int8 where it is of 16 bits a weight
// or more and large enough to matter.
WeightQuant head_quant(const GgufFile& file, const LoadOptions& options);

void add_tensors(Fingerprint& print, const GgufFile& file);

}  // namespace bitfleet
