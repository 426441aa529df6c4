// LoRA adapters and rounded heads: what they change, and that they keep the law of equal bits. That the figures are right is
// the affair of the float64 reference (golden/adapters).

#include "model/adapter.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "check.h"
#include "model/inference.h"
#include "model/model_error.h"
#include "model_bytes.h"
#include "tools/gguf_writer.h"
#include "tools/random_adapter.h"

using namespace bitfleet;
using namespace bitfleet::testing;

namespace {

tools::RandomModelSpec base_spec() {
  tools::RandomModelSpec spec = smallest_spec();
  spec.layers = 2;
  return spec;
}

std::string adapter_bytes(const std::string& model, const tools::RandomAdapterSpec& spec = {}) {
  std::ostringstream out;
  tools::write_random_adapter(Hyperparameters::read(GgufFile::parse(bytes_of(model))), spec, out);
  return out.str();
}

std::unique_ptr<Model> load_with(const std::string& model, const std::string& adapter, LoadOptions options = {}) {
  const GgufFile file = GgufFile::parse(bytes_of(adapter));
  options.adapter = &file;
  return load_model(model, options);
}

std::vector<float> logits_of(const Model& model, uint32_t threads = 1, uint32_t chunk = 64, KernelSet kernels = KernelSet::automatic) {
  InferenceOptions options;
  options.threads = threads;
  options.max_batch = chunk;
  options.kernels = kernels;
  Inference inference(model, options);
  std::vector<float> all;
  std::vector<BatchToken> batch;
  for (uint32_t i = 0; i < 21; ++i) {
    batch.push_back({(i * 37 + 5) % model.hyperparameters().vocabulary, i, 0, true});
    if (batch.size() == chunk || i == 20) {
      const auto logits = inference.step(batch);
      all.insert(all.end(), logits.begin(), logits.end());
      batch.clear();
    }
  }
  return all;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0;
  double size = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    size += static_cast<double>(a[i]) * a[i];
  }
  return std::sqrt(difference / size);
}

void refused(const std::string& model, const std::string& adapter, ModelErrorCode code, std::string_view about) {
  try {
    load_with(model, adapter);
  } catch (const ModelError& error) {
    CHECK(error.code() == code);
    CHECK(std::string(error.what()).find(about) != std::string::npos);
    return;
  }
  CHECK(!"the adapter was taken");
}

// An adapter with one pair, as each test wants it.
struct HandMade {
  std::string type = "adapter";
  std::string kind = "lora";
  std::string architecture = "bitnet-b1.58";
  std::string target = "blk.0.attn_q.weight";
  std::vector<uint64_t> a = {128, 4};
  std::vector<uint64_t> b = {4, 128};
  bool both = true;

  std::string bytes() const {
    tools::GgufWriter writer;
    writer.add_text("general.type", type);
    writer.add_text("general.architecture", architecture);
    writer.add_text("adapter.type", kind);
    writer.add_f32("adapter.lora.alpha", 8);
    const auto zeros = [&](const std::string& name, std::vector<uint64_t> dims) {
      const size_t count = dims[0] * dims[1] * 4;
      writer.add_tensor(name, TensorType::f32, std::move(dims), [count](const tools::GgufWriter::Sink& sink) { sink(std::vector<uint8_t>(count)); });
    };
    zeros(target + ".lora_a", a);
    if (both) zeros(target + ".lora_b", b);
    std::ostringstream out;
    writer.write(out);
    return out.str();
  }
};

}  // namespace

TEST(with_an_adapter_logits_are_the_same_bits_whatever_threads_chunks_and_kernels) {
  const std::string model = model_bytes(base_spec());
  for (const uint32_t rank : {1u, 8u, 20u, 64u}) {
    for (const WeightQuant quant : {WeightQuant::none, WeightQuant::int8, WeightQuant::q4_0}) {
      const auto adapted = load_with(model, adapter_bytes(model, {.rank = rank}), {.adapter_quant = quant, .unembed_quant = quant});
      const auto expected = logits_of(*adapted, 1, 64, KernelSet::scalar);
      for (const uint32_t threads : {1u, 2u, 3u}) {
        for (const uint32_t chunk : {1u, 5u, 64u}) CHECK(logits_of(*adapted, threads, chunk) == expected);
      }
    }
  }
}

TEST(adapters_of_different_ranks_in_one_file_do_not_disturb_each_other) {
  const std::string model = model_bytes(base_spec());
  const auto wide = load_with(model, adapter_bytes(model, {.rank = 40, .targets = {"attn_q"}, .seed = 3}));
  const auto narrow = load_with(model, adapter_bytes(model, {.rank = 3, .targets = {"ffn_down"}, .seed = 4}));
  CHECK(logits_of(*wide) == logits_of(*wide, 2, 3));
  CHECK(logits_of(*narrow) == logits_of(*narrow, 2, 3));
  CHECK(logits_of(*narrow) != logits_of(*wide));
}

TEST(an_adapter_changes_logits_by_its_strength_and_not_at_all_at_0) {
  const std::string model = model_bytes(base_spec());
  const std::string adapter = adapter_bytes(model);
  const auto plain = logits_of(*load_model(model));
  const auto at = [&](float strength) { return logits_of(*load_with(model, adapter, {.adapter_strength = strength})); };
  CHECK(at(0) == plain);
  const double half = distance(plain, at(0.5F));
  const double whole = distance(plain, at(1));
  CHECK(half > 0.01 && whole > 1.3 * half);
}

TEST(rounded_weights_are_near_the_exact_ones) {
  tools::RandomModelSpec untied = base_spec();
  untied.tied_head = false;
  untied.head_type = TensorType::f32;
  for (const auto& spec : {base_spec(), untied}) {
    const std::string model = model_bytes(spec);
    const auto exact = logits_of(*load_model(model));
    const double bytes = distance(exact, logits_of(*load_model(model, {.unembed_quant = WeightQuant::int8})));
    const double nibbles = distance(exact, logits_of(*load_model(model, {.unembed_quant = WeightQuant::q4_0})));
    CHECK(bytes > 0 && bytes < 0.02);
    CHECK(nibbles > bytes && nibbles < 0.2);
  }
}

TEST(every_setting_has_a_fingerprint_of_its_own_and_none_leaves_it_as_it_was) {
  const std::string model = model_bytes(base_spec());
  const std::string adapter = adapter_bytes(model);
  std::vector<std::string> prints = {
      load_model(model)->fingerprint(),
      load_model(model, {.unembed_quant = WeightQuant::int8})->fingerprint(),
      load_model(model, {.unembed_quant = WeightQuant::q4_0})->fingerprint(),
      load_with(model, adapter)->fingerprint(),
      load_with(model, adapter, {.adapter_strength = 0.5F})->fingerprint(),
      load_with(model, adapter, {.adapter_quant = WeightQuant::int8})->fingerprint(),
      load_with(model, adapter_bytes(model, {.alpha = 15}))->fingerprint(),
      load_with(model, adapter_bytes(model, {.seed = 2}))->fingerprint()};
  std::sort(prints.begin(), prints.end());
  CHECK(std::unique(prints.begin(), prints.end()) == prints.end());
  CHECK_EQUAL(load_model(model)->fingerprint(), load_model(model, {.threads = 2, .unembed_quant = WeightQuant::none})->fingerprint());
}

TEST(adapters_that_do_not_fit_are_refused_with_the_reason) {
  const std::string model = model_bytes(base_spec());
  load_with(model, HandMade().bytes());
  refused(model, model, ModelErrorCode::bad_file, "'general.type' is not \"adapter\"");
  refused(model, HandMade{.kind = "aloha"}.bytes(), ModelErrorCode::unsupported_model, "only lora is known");
  refused(model, HandMade{.architecture = "llama"}.bytes(), ModelErrorCode::bad_file, "it is for the architecture \"llama\"");
  refused(model, HandMade{.target = "blk.2.attn_q.weight"}.bytes(), ModelErrorCode::unsupported_model, "no matrix 'blk.2.attn_q.weight'");
  refused(model, HandMade{.target = "token_embd.weight"}.bytes(), ModelErrorCode::unsupported_model, "no matrix 'token_embd.weight'");
  refused(model, HandMade{.both = false}.bytes(), ModelErrorCode::bad_file, "has a lora_a alone");
  refused(model, HandMade{.a = {64, 4}}.bytes(), ModelErrorCode::bad_file, "where the model's inputs have 128");
  refused(model, HandMade{.b = {4, 64}}.bytes(), ModelErrorCode::bad_file, "where the model's outputs have 128");
  refused(model, HandMade{.b = {5, 128}}.bytes(), ModelErrorCode::bad_file, "does not fit the rank of 4");
  refused(model, HandMade{.a = {128, 2048}, .b = {2048, 128}}.bytes(), ModelErrorCode::unsupported_model, "ranks of 1 to 1024");
}

TEST(an_adapter_cut_or_changed_anywhere_is_refused_or_harmless) {
  const std::string model = model_bytes(base_spec());
  const std::string adapter = adapter_bytes(model, {.rank = 2, .targets = {"attn_v"}});
  for (size_t at = 0; at < 900; at += 3) {
    for (const bool cut : {true, false}) {
      std::string broken = cut ? adapter.substr(0, at) : adapter;
      if (!cut) broken[at] = static_cast<char>(broken[at] ^ 0x41);
      try {
        load_with(model, broken);
      } catch (const ModelError&) {
        continue;
      }
    }
  }
}
