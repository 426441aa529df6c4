#include "model/hyperparameters.h"

#include <cmath>
#include <string_view>

#include "gguf/gguf_file.h"
#include "kernels/kernels.h"
#include "model/model_error.h"

namespace bitfleet {
namespace {

// Limits of ours: several times the largest published model of these families, small enough that no product of two
// of them overflows 64 bits and that 32-bit sums of the ternary kernels hold (65536 · K / 16 < 2^31).
constexpr uint64_t most_layers = 512;
constexpr uint64_t longest_row = 1 << 18;
constexpr uint64_t most_heads = 1024;
constexpr uint64_t longest_head = largest_head_dim;
constexpr uint64_t largest_vocabulary = 1 << 22;
constexpr uint64_t longest_context = 1 << 24;

class Reader {
 public:
  Reader(const GgufFile& file, std::string architecture) : file_(file), architecture_(std::move(architecture)) {}

  std::string key(std::string_view suffix) const { return architecture_ + "." + std::string(suffix); }

  uint32_t count(std::string_view suffix, uint64_t most) const {
    const auto value = file_.unsigned_integer(key(suffix));
    if (!value) throw ModelError(ModelErrorCode::bad_file, "the key '" + key(suffix) + "' is missing");
    return checked(suffix, *value, most);
  }

  uint32_t count_or(std::string_view suffix, uint64_t most, uint32_t fallback) const {
    const auto value = file_.unsigned_integer(key(suffix));
    return value ? checked(suffix, *value, most) : fallback;
  }

  // A single number, or (as newer converters write) one per layer, all of which must be equal.
  uint32_t count_per_layer(std::string_view suffix, uint64_t most) const {
    try {
      return count(suffix, most);
    } catch (const ModelError&) {
      const auto values = file_.contains(key(suffix)) ? file_.integers(key(suffix)) : std::nullopt;
      if (!values || values->empty()) throw;
      for (const int64_t value : *values) {
        if (value != values->front()) {
          throw ModelError(ModelErrorCode::unsupported_model, "'" + key(suffix) + "' differs between layers");
        }
      }
      return checked(suffix, values->front() < 0 ? UINT64_MAX : static_cast<uint64_t>(values->front()), most);
    }
  }

  float real_or(std::string_view suffix, double low, double high, double fallback) const {
    const double value = file_.real(key(suffix)).value_or(fallback);
    if (!(value >= low && value <= high)) {  // also refuses NaN
      throw ModelError(ModelErrorCode::bad_file, "'" + key(suffix) + "' is " + std::to_string(value) + ", out of range");
    }
    return static_cast<float>(value);
  }

  void refuse_if_positive(std::string_view suffix, std::string_view feature) const {
    if (file_.unsigned_integer(key(suffix)).value_or(0) > 0) {
      throw ModelError(ModelErrorCode::unsupported_model, "'" + key(suffix) + "': " + std::string(feature) + " is not supported");
    }
  }

 private:
  uint32_t checked(std::string_view suffix, uint64_t value, uint64_t most) const {
    if (value == 0) throw ModelError(ModelErrorCode::bad_file, "'" + key(suffix) + "' is 0");
    if (value > most) {
      throw ModelError(ModelErrorCode::unsupported_model,
                       "'" + key(suffix) + "' is " + std::to_string(value) + ", more than the limit of " + std::to_string(most));
    }
    return static_cast<uint32_t>(value);
  }

  const GgufFile& file_;
  std::string architecture_;
};

void read_variant(const GgufFile& file, Hyperparameters& h) {
  if (h.architecture == "bitnet-b1.58" || h.architecture == "bitnet-25") {
    h.gate = GateActivation::relu_squared;
    h.rope_pairs = RopePairs::halves;
    h.sub_norms = true;
  } else if (h.architecture == "bitnet") {
    h.gate = GateActivation::silu;
    h.rope_pairs = RopePairs::halves;
    h.sub_norms = true;
  } else if (h.architecture == "llama") {
    h.gate = GateActivation::silu;
    h.rope_pairs = RopePairs::neighbours;  // the converter permutes q and k for it
    h.sub_norms = false;
  } else if (h.architecture == "qwen3") {
    h.gate = GateActivation::silu;
    h.rope_pairs = RopePairs::halves;
    h.head_norms = true;
    // BitNet embedding models keep the names of their backbone and norm the input of every ternary matrix. Of the seven
    // norms two lie where the sub-norms of other families do.
    h.projection_norms = file.tensor("blk.0.attn_q_norm_in.weight") != nullptr;
    h.sub_norms = h.projection_norms;
  } else {
    throw ModelError(ModelErrorCode::unsupported_model,
                     "architecture '" + h.architecture + "'; known are bitnet-b1.58, bitnet-25, bitnet, llama and qwen3");
  }
  h.name = std::string(file.text("general.name").value_or(""));
}

void read_rope(const GgufFile& file, const Reader& reader, Hyperparameters& h) {
  h.rope_dim = reader.count_or("rope.dimension_count", longest_head, h.head_dim);
  if (h.rope_dim > h.head_dim || h.rope_dim % 2 != 0) {
    throw ModelError(ModelErrorCode::bad_file, "'" + reader.key("rope.dimension_count") + "' is " + std::to_string(h.rope_dim) +
                                                   "; it must be even and at most the head's " + std::to_string(h.head_dim));
  }
  h.rope_theta = reader.real_or("rope.freq_base", 1, 1e12, 10000);
  const auto scaling = file.text(reader.key("rope.scaling.type")).value_or("none");
  if (scaling == "linear") {
    h.rope_scale = 1.0F / reader.real_or("rope.scaling.factor", 1e-3, 1e6, 1);
  } else if (scaling != "none") {
    throw ModelError(ModelErrorCode::unsupported_model, "RoPE scaling of type '" + std::string(scaling) + "'");
  } else if (file.contains(reader.key("rope.scale_linear"))) {  // the key's name in the oldest files
    h.rope_scale = 1.0F / reader.real_or("rope.scale_linear", 1e-3, 1e6, 1);
  }
}

}  // namespace

Hyperparameters Hyperparameters::read(const GgufFile& file) {
  Hyperparameters h;
  const auto architecture = file.text("general.architecture");
  if (!architecture) throw ModelError(ModelErrorCode::bad_file, "the key 'general.architecture' is missing");
  h.architecture = std::string(architecture->substr(0, 64));
  read_variant(file, h);

  const Reader reader(file, h.architecture);
  h.layers = reader.count("block_count", most_layers);
  h.embedding = reader.count("embedding_length", longest_row);
  h.feed_forward = reader.count_per_layer("feed_forward_length", longest_row);
  h.heads = reader.count_per_layer("attention.head_count", most_heads);
  h.kv_heads = file.contains(reader.key("attention.head_count_kv")) ? reader.count_per_layer("attention.head_count_kv", most_heads) : h.heads;
  h.context_length = reader.count("context_length", longest_context);
  if (h.heads % h.kv_heads != 0) {
    throw ModelError(ModelErrorCode::bad_file, std::to_string(h.heads) + " attention heads cannot share " + std::to_string(h.kv_heads) + " KV heads");
  }
  if (!file.contains(reader.key("attention.key_length")) && h.embedding % h.heads != 0) {
    throw ModelError(ModelErrorCode::bad_file, "an embedding of " + std::to_string(h.embedding) + " does not divide into " + std::to_string(h.heads) + " heads");
  }
  h.head_dim = reader.count_or("attention.key_length", longest_head, h.embedding / h.heads);
  if (h.head_dim > longest_head || h.head_dim % 2 != 0) {
    throw ModelError(ModelErrorCode::unsupported_model, "heads of " + std::to_string(h.head_dim) + " elements; even numbers up to " + std::to_string(longest_head) + " are supported");
  }
  if (reader.count_or("attention.value_length", longest_head, h.head_dim) != h.head_dim) {
    throw ModelError(ModelErrorCode::unsupported_model, "keys and values of different lengths");
  }
  if (!file.contains(reader.key("attention.layer_norm_rms_epsilon"))) {
    throw ModelError(ModelErrorCode::bad_file, "the key '" + reader.key("attention.layer_norm_rms_epsilon") + "' is missing");
  }
  h.norm_epsilon = reader.real_or("attention.layer_norm_rms_epsilon", 0, 1, 0);
  read_rope(file, reader, h);
  reader.refuse_if_positive("expert_count", "a mixture of experts");
  h.causal = file.boolean(reader.key("attention.causal")).value_or(true);
  const uint64_t pooling = file.unsigned_integer(reader.key("pooling_type")).value_or(0);
  h.pooling = pooling <= static_cast<uint64_t>(Pooling::last) ? static_cast<Pooling>(pooling) : Pooling::none;

  const GgufTensor* embedding = file.tensor("token_embd.weight");
  if (embedding == nullptr) throw ModelError(ModelErrorCode::bad_file, "the tensor 'token_embd.weight' is missing");
  if (embedding->dims[1] > largest_vocabulary) {
    throw ModelError(ModelErrorCode::unsupported_model, "a vocabulary of " + std::to_string(embedding->dims[1]) + " tokens");
  }
  h.vocabulary = static_cast<uint32_t>(embedding->dims[1]);
  if (static_cast<uint64_t>(h.heads) * h.head_dim > longest_row) {
    throw ModelError(ModelErrorCode::unsupported_model, "heads that make rows of " + std::to_string(static_cast<uint64_t>(h.heads) * h.head_dim) + " elements");
  }
  return h;
}

}  // namespace bitfleet
