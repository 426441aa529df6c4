#include "model/weights_reading.h"

#include <bit>
#include <cstring>
#include <set>

#include "model/model_error.h"
#include "model/weights.h"
#include "quant/half.h"
#include "quant/tensor_type.h"

namespace bitfleet {
namespace {

// Takes tensors out of a file one by one, each checked for type and shape, and remembers which were taken: what is left
// over at the end is a part of the graph that this engine would silently leave out.
class TensorSource {
 public:
  TensorSource(const GgufFile& file, const LoadOptions& options, ThreadTeam& team) : file_(file), order_(options.i2s_block), layout_(options.layout), team_(team) {}

  Linear linear(const std::string& prefix, uint32_t columns, uint32_t rows) {
    Linear linear{read_matrix(require(prefix + ".weight"), columns, rows), std::nullopt};
    if (const GgufTensor* scale = file_.tensor(prefix + ".scale")) {
      const float factor = vector(*scale, 1)[0];
      std::visit([factor](auto& matrix) { matrix.multiply_by(factor); }, linear.matrix);
    }
    return linear;
  }

  std::optional<Linear> optional_linear(const std::string& prefix, uint32_t columns, uint32_t rows) {
    if (file_.tensor(prefix + ".weight") == nullptr) return std::nullopt;
    return linear(prefix, columns, rows);
  }

  DenseWeights embedding(uint32_t columns, uint32_t rows, bool in_place) {
    const GgufTensor& tensor = require(embedding_name);
    check_shape(tensor, columns, rows);
    if (is_ternary(type_of(tensor))) refuse(tensor, "a ternary token embedding");
    if (in_place) return *DenseWeights::in_place(tensor, file_.mapping());
    return DenseWeights::copy(tensor, team_);
  }

  Buffer<float> norm(const std::string& name, uint32_t length) { return vector(require(name), length); }

  std::vector<float> optional_vector(const std::string& name, uint32_t length) {
    const GgufTensor* tensor = file_.tensor(name);
    if (tensor == nullptr) return {};
    const Buffer<float> values = vector(*tensor, length);
    return {values.data(), values.data() + length};
  }

  void ignore(const std::string& name) { taken_.insert(name); }

  void refuse_leftovers() const {
    for (const GgufTensor& tensor : file_.tensors()) {
      if (!taken_.contains(std::string(tensor.name))) {
        throw ModelError(ModelErrorCode::unsupported_model,
                         "tensor '" + std::string(tensor.name) + "' has no place in the graph of this architecture");
      }
    }
  }

  uint64_t parameters() const { return parameters_; }

 private:
  [[noreturn]] static void refuse(const GgufTensor& tensor, const std::string& what) {
    throw ModelError(ModelErrorCode::unsupported_model, "tensor '" + std::string(tensor.name) + "': " + what + " is not supported");
  }

  const GgufTensor& require(const std::string& name) const {
    const GgufTensor* tensor = file_.tensor(name);
    if (tensor == nullptr) throw ModelError(ModelErrorCode::bad_file, "the tensor '" + name + "' is missing");
    return *tensor;
  }

  static TensorType type_of(const GgufTensor& tensor) {
    const auto type = tensor_type(tensor.type);
    if (!type) refuse(tensor, "the tensor type " + std::to_string(tensor.type));
    return *type;
  }

  void check_shape(const GgufTensor& tensor, uint64_t columns, uint64_t rows) {
    if (tensor.dims[0] != columns || tensor.dims[1] != rows || tensor.dims[2] != 1 || tensor.dims[3] != 1) {
      throw ModelError(ModelErrorCode::bad_file, "tensor '" + std::string(tensor.name) + "' has the shape [" + std::to_string(tensor.dims[0]) + ", " +
                                                     std::to_string(tensor.dims[1]) + "], not [" + std::to_string(columns) + ", " + std::to_string(rows) + "]");
    }
    taken_.insert(std::string(tensor.name));
    parameters_ += tensor.elements();
  }

  std::variant<TernaryWeights, DenseWeights> read_matrix(const GgufTensor& tensor, uint32_t columns, uint32_t rows) {
    check_shape(tensor, columns, rows);
    if (is_ternary(type_of(tensor))) return TernaryWeights::repack(tensor, order_, layout_, team_);
    return DenseWeights::copy(tensor, team_);
  }

  Buffer<float> vector(const GgufTensor& tensor, uint32_t length) {
    check_shape(tensor, length, 1);
    Buffer<float> values(padded(length), "norms");
    const auto* bytes = tensor.data.data();
    const TensorType type = type_of(tensor);
    for (uint32_t i = 0; i < length; ++i) {
      uint16_t half = 0;
      switch (type) {
        case TensorType::f32: std::memcpy(&values[i], bytes + 4ULL * i, 4); break;
        case TensorType::f16: std::memcpy(&half, bytes + 2ULL * i, 2); values[i] = half_to_float(half); break;
        case TensorType::bf16: std::memcpy(&half, bytes + 2ULL * i, 2); values[i] = bfloat16_to_float(half); break;
        default: refuse(tensor, "a vector of type " + std::string(to_string(type)));
      }
    }
    return values;
  }

  const GgufFile& file_;
  I2sBlock order_;
  TernaryLayout layout_;
  ThreadTeam& team_;
  std::set<std::string> taken_;
  uint64_t parameters_ = 0;
};

LayerWeights read_layer(TensorSource& source, const Hyperparameters& h, uint32_t layer) {
  const std::string prefix = "blk." + std::to_string(layer) + ".";
  LayerWeights w;
  w.attention_norm = source.norm(prefix + "attn_norm.weight", h.embedding);
  w.query = source.linear(prefix + "attn_q", h.embedding, h.q_dim());
  w.key = source.linear(prefix + "attn_k", h.embedding, h.kv_dim());
  w.value = source.linear(prefix + "attn_v", h.embedding, h.kv_dim());
  w.output = source.linear(prefix + "attn_output", h.q_dim(), h.embedding);
  w.ffn_norm = source.norm(prefix + "ffn_norm.weight", h.embedding);
  w.gate = source.linear(prefix + "ffn_gate", h.embedding, h.feed_forward);
  w.up = source.linear(prefix + "ffn_up", h.embedding, h.feed_forward);
  w.down = source.linear(prefix + "ffn_down", h.feed_forward, h.embedding);
  if (h.sub_norms) {
    w.attention_sub_norm = source.norm(prefix + (h.projection_norms ? "attn_output_norm_in.weight" : "attn_sub_norm.weight"), h.q_dim());
    w.ffn_sub_norm = source.norm(prefix + (h.projection_norms ? "ffn_down_norm_in.weight" : "ffn_sub_norm.weight"), h.feed_forward);
  }
  if (h.projection_norms) {
    w.query_input_norm = source.norm(prefix + "attn_q_norm_in.weight", h.embedding);
    w.key_input_norm = source.norm(prefix + "attn_k_norm_in.weight", h.embedding);
    w.value_input_norm = source.norm(prefix + "attn_v_norm_in.weight", h.embedding);
    w.gate_input_norm = source.norm(prefix + "ffn_gate_norm_in.weight", h.embedding);
    w.up_input_norm = source.norm(prefix + "ffn_up_norm_in.weight", h.embedding);
  }
  if (h.head_norms) {
    w.query_head_norm = source.norm(prefix + "attn_q_norm.weight", h.head_dim);
    w.key_head_norm = source.norm(prefix + "attn_k_norm.weight", h.head_dim);
  }
  // A table of rotation frequencies that old converters wrote; it can be computed, and everyone does.
  source.ignore(prefix + "attn_rot_embd.weight");
  source.ignore(prefix + "attn_rot_embd");
  return w;
}

// Rounds the head; a tied one becomes a matrix of its own.
void round_head(WeightQuant quant, ThreadTeam& team, Weights& weights, std::vector<std::string>& assumptions) {
  if (quant == WeightQuant::none) return;
  if (weights.head && weights.head->is_ternary()) {
    assumptions.push_back("the head is ternary: it stays so");
    return;
  }
  const DenseView from = weights.head ? std::get<DenseWeights>(weights.head->matrix).view() : weights.embedding.view();
  weights.rounded_head = HeadWeights::round(from, quant, team);
  weights.head.reset();
}

// Of what the file holds and how the head is rounded: not of the layout, which changes no result.
Fingerprint print_of(const GgufFile& file, const Hyperparameters& h, const LoadOptions& options) {
  Fingerprint print;
  print.add(h.architecture);
  for (const uint64_t number : {h.vocabulary, h.embedding, h.layers, h.heads, h.kv_heads, h.head_dim, h.feed_forward, h.rope_dim}) print.add(number);
  for (const float number : {h.rope_theta, h.rope_scale, h.norm_epsilon}) print.add(std::bit_cast<uint32_t>(number));
  if (!h.causal) print.add(uint64_t{1});  // another graph; where it is the usual one, fingerprints stay what they were
  add_tensors(print, file);
  // What is as usual adds nothing, so that fingerprints stay what they were.
  const WeightQuant head = head_quant(file, options);
  if (head != WeightQuant::none) print.add(std::string("unembed ") + std::string(to_string(head)));
  return print;
}

}  // namespace

void add_tensors(Fingerprint& print, const GgufFile& file) {
  for (const GgufTensor& tensor : file.tensors()) {
    print.add(tensor.name);
    print.add(tensor.type);
    print.add(tensor.data);
  }
}

WeightQuant head_quant(const GgufFile& file, const LoadOptions& options) {
  if (options.unembed_quant) return *options.unembed_quant;
  constexpr uint64_t large = 32 << 20;  // smaller ones stay in the cache from one token to the next
  const GgufTensor* head = file.tensor("output.weight");
  if (head == nullptr) head = file.tensor(embedding_name);
  if (head == nullptr || head->elements() < large) return WeightQuant::none;
  const auto type = static_cast<TensorType>(head->type);
  return type == TensorType::f32 || type == TensorType::f16 || type == TensorType::bf16 ? WeightQuant::int8 : WeightQuant::none;
}

bool embedding_in_place(const GgufFile& file, const LoadOptions& options) {
  const GgufTensor* tensor = file.tensor(embedding_name);
  const bool is_head = file.tensor("output.weight") == nullptr && head_quant(file, options) == WeightQuant::none;
  return tensor != nullptr && !is_head && DenseWeights::in_place(*tensor, file.mapping()).has_value();
}

PreparedModel read_weights(const GgufFile& file, const LoadOptions& options, const Hyperparameters& h, ThreadTeam& team) {
  TensorSource source(file, options, team);
  PreparedModel model;
  model.weights = std::make_unique<Weights>();
  Weights& weights = *model.weights;
  weights.embedding = source.embedding(h.embedding, h.vocabulary, embedding_in_place(file, options));
  weights.layers.reserve(h.layers);
  for (uint32_t layer = 0; layer < h.layers; ++layer) weights.layers.push_back(read_layer(source, h, layer));
  weights.output_norm = source.norm("output_norm.weight", h.embedding);
  weights.head = source.optional_linear("output", h.embedding, h.vocabulary);
  weights.rope_factors = source.optional_vector("rope_freqs.weight", h.rope_dim / 2);
  for (const float factor : weights.rope_factors) {
    if (!(factor > 0)) throw ModelError(ModelErrorCode::bad_file, "tensor 'rope_freqs.weight' holds a factor that is not positive");
  }
  source.refuse_leftovers();
  round_head(head_quant(file, options), team, weights, model.assumptions);
  model.parameters = source.parameters();
  model.print = print_of(file, h, options);
  return model;
}

}  // namespace bitfleet
