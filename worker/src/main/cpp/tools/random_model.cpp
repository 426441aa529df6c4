#include "tools/random_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "model/model_error.h"
#include "quant/half.h"
#include "tools/gguf_writer.h"
#include "tools/random_stream.h"
#include "tools/tensor_encoders.h"

namespace bitfleet::tools {
namespace {

// Sums of four random bytes, 0..1020: nearly normal around 510 with this deviation, and exact on every machine.
constexpr float sum_mean = 510.0F;
constexpr float sum_deviation = 147.8F;

void draw_sums(RandomStream& random, std::vector<uint16_t>& sums) {
  for (size_t i = 0; i < sums.size(); i += 2) {
    const uint64_t r = random.next();
    constexpr uint64_t pairs = 0x00FF00FF00FF00FF;
    uint64_t s = (r & pairs) + (r >> 8 & pairs);  // four sums of two bytes
    s += s >> 16;                                 // fields 0 and 2 hold sums of four
    sums[i] = static_cast<uint16_t>(s & 0xFFFF);
    if (i + 1 < sums.size()) sums[i + 1] = static_cast<uint16_t>(s >> 32 & 0xFFFF);
  }
}

// Eight ternary codes for each 16-bit number: its eight low digits in base 3, which are as good as uniform (6561 · 9.99).
const std::vector<uint64_t>& code_table() {
  static const std::vector<uint64_t> table = [] {
    std::vector<uint64_t> entries(1 << 16);
    for (uint32_t n = 0; n < entries.size(); ++n) {
      uint32_t left = n;
      for (uint32_t digit = 0; digit < 8; ++digit, left /= 3) entries[n] |= static_cast<uint64_t>(left % 3) << (8 * digit);
    }
    return entries;
  }();
  return table;
}

void draw_codes(RandomStream& random, std::vector<uint8_t>& codes) {
  const std::vector<uint64_t>& table = code_table();
  size_t i = 0;
  while (i < codes.size()) {
    uint64_t r = random.next();
    for (int part = 0; part < 4 && i < codes.size(); ++part, r >>= 16, i += 8) {
      std::memcpy(codes.data() + i, &table[r & 0xFFFF], std::min<size_t>(8, codes.size() - i));
    }
  }
}

class ModelWriter {
 public:
  explicit ModelWriter(const RandomModelSpec& spec) : spec_(spec) {}

  void write(std::ostream& out) {
    const uint32_t head_dim = spec_.head_dim != 0 ? spec_.head_dim : spec_.embedding / spec_.heads;
    add_metadata(head_dim);
    add_synthetic_tokenizer(writer_, spec_.tokenizer, spec_.vocabulary);
    const uint32_t e = spec_.embedding;
    // 4 / sqrt(embedding) spreads the logits of a tied head by about 4.
    add_dense("token_embd.weight", spec_.embedding_type, e, spec_.vocabulary, 4.0F / std::sqrt(static_cast<float>(e)));
    for (uint32_t layer = 0; layer < spec_.layers; ++layer) add_layer("blk." + std::to_string(layer) + ".", head_dim);
    add_norm("output_norm.weight", e);
    if (!spec_.tied_head) add_matrix("output", spec_.head_type, e, spec_.vocabulary, 4.0F);
    if (spec_.rope_factors) {
      add_vector("rope_freqs.weight", head_dim / 2, [](uint32_t i, float) { return i < 8 ? 1.0F : static_cast<float>(i - 6) / 2; });
    }
    writer_.write(out);
  }

 private:
  void add_metadata(uint32_t head_dim) {
    const std::string& a = spec_.architecture;
    writer_.add_text("general.architecture", a);
    writer_.add_text("general.name", "random " + a + ", seed " + std::to_string(spec_.seed));
    if (spec_.linear_type == TensorType::i2_s) writer_.add_u32("general.file_type", 40);
    writer_.add_u32(a + ".vocab_size", spec_.vocabulary);
    writer_.add_u32(a + ".context_length", spec_.context_length);
    writer_.add_u32(a + ".embedding_length", spec_.embedding);
    writer_.add_u32(a + ".block_count", spec_.layers);
    writer_.add_u32(a + ".feed_forward_length", spec_.feed_forward);
    writer_.add_u32(a + ".rope.dimension_count", head_dim);
    writer_.add_f32(a + ".rope.freq_base", spec_.rope_theta);
    writer_.add_u32(a + ".attention.head_count", spec_.heads);
    writer_.add_u32(a + ".attention.head_count_kv", spec_.kv_heads);
    if (spec_.head_dim != 0 && spec_.head_dim * spec_.heads != spec_.embedding) {
      writer_.add_u32(a + ".attention.key_length", head_dim);
      writer_.add_u32(a + ".attention.value_length", head_dim);
    }
    writer_.add_f32(a + ".attention.layer_norm_rms_epsilon", 1e-5F);
    if (spec_.pooling != Pooling::none) writer_.add_u32(a + ".pooling_type", static_cast<uint32_t>(spec_.pooling));
    if (!spec_.causal) writer_.add_bool(a + ".attention.causal", false);
    if (spec_.add_end_token) writer_.add_bool("tokenizer.ggml.add_eos_token", true);
  }

  void add_layer(const std::string& prefix, uint32_t head_dim) {
    const uint32_t e = spec_.embedding;
    const uint32_t q = spec_.heads * head_dim;
    const uint32_t kv = spec_.kv_heads * head_dim;
    const uint32_t f = spec_.feed_forward;
    const bool qwen3 = spec_.architecture == "qwen3";
    const bool sub_norms = spec_.architecture != "llama" && !qwen3;
    if (qwen3) {
      add_norm(prefix + "attn_q_norm.weight", head_dim);
      add_norm(prefix + "attn_k_norm.weight", head_dim);
    }
    if (spec_.projection_norms) {
      for (const char* name : {"attn_q", "attn_k", "attn_v", "ffn_gate", "ffn_up"}) add_norm(prefix + name + "_norm_in.weight", e);
      add_norm(prefix + "attn_output_norm_in.weight", q);
      add_norm(prefix + "ffn_down_norm_in.weight", f);
    }
    add_norm(prefix + "attn_norm.weight", e);
    if (sub_norms) add_norm(prefix + "attn_sub_norm.weight", q);
    add_linear(prefix + "attn_q", e, q);
    add_linear(prefix + "attn_k", e, kv);
    add_linear(prefix + "attn_v", e, kv);
    add_linear(prefix + "attn_output", q, e);
    add_norm(prefix + "ffn_norm.weight", e);
    if (sub_norms) add_norm(prefix + "ffn_sub_norm.weight", f);
    add_linear(prefix + "ffn_gate", e, f);
    add_linear(prefix + "ffn_up", e, f);
    add_linear(prefix + "ffn_down", f, e);
  }

  void add_linear(const std::string& prefix, uint32_t columns, uint32_t rows) {
    add_matrix(prefix, spec_.linear_type, columns, rows, 1);
    if (spec_.scale_tensors) add_vector(prefix + ".scale", 1, [](uint32_t, float normal) { return 1.0F + 0.05F * normal; });
  }

  // Outputs vary by about `gain` for inputs of unit variance.
  void add_matrix(const std::string& prefix, TensorType type, uint32_t columns, uint32_t rows, float gain) {
    if (is_ternary(type)) add_ternary(prefix + ".weight", type, columns, rows, gain * std::sqrt(1.5F / static_cast<float>(columns)));
    else add_dense(prefix + ".weight", type, columns, rows, gain / std::sqrt(static_cast<float>(columns)));
  }

  void add_ternary(const std::string& name, TensorType type, uint32_t columns, uint32_t rows, float scale) {
    const RandomModelSpec spec = spec_;
    writer_.add_tensor(name, type, {columns, rows}, [=](const GgufWriter::Sink& sink) {
      RandomStream random(spec.seed, name);
      const float tensor_scale = scale * random.uniform(0.8F, 1.25F);  // no two alike: a scale put to the wrong tensor shows
      std::vector<uint8_t> codes(columns);
      std::vector<float> scales((columns + 255) / 256);
      std::vector<uint8_t> bytes;
      for (uint32_t row = 0; row < rows; ++row) {
        draw_codes(random, codes);
        for (float& block : scales) block = spec.block_scales ? tensor_scale * random.uniform(0.5F, 1.5F) : tensor_scale;
        encode_ternary_row(type, codes, scales, bytes);
        if (bytes.size() >= 1 << 20) {
          sink(bytes);
          bytes.clear();
        }
      }
      if (type == TensorType::i2_s) i2_s_trailer(tensor_scale, bytes);
      sink(bytes);
    });
  }

  void add_dense(const std::string& name, TensorType type, uint32_t columns, uint32_t rows, float deviation) {
    const uint64_t seed = spec_.seed;
    writer_.add_tensor(name, type, {columns, rows}, [=](const GgufWriter::Sink& sink) {
      RandomStream random(seed, name);
      std::array<float, 1021> levels;
      std::array<uint16_t, 1021> halves;
      for (size_t i = 0; i < levels.size(); ++i) {
        levels[i] = (static_cast<float>(i) - sum_mean) * (deviation / sum_deviation);
        halves[i] = float_to_half(levels[i]);
      }
      std::vector<uint16_t> sums(columns);
      std::vector<float> values(columns);
      std::vector<uint8_t> bytes;
      for (uint32_t row = 0; row < rows; ++row) {
        draw_sums(random, sums);
        if (type == TensorType::f16) {  // two thirds of a gigabyte in the 2B shape: the table spares a conversion each
          for (uint16_t& sum : sums) sum = halves[sum];
          const auto* start = reinterpret_cast<const uint8_t*>(sums.data());
          bytes.insert(bytes.end(), start, start + 2 * sums.size());
        } else {
          for (size_t i = 0; i < sums.size(); ++i) values[i] = levels[sums[i]];
          encode_dense_row(type, values, bytes);
        }
        if (bytes.size() >= 1 << 20) {
          sink(bytes);
          bytes.clear();
        }
      }
      sink(bytes);
    });
  }

  template <typename Value>
  void add_vector(const std::string& name, uint32_t length, Value value) {
    const uint64_t seed = spec_.seed;
    writer_.add_tensor(name, TensorType::f32, {length}, [=](const GgufWriter::Sink& sink) {
      RandomStream random(seed, name);
      std::vector<uint16_t> sums(length);
      draw_sums(random, sums);
      std::vector<float> values(length);
      for (uint32_t i = 0; i < length; ++i) values[i] = value(i, (static_cast<float>(sums[i]) - sum_mean) / sum_deviation);
      std::vector<uint8_t> bytes;
      encode_dense_row(TensorType::f32, values, bytes);
      sink(bytes);
    });
  }

  void add_norm(const std::string& name, uint32_t length) {
    add_vector(name, length, [](uint32_t, float normal) { return 1.0F + 0.1F * normal; });
  }

  const RandomModelSpec spec_;
  GgufWriter writer_;
};

}  // namespace

RandomModelSpec named_shape(std::string_view name) {
  RandomModelSpec spec;
  if (name == "tiny") return spec;
  if (name == "2b4t") {
    spec.layers = 30;
    spec.embedding = 2560;
    spec.heads = 20;
    spec.kv_heads = 5;
    spec.feed_forward = 6912;
    spec.vocabulary = 128256;
    return spec;
  }
  if (name == "large") {
    spec.architecture = "bitnet";
    spec.tokenizer = TokenizerKind::llama;
    spec.layers = 24;
    spec.embedding = 1536;
    spec.heads = 16;
    spec.kv_heads = 16;
    spec.feed_forward = 4096;
    spec.vocabulary = 32002;
    spec.context_length = 2048;
    spec.rope_theta = 10000;
    return spec;
  }
  if (name == "llama8b") {
    spec.architecture = "llama";
    spec.layers = 32;
    spec.embedding = 4096;
    spec.heads = 32;
    spec.kv_heads = 8;
    spec.feed_forward = 14336;
    spec.vocabulary = 128256;
    spec.context_length = 8192;
    spec.tied_head = false;
    return spec;
  }
  throw ModelError(ModelErrorCode::unsupported_model, "no shape is called '" + std::string(name) + "'; known are tiny, 2b4t, large and llama8b");
}

void write_random_model(const RandomModelSpec& spec, std::ostream& out) { ModelWriter(spec).write(out); }

}  // namespace bitfleet::tools
