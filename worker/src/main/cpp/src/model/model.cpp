#include "model/model.h"

#include <algorithm>
#include <bit>

#include "gguf/gguf_file.h"
#include "memory/available_memory.h"
#include "model/adapter.h"
#include "model/fingerprint.h"
#include "model/model_error.h"
#include "model/prepared_place.h"
#include "model/prepared_weights.h"
#include "model/weights.h"
#include "model/weights_reading.h"
#include "quant/tensor_type.h"
#include "threads/thread_team.h"

namespace bitfleet {
namespace {

uint64_t bytes_of(const Weights& w) {
  uint64_t total = w.embedding.bytes() + w.output_norm.bytes() + (w.head ? w.head->bytes() : 0) + (w.rounded_head ? w.rounded_head->bytes() : 0);
  for (const LayerWeights& l : w.layers) {
    for (const Linear* linear : {&l.query, &l.key, &l.value, &l.output, &l.gate, &l.up, &l.down}) total += linear->bytes();
    for (const Buffer<float>* norm : {&l.attention_norm, &l.query_input_norm, &l.key_input_norm, &l.value_input_norm, &l.query_head_norm, &l.key_head_norm,
                                      &l.attention_sub_norm, &l.ffn_norm, &l.gate_input_norm, &l.up_input_norm, &l.ffn_sub_norm}) {
      total += norm->bytes();
    }
  }
  return total;
}

void note_assumptions(const GgufFile& file, const Hyperparameters& h, const LoadOptions& options, std::vector<std::string>& assumptions) {
  const uint64_t pooling = file.unsigned_integer(h.architecture + ".pooling_type").value_or(0);
  if (pooling > static_cast<uint64_t>(Pooling::last)) {
    assumptions.push_back("pooling of type " + std::to_string(pooling) + " is not known to this engine: the model is taken for one that makes no embeddings");
  }
  const auto tensors = file.tensors();
  const bool i2_s = std::any_of(tensors.begin(), tensors.end(), [](const GgufTensor& t) { return t.type == static_cast<uint32_t>(TensorType::i2_s); });
  if (i2_s) {
    assumptions.push_back(options.i2s_block == I2sBlock::x86_128
                              ? "I2_S weights are taken to be in blocks of 128, as x86 builds of bitnet.cpp write them; the file does not say."
                              : "I2_S weights are taken to be in blocks of 64, as ARM builds of bitnet.cpp write them; the file does not say.");
  }
}

void add_adapter_to(Fingerprint& print, const LoadOptions& options) {
  print.add(std::string("adapter ") + std::string(to_string(options.adapter_quant)));
  print.add(uint64_t{std::bit_cast<uint32_t>(options.adapter_strength)});
  print.add(std::bit_cast<uint64_t>(options.adapter->real("adapter.lora.alpha").value_or(0)));
  add_tensors(print, *options.adapter);
}

// From the prepared file, or from the model's own, which then gets one.
PreparedModel weights_of(const GgufFile& file, const LoadOptions& options, const Hyperparameters& h, ThreadTeam& team) {
  const bool in_place = embedding_in_place(file, options);
  const auto place = PreparedPlace::of(file, options);
  if (place) {
    for (const auto& path : place->paths) {
      if (auto prepared = read_prepared(path, place->key, h, in_place, team)) {
        if (in_place) prepared->weights->embedding = *DenseWeights::in_place(*file.tensor(embedding_name), file.mapping());
        return std::move(*prepared);
      }
    }
  }
  PreparedModel model = read_weights(file, options, h, team);
  if (!place) return model;
  std::string problem;
  for (const auto& path : place->paths) {
    const auto failed = write_prepared(path, place->key, h, in_place, model);
    if (!failed) return model;
    problem = path.string() + ": " + *failed;
  }
  model.assumptions.push_back("No prepared file could be written, so every start takes the time to prepare the weights anew (" + problem + ").");
  return model;
}

}  // namespace

Model::Model() = default;
Model::~Model() = default;

std::unique_ptr<Model> Model::load(const GgufFile& file, const LoadOptions& options) {
  auto model = std::unique_ptr<Model>(new Model);
  model->hyperparameters_ = Hyperparameters::read(file);
  const Hyperparameters& h = model->hyperparameters_;
  if (const auto tokens = file.texts("tokenizer.ggml.tokens"); tokens && tokens->size() > h.vocabulary) {
    throw ModelError(ModelErrorCode::bad_file, "the tokenizer has " + std::to_string(tokens->size()) + " tokens, the embedding only " + std::to_string(h.vocabulary) + " rows");
  }
  uint64_t data_bytes = 0;
  for (const GgufTensor& tensor : file.tensors()) data_bytes += tensor.data.size();
  require_available(data_bytes, "the model");

  ThreadTeam team(std::max(1U, options.threads));
  PreparedModel prepared = weights_of(file, options, h, team);
  model->assumptions_ = std::move(prepared.assumptions);
  Fingerprint print = prepared.print;
  if (options.adapter != nullptr) {
    add_adapter(*options.adapter, options.adapter_strength, options.adapter_quant, h, *prepared.weights, team);
    add_adapter_to(print, options);
  }
  note_assumptions(file, h, options, model->assumptions_);
  model->parameters_ = prepared.parameters;
  model->resident_bytes_ = bytes_of(*prepared.weights);
  model->fingerprint_ = print.hex();
  model->weights_ = std::move(prepared.weights);
  return model;
}

}  // namespace bitfleet
