#include "tools/random_adapter.h"

#include <cmath>
#include <string_view>
#include <utility>

#include "model/model_error.h"
#include "tools/gguf_writer.h"
#include "tools/random_stream.h"
#include "tools/tensor_encoders.h"

namespace bitfleet::tools {
namespace {

// Columns and rows of a layer's matrix.
std::pair<uint32_t, uint32_t> shape_of(const Hyperparameters& h, std::string_view target) {
  if (target == "attn_q") return {h.embedding, h.q_dim()};
  if (target == "attn_k" || target == "attn_v") return {h.embedding, h.kv_dim()};
  if (target == "attn_output") return {h.q_dim(), h.embedding};
  if (target == "ffn_gate" || target == "ffn_up") return {h.embedding, h.feed_forward};
  if (target == "ffn_down") return {h.feed_forward, h.embedding};
  throw ModelError(ModelErrorCode::unsupported_model, "a layer has no matrix '" + std::string(target) + "'");
}

void add_matrix(GgufWriter& writer, const RandomAdapterSpec& spec, const std::string& name, uint32_t columns, uint32_t rows, float largest) {
  writer.add_tensor(name, spec.type, {columns, rows}, [=](const GgufWriter::Sink& sink) {
    RandomStream random(spec.seed, name);
    std::vector<float> values(columns);
    std::vector<uint8_t> bytes;
    for (uint32_t row = 0; row < rows; ++row) {
      for (float& value : values) value = random.uniform(-largest, largest);
      encode_dense_row(spec.type, values, bytes);
    }
    sink(bytes);
  });
}

}  // namespace

void write_random_adapter(const Hyperparameters& h, const RandomAdapterSpec& spec, std::ostream& out) {
  GgufWriter writer;
  writer.add_text("general.type", "adapter");
  writer.add_text("general.architecture", h.architecture);
  writer.add_text("general.name", "random adapter, seed " + std::to_string(spec.seed));
  writer.add_text("adapter.type", "lora");
  writer.add_f32("adapter.lora.alpha", spec.alpha);
  const auto rank = static_cast<float>(spec.rank);
  for (uint32_t layer = 0; layer < h.layers; ++layer) {
    for (const std::string& target : spec.targets) {
      const auto [columns, rows] = shape_of(h, target);
      const std::string name = "blk." + std::to_string(layer) + "." + target + ".weight";
      add_matrix(writer, spec, name + ".lora_a", columns, spec.rank, std::sqrt(3.0F / static_cast<float>(columns)));
      add_matrix(writer, spec, name + ".lora_b", spec.rank, rows, 0.1F * std::sqrt(3.0F * rank) / std::fabs(spec.alpha == 0 ? rank : spec.alpha));
    }
  }
  writer.write(out);
}

}  // namespace bitfleet::tools
