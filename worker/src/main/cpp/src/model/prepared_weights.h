#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/fingerprint.h"
#include "model/hyperparameters.h"
#include "model/weights.h"
#include "threads/thread_team.h"

namespace bitfleet {

// What loading a model file comes to: weights in the engine's layouts, and what was found out on the way.
struct PreparedModel {
  std::unique_ptr<Weights> weights;
  Fingerprint print;  // of the model file's content, to go on from
  std::vector<std::string> assumptions;
  uint64_t parameters = 0;
};

// Reads what was written under that key. nullopt when there is nothing, or it is stale or damaged, or does not fit the
// hyperparameters. Where `embedding_apart`, the token embedding is left empty, for the caller to map. ModelError out_of_memory.
std::optional<PreparedModel> read_prepared(const std::filesystem::path& path, std::string_view key, const Hyperparameters& h,
                                           bool embedding_apart, ThreadTeam& team);

// Writes it, or returns why that could not be: a folder nobody may write to and a full disk are no reason not to serve.
std::optional<std::string> write_prepared(const std::filesystem::path& path, std::string_view key, const Hyperparameters& h,
                                          bool embedding_apart, PreparedModel& model);

}  // namespace bitfleet
