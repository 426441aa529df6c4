// Logits are the same bits whatever the threads, the batch, the slot, the chunks of the prefill and the kernel set.

#include "model/inference.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "model/model_error.h"
#include "model_bytes.h"
#include "random_bytes.h"

using namespace bitfleet;
using namespace bitfleet::testing;

namespace {

std::vector<uint32_t> some_tokens(uint64_t seed, size_t count, uint32_t vocabulary) {
  TestRandom random(seed);
  std::vector<uint32_t> tokens(count);
  for (uint32_t& token : tokens) token = static_cast<uint32_t>(random.below(vocabulary));
  return tokens;
}

InferenceOptions options_of(uint32_t slots, uint32_t threads, KernelSet kernels = KernelSet::automatic) {
  InferenceOptions options;
  options.slots = slots;
  options.context_length = 96;
  options.threads = threads;
  options.max_batch = 64;
  options.kernels = kernels;
  return options;
}

// Feeds `tokens` to a slot in chunks and returns the logits of every position.
std::vector<float> logits_of(Inference& inference, uint32_t slot, const std::vector<uint32_t>& tokens, size_t chunk) {
  std::vector<float> all;
  std::vector<BatchToken> batch;
  for (size_t i = 0; i < tokens.size(); ++i) {
    batch.push_back({tokens[i], inference.positions(slot) + static_cast<uint32_t>(batch.size()), slot, true});
    if (batch.size() == chunk || i + 1 == tokens.size()) {
      const auto logits = inference.step(batch);
      all.insert(all.end(), logits.begin(), logits.end());
      batch.clear();
    }
  }
  return all;
}

void check_same(const std::vector<float>& a, const std::vector<float>& b) {
  CHECK_EQUAL(a.size(), b.size());
  CHECK(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

// The models whose graphs and formats differ.
std::vector<tools::RandomModelSpec> variants() {
  std::vector<tools::RandomModelSpec> specs;
  const auto add = [&](auto change) {
    tools::RandomModelSpec spec;
    change(spec);
    specs.push_back(spec);
  };
  add([](auto&) {});
  add([](auto& s) { s.architecture = "bitnet-25"; s.embedding_type = TensorType::bf16; });
  add([](auto& s) { s.architecture = "bitnet"; s.tokenizer = tools::TokenizerKind::llama; s.linear_type = TensorType::tq2_0; s.scale_tensors = true; });
  add([](auto& s) { s.linear_type = TensorType::tq1_0; s.block_scales = true; s.embedding_type = TensorType::q8_0; });
  add([](auto& s) { s.architecture = "llama"; s.tied_head = false; s.head_type = TensorType::q6_k; s.embedding_type = TensorType::q4_0; s.rope_factors = true; });
  add([](auto& s) { s.architecture = "llama"; s.linear_type = TensorType::f16; s.embedding_type = TensorType::f32; });
  add([](auto& s) { s.linear_type = TensorType::q8_0; s.tied_head = false; s.head_type = TensorType::i2_s; });
  add([](auto& s) { s.embedding = 1280; s.heads = 10; s.kv_heads = 5; s.feed_forward = 640; s.vocabulary = 301; });
  add([](auto& s) { s.head_dim = 100; s.heads = 32; s.kv_heads = 8; s.linear_type = TensorType::f32; });
  return specs;
}

}  // namespace

TEST(the_layout_of_the_weights_changes_no_bit) {
  for (const tools::RandomModelSpec& spec : variants()) {
    const std::string bytes = model_bytes(spec);
    const auto two_bit = load_model(bytes, {.layout = TernaryLayout::two_bit});
    const auto base3 = load_model(bytes, {.layout = TernaryLayout::base3});
    const auto tokens = some_tokens(17, 40, two_bit->hyperparameters().vocabulary);
    Inference expected(*two_bit, options_of(1, 1));
    const std::vector<float> logits = logits_of(expected, 0, tokens, 32);
    for (const KernelSet set : runnable_kernel_sets()) {
      Inference inference(*base3, options_of(1, 2, set));
      check_same(logits, logits_of(inference, 0, tokens, 17));
    }
  }
}

TEST(every_kernel_set_and_thread_count_gives_the_same_logits) {
  for (const tools::RandomModelSpec& spec : variants()) {
    const auto model = load_model(model_bytes(spec));
    const auto tokens = some_tokens(5, 24, spec.vocabulary);
    std::vector<float> expected;
    for (const KernelSet set : runnable_kernel_sets()) {
      for (const uint32_t threads : {1U, 2U, 3U}) {
        Inference inference(*model, options_of(1, threads, set));
        const auto logits = logits_of(inference, 0, tokens, 64);
        if (expected.empty()) expected = logits;
        check_same(expected, logits);
      }
    }
    double squares = 0;
    for (const float logit : expected) {
      CHECK(std::isfinite(logit));
      squares += static_cast<double>(logit) * logit;
    }
    CHECK(squares / static_cast<double>(expected.size()) > 0.5);  // spread out, not collapsed
  }
}

TEST(a_rounded_head_gives_the_same_logits_in_every_set_and_in_any_company) {
  const tools::RandomModelSpec spec;
  for (const WeightQuant quant : {WeightQuant::int8, WeightQuant::q4_0}) {
    const auto model = load_model(model_bytes(spec), {.unembed_quant = quant});
    const auto tokens = some_tokens(9, 23, spec.vocabulary);
    Inference reference(*model, options_of(1, 1, KernelSet::scalar));
    const auto expected = logits_of(reference, 0, tokens, 1);
    for (const KernelSet set : runnable_kernel_sets()) {
      for (const size_t chunk : {1U, 7U, 23U}) {
        Inference inference(*model, options_of(1, 2, set));
        check_same(expected, logits_of(inference, 0, tokens, chunk));
      }
    }
  }
}

TEST(chunks_of_the_prefill_do_not_show) {
  for (const tools::RandomModelSpec& spec : variants()) {
    const auto model = load_model(model_bytes(spec));
    const auto tokens = some_tokens(6, 34, spec.vocabulary);
    Inference one(*model, options_of(1, 2));
    const auto expected = logits_of(one, 0, tokens, 1);
    for (const size_t chunk : {7U, 16U, 33U}) {
      Inference inference(*model, options_of(1, 2));
      check_same(expected, logits_of(inference, 0, tokens, chunk));
    }
  }
}

TEST(a_sequence_gets_the_same_logits_alone_and_among_eight) {
  const tools::RandomModelSpec spec;
  const auto model = load_model(model_bytes(spec));
  constexpr uint32_t streams = 8;
  std::vector<std::vector<uint32_t>> tokens;
  std::vector<std::vector<float>> alone;
  for (uint32_t s = 0; s < streams; ++s) {
    tokens.push_back(some_tokens(100 + s, 20 + s, spec.vocabulary));
    Inference inference(*model, options_of(1, 1));
    alone.push_back(logits_of(inference, 0, tokens[s], 64));
  }
  // Ragged: each stream prefills a chunk of another length and then decodes, all in the same steps.
  Inference inference(*model, options_of(streams, 2));
  std::vector<std::vector<float>> together(streams);
  for (bool busy = true; busy;) {
    busy = false;
    std::vector<BatchToken> batch;
    for (uint32_t s = 0; s < streams; ++s) {
      uint32_t position = inference.positions(s);
      for (uint32_t n = position == 0 ? s + 1 : 1; n > 0 && position < tokens[s].size(); --n, ++position) {
        batch.push_back({tokens[s][position], position, s, true});
      }
    }
    if (batch.empty()) break;
    busy = true;
    const auto logits = inference.step(batch);
    for (size_t i = 0; i < batch.size(); ++i) {
      auto& of_stream = together[batch[i].slot];
      of_stream.insert(of_stream.end(), logits.begin() + static_cast<ptrdiff_t>(i * spec.vocabulary), logits.begin() + static_cast<ptrdiff_t>((i + 1) * spec.vocabulary));
    }
  }
  for (uint32_t s = 0; s < streams; ++s) check_same(alone[s], together[s]);
}

TEST(a_truncated_slot_continues_as_if_the_rest_had_never_been) {
  const tools::RandomModelSpec spec;
  const auto model = load_model(model_bytes(spec));
  const auto prefix = some_tokens(7, 21, spec.vocabulary);
  const auto dead_end = some_tokens(8, 30, spec.vocabulary);
  const auto rest = some_tokens(9, 12, spec.vocabulary);
  Inference fresh(*model, options_of(1, 1));
  logits_of(fresh, 0, prefix, 64);
  const auto expected = logits_of(fresh, 0, rest, 64);
  Inference used(*model, options_of(2, 2));
  logits_of(used, 1, prefix, 64);
  logits_of(used, 1, dead_end, 64);
  used.truncate(1, 21);
  CHECK_EQUAL(21U, used.positions(1));
  used.truncate(1, 50);
  CHECK_EQUAL(21U, used.positions(1));
  check_same(expected, logits_of(used, 1, rest, 64));
}

TEST(only_wanted_logits_are_returned_in_batch_order) {
  const tools::RandomModelSpec spec;
  const auto model = load_model(model_bytes(spec));
  const auto tokens = some_tokens(10, 6, spec.vocabulary);
  Inference all(*model, options_of(1, 1));
  const auto expected = logits_of(all, 0, tokens, 64);
  Inference some(*model, options_of(1, 2));
  std::vector<BatchToken> batch;
  for (uint32_t p = 0; p < 6; ++p) batch.push_back({tokens[p], p, 0, p == 2 || p == 5});
  const auto logits = some.step(batch);
  CHECK_EQUAL(2UL * spec.vocabulary, logits.size());
  CHECK(std::memcmp(logits.data(), expected.data() + 2 * spec.vocabulary, spec.vocabulary * sizeof(float)) == 0);
  CHECK(std::memcmp(logits.data() + spec.vocabulary, expected.data() + 5 * spec.vocabulary, spec.vocabulary * sizeof(float)) == 0);
  some.truncate(0, 0);
  const BatchToken silent{1, 0, 0, false};
  CHECK(some.step({&silent, 1}).empty());
}

TEST(steps_that_break_the_contract_are_refused_and_change_nothing) {
  const tools::RandomModelSpec spec;
  const auto model = load_model(model_bytes(spec));
  Inference inference(*model, options_of(2, 1));
  const auto refused = [&](std::vector<BatchToken> batch) { CHECK_THROWS(std::invalid_argument, inference.step(batch)); };
  refused({});
  refused(std::vector<BatchToken>(65, BatchToken{0, 0, 0, false}));
  refused({{spec.vocabulary, 0, 0, true}});
  refused({{0, 0, 2, true}});
  refused({{0, 1, 0, true}});
  refused({{0, 0, 0, true}, {0, 0, 0, true}});
  refused({{0, 0, 0, true}, {0, 0, 1, true}, {0, 2, 0, true}});
  refused({{0, 4000000000U, 0, true}});
  CHECK_EQUAL(0U, inference.positions(0));
  logits_of(inference, 0, some_tokens(1, 96, spec.vocabulary), 64);
  refused({{0, 96, 0, true}});
  CHECK_THROWS(std::invalid_argument, inference.truncate(2, 0));
}

TEST(impossible_options_are_refused_with_a_reason) {
  const auto model = load_model(model_bytes({}));
  const auto code_of = [&](auto change) {
    InferenceOptions options = options_of(1, 1);
    change(options);
    try {
      Inference inference(*model, options);
    } catch (const ModelError& error) {
      return error.code();
    }
    return ModelErrorCode::io_error;
  };
  CHECK(code_of([](auto& o) { o.slots = 0; }) == ModelErrorCode::unsupported_model);
  CHECK(code_of([](auto& o) { o.threads = 0; }) == ModelErrorCode::unsupported_model);
  CHECK(code_of([](auto& o) { o.max_batch = 0; }) == ModelErrorCode::unsupported_model);
  CHECK(code_of([](auto& o) { o.context_length = 0xFFFFFFFF; }) == ModelErrorCode::unsupported_model);
  CHECK(code_of([](auto& o) { o.context_length = 1 << 24; o.slots = 4096; }) == ModelErrorCode::out_of_memory);
}
