#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/inference.h"
#include "model/model.h"
#include "schedule/scheduler.h"
#include "serve/serve.h"
#include "tokenizer/tokenizer.h"

namespace bitfleet {

// A model ready to be stepped, with all that was found out while loading it.
struct Engine {
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<Model> model;
  std::unique_ptr<Inference> inference;
  std::vector<std::string> assumptions;
  std::string fingerprint;      // 16 hex digits over weights and tokenizer
  uint32_t vocabulary = 0;      // ids below this have a token and a row of logits
  uint32_t threads = 0;
  Pooling pooling = Pooling::none;

  bool causal() const { return model->hyperparameters().causal; }
};

// How sequences and texts share the model's slots and steps.
SchedulerOptions scheduler_options(const ServeOptions& options, const Engine& engine);

// Opens, checks, loads, and runs one token to see that logits come out finite. ModelError.
Engine load_engine(const ServeOptions& options);

// Processors this process may run on (its affinity mask), at least 1.
uint32_t usable_processors();

std::string hex16(uint64_t value);

}  // namespace bitfleet
