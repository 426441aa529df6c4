// What a model file must hold, and that every lack is named.

#include <algorithm>
#include <functional>
#include <sstream>

#include "check.h"
#include "model/model_error.h"
#include "model_bytes.h"
#include "tools/gguf_writer.h"
#include "tools/tensor_encoders.h"

using namespace bitfleet;
using namespace bitfleet::testing;

namespace {

// A copy of a model with entries and tensors changed or left out.
class Edited {
 public:
  explicit Edited(const tools::RandomModelSpec& spec) : bytes_(model_bytes(spec)), file_(GgufFile::parse(testing::bytes_of(bytes_))) {}

  Edited& drop(std::string_view name) { dropped_.emplace_back(name); return *this; }
  Edited& add(std::function<void(tools::GgufWriter&)> change) { additions_.push_back(std::move(change)); return *this; }

  std::string bytes() const {
    const auto kept = [&](std::string_view name) { return std::find(dropped_.begin(), dropped_.end(), name) == dropped_.end(); };
    tools::GgufWriter writer;
    for (const char* key : {"vocab_size", "context_length", "embedding_length", "block_count", "feed_forward_length", "rope.dimension_count", "attention.head_count", "attention.head_count_kv"}) {
      const std::string full = "bitnet-b1.58." + std::string(key);
      if (kept(full)) writer.add_u32(full, static_cast<uint32_t>(*file_.unsigned_integer(full)));
    }
    if (kept("general.architecture")) writer.add_text("general.architecture", "bitnet-b1.58");
    if (kept("bitnet-b1.58.attention.layer_norm_rms_epsilon")) writer.add_f32("bitnet-b1.58.attention.layer_norm_rms_epsilon", 1e-5F);
    for (const GgufTensor& tensor : file_.tensors()) {
      if (!kept(tensor.name)) continue;
      writer.add_tensor(tensor.name, *tensor_type(tensor.type), {tensor.dims.begin(), tensor.dims.begin() + tensor.rank}, [&tensor](const auto& sink) {
        sink({reinterpret_cast<const uint8_t*>(tensor.data.data()), tensor.data.size()});
      });
    }
    for (const auto& change : additions_) change(writer);
    std::ostringstream out;
    writer.write(out);
    return out.str();
  }

 private:
  std::string bytes_;
  GgufFile file_;
  std::vector<std::string> dropped_;
  std::vector<std::function<void(tools::GgufWriter&)>> additions_;
};

void zeros(tools::GgufWriter& writer, std::string_view name, TensorType type, std::vector<uint64_t> dims) {
  uint64_t elements = 1;
  for (const uint64_t dim : dims) elements *= dim;
  const uint64_t bytes = *tensor_bytes(type, dims[0], elements);
  writer.add_tensor(name, type, dims, [bytes](const auto& sink) { sink(std::vector<uint8_t>(bytes)); });
}

void check_refused(const std::string& bytes, std::string_view part) {
  std::string message = "accepted";
  try {
    load_model(bytes);
  } catch (const ModelError& error) {
    message = std::string(to_string(error.code())) + ": " + error.what();
  }
  if (message.find(part) == std::string::npos) fail(__FILE__, __LINE__, "wanted a refusal about '" + std::string(part) + "', got: " + message);
}

}  // namespace

TEST(a_sound_model_loads_and_describes_itself) {
  const tools::RandomModelSpec spec;
  const auto model = load_model(model_bytes(spec));
  const Hyperparameters& h = model->hyperparameters();
  CHECK_EQUAL(256U, h.embedding);
  CHECK_EQUAL(64U, h.head_dim);
  CHECK_EQUAL(512U, h.vocabulary);
  CHECK(h.sub_norms && h.gate == GateActivation::relu_squared && h.rope_pairs == RopePairs::halves);
  CHECK_EQUAL(500000.0F, h.rope_theta);
  const uint64_t per_layer = 256 * 256 * 2 + 256 * 128 * 2 + 256 * 512 * 3 + 256 * 3 + 512;
  CHECK_EQUAL(512 * 256 + 2 * per_layer + 256, model->parameters());
  CHECK(model->resident_bytes() > 200000);
  CHECK_EQUAL(1UL, model->assumptions().size());
  CHECK_EQUAL(32UL, model->fingerprint().size());
  Edited(spec).bytes();
  CHECK_EQUAL("accepted", [&] { load_model(Edited(spec).bytes()); return std::string("accepted"); }());
}

TEST(the_fingerprint_follows_content_and_not_load_options) {
  tools::RandomModelSpec spec;
  const std::string bytes = model_bytes(spec);
  const std::string print = load_model(bytes)->fingerprint();
  CHECK_EQUAL(print, load_model(bytes, {.threads = 3})->fingerprint());
  spec.seed = 2;
  CHECK(print != load_model(model_bytes(spec))->fingerprint());
}

TEST(generated_models_are_the_same_bytes_for_the_same_seed) {
  CHECK(model_bytes({}) == model_bytes({}));
}

TEST(each_missing_part_is_named) {
  const tools::RandomModelSpec spec;
  for (const char* name : {"general.architecture", "bitnet-b1.58.block_count", "bitnet-b1.58.embedding_length", "bitnet-b1.58.feed_forward_length", "bitnet-b1.58.context_length",
                           "bitnet-b1.58.attention.head_count", "bitnet-b1.58.attention.layer_norm_rms_epsilon", "token_embd.weight", "output_norm.weight", "blk.0.attn_q.weight",
                           "blk.1.attn_sub_norm.weight", "blk.1.ffn_down.weight"}) {
    check_refused(Edited(spec).drop(name).bytes(), name);
  }
}

TEST(tensors_of_another_shape_or_kind_are_named) {
  const tools::RandomModelSpec spec;
  const auto replaced = [&](const char* name, TensorType type, std::vector<uint64_t> dims) {
    return Edited(spec).drop(name).add([=](auto& writer) { zeros(writer, name, type, dims); }).bytes();
  };
  check_refused(replaced("blk.0.attn_q.weight", TensorType::f16, {256, 128}), "'blk.0.attn_q.weight' has the shape [256, 128], not [256, 256]");
  check_refused(replaced("blk.0.attn_q.weight", TensorType::f16, {128, 512}), "has the shape");
  check_refused(replaced("blk.1.attn_norm.weight", TensorType::f32, {255}), "'blk.1.attn_norm.weight' has the shape");
  check_refused(replaced("blk.1.attn_norm.weight", TensorType::q8_0, {256}), "a vector of type q8_0");
  check_refused(replaced("token_embd.weight", TensorType::f16, {128, 512}), "'token_embd.weight' has the shape");
  check_refused(replaced("token_embd.weight", TensorType::tq2_0, {256, 512}), "a ternary token embedding");
  check_refused(replaced("blk.0.ffn_up.weight", TensorType::i2_s, {256, 512}), "'blk.0.ffn_up.weight': its I2_S scale");
}

TEST(what_the_graph_has_no_place_for_is_refused) {
  const tools::RandomModelSpec spec;
  const auto with = [&](const char* name, std::vector<uint64_t> dims) { return Edited(spec).add([=](auto& writer) { zeros(writer, name, TensorType::f32, dims); }).bytes(); };
  check_refused(with("blk.0.attn_q.bias", {256}), "unsupported_model: tensor 'blk.0.attn_q.bias' has no place");
  check_refused(with("blk.2.attn_norm.weight", {256}), "no place");
  const auto keyed = [&](const char* key, uint32_t value) { return Edited(spec).drop(key).add([=](auto& writer) { writer.add_u32(key, value); }).bytes(); };
  check_refused(keyed("bitnet-b1.58.expert_count", 8), "mixture of experts");
  check_refused(keyed("bitnet-b1.58.block_count", 0), "'bitnet-b1.58.block_count' is 0");
  check_refused(keyed("bitnet-b1.58.block_count", 4000000000U), "more than the limit");
  check_refused(keyed("bitnet-b1.58.embedding_length", 1U << 31), "more than the limit");
  check_refused(keyed("bitnet-b1.58.attention.head_count_kv", 3), "cannot share 3 KV heads");
  check_refused(keyed("bitnet-b1.58.attention.head_count", 7), "cannot share 2 KV heads");
  check_refused(keyed("bitnet-b1.58.attention.value_length", 32), "different lengths");
  check_refused(keyed("bitnet-b1.58.rope.dimension_count", 65), "rope.dimension_count");
  check_refused(Edited(spec).add([](auto& w) { w.add_text("bitnet-b1.58.rope.scaling.type", "yarn"); }).bytes(), "RoPE scaling of type 'yarn'");
  check_refused(Edited(spec).drop("general.architecture").add([](auto& w) { w.add_text("general.architecture", "mamba"); }).bytes(), "architecture 'mamba'");
  check_refused(Edited(spec).add([](auto& w) { w.add_f32("bitnet-b1.58.rope.freq_base", -1); }).bytes(), "out of range");
  check_refused(Edited(spec).add([](auto& w) { w.add_texts("tokenizer.ggml.tokens", std::vector<std::string>(513, "x")); }).bytes(), "513 tokens");
}

TEST(an_invalid_weight_code_is_found_wherever_it_is) {
  std::string bytes = model_bytes({});
  const GgufFile file = GgufFile::parse(bytes_of(bytes));
  const uint64_t at = file.tensor("blk.1.ffn_down.weight")->file_offset + 12345;
  bytes[at] = static_cast<char>(0xC0);
  check_refused(bytes, "tensor 'blk.1.ffn_down.weight': row 96 holds an invalid ternary code");
}
