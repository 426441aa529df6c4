#include "model/adapter.h"

#include <cmath>
#include <map>
#include <string>
#include <string_view>

#include "gguf/gguf_file.h"
#include "model/model_error.h"
#include "quant/tensor_type.h"

namespace bitfleet {
namespace {

struct Target {
  Linear* linear;
  uint32_t columns;
  uint32_t rows;
};

struct Pair {
  const GgufTensor* a = nullptr;
  const GgufTensor* b = nullptr;
};

[[noreturn]] void bad(const std::string& what) { throw ModelError(ModelErrorCode::bad_file, "the adapter: " + what); }
[[noreturn]] void unsupported(const std::string& what) { throw ModelError(ModelErrorCode::unsupported_model, "the adapter: " + what); }

// Every matrix an adapter may be for, by the name of its tensor.
std::map<std::string, Target> targets_of(const Hyperparameters& h, Weights& weights) {
  std::map<std::string, Target> targets;
  for (uint32_t i = 0; i < h.layers; ++i) {
    LayerWeights& l = weights.layers[i];
    const std::string prefix = "blk." + std::to_string(i) + ".";
    targets[prefix + "attn_q.weight"] = {&l.query, h.embedding, h.q_dim()};
    targets[prefix + "attn_k.weight"] = {&l.key, h.embedding, h.kv_dim()};
    targets[prefix + "attn_v.weight"] = {&l.value, h.embedding, h.kv_dim()};
    targets[prefix + "attn_output.weight"] = {&l.output, h.q_dim(), h.embedding};
    targets[prefix + "ffn_gate.weight"] = {&l.gate, h.embedding, h.feed_forward};
    targets[prefix + "ffn_up.weight"] = {&l.up, h.embedding, h.feed_forward};
    targets[prefix + "ffn_down.weight"] = {&l.down, h.feed_forward, h.embedding};
  }
  return targets;
}

void check_metadata(const GgufFile& file, const Hyperparameters& h) {
  if (file.text("general.type").value_or("") != "adapter") bad("'general.type' is not \"adapter\"");
  if (const auto type = file.text("adapter.type").value_or(""); type != "lora") unsupported("'adapter.type' is \"" + std::string(type) + "\"; only lora is known");
  if (const auto architecture = file.text("general.architecture").value_or(""); architecture != h.architecture) {
    bad("it is for the architecture \"" + std::string(architecture) + "\", the model's is \"" + h.architecture + "\"");
  }
  if (h.projection_norms) unsupported("models that norm the input of every matrix take none");
}

std::map<std::string, Pair> pairs_of(const GgufFile& file) {
  std::map<std::string, Pair> pairs;
  for (const GgufTensor& tensor : file.tensors()) {
    const std::string_view name = tensor.name;
    constexpr std::string_view a = ".lora_a";
    constexpr std::string_view b = ".lora_b";
    if (name.ends_with(a)) pairs[std::string(name.substr(0, name.size() - a.size()))].a = &tensor;
    else if (name.ends_with(b)) pairs[std::string(name.substr(0, name.size() - b.size()))].b = &tensor;
    else unsupported("tensor '" + std::string(name) + "' is neither a lora_a nor a lora_b");
  }
  if (pairs.empty()) bad("it has no tensors");
  return pairs;
}

std::string shape(const GgufTensor& tensor) {
  return "tensor '" + std::string(tensor.name) + "' has the shape [" + std::to_string(tensor.dims[0]) + ", " + std::to_string(tensor.dims[1]) + "]";
}

DenseWeights read(const GgufTensor& tensor, WeightQuant quant, ThreadTeam& team) {
  const auto type = tensor_type(tensor.type);
  if (!type || is_ternary(*type)) unsupported("tensor '" + std::string(tensor.name) + "' is of type " + describe_tensor_type(tensor.type));
  if (tensor.dims[2] != 1 || tensor.dims[3] != 1) bad("tensor '" + std::string(tensor.name) + "' has more than two dimensions");
  return DenseWeights::copy(tensor, team).rounded_to(quant, team);
}

}  // namespace

void add_adapter(const GgufFile& file, float strength, WeightQuant quant, const Hyperparameters& h, Weights& weights, ThreadTeam& team) {
  check_metadata(file, h);
  const double alpha = file.real("adapter.lora.alpha").value_or(0);
  if (!std::isfinite(alpha)) bad("'adapter.lora.alpha' is not a number");
  const auto targets = targets_of(h, weights);
  for (const auto& [name, pair] : pairs_of(file)) {
    const auto found = targets.find(name);
    if (found == targets.end()) unsupported("the model has no matrix '" + name + "' that takes one");
    if (pair.a == nullptr || pair.b == nullptr) bad("'" + name + "' has a lora_" + (pair.a == nullptr ? "b" : "a") + " alone");
    const Target& target = found->second;
    const uint64_t rank = pair.a->dims[1];
    if (rank == 0 || rank > highest_adapter_rank) unsupported(shape(*pair.a) + "; ranks of 1 to " + std::to_string(highest_adapter_rank) + " are supported");
    if (pair.a->dims[0] != target.columns) bad(shape(*pair.a) + ", where the model's inputs have " + std::to_string(target.columns));
    if (pair.b->dims[1] != target.rows) bad(shape(*pair.b) + ", where the model's outputs have " + std::to_string(target.rows));
    if (pair.b->dims[0] != rank) bad(shape(*pair.b) + ", which does not fit the rank of " + std::to_string(rank));
    LowRank low{read(*pair.a, quant, team), read(*pair.b, quant, team)};
    low.b.multiply_by(alpha == 0 ? strength : static_cast<float>(static_cast<double>(strength) * alpha / static_cast<double>(rank)));
    target.linear->adapter = std::move(low);
  }
}

}  // namespace bitfleet
