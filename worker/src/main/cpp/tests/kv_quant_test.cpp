// A KV cache of bytes: what it holds, what attention makes of it in every kernel set, and that no token depends on how it is shared.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "check.h"
#include "engine_fixtures.h"
#include "model/inference.h"
#include "model/kv_cache.h"
#include "model_bytes.h"
#include "random_bytes.h"
#include "scheduler_bench.h"

using namespace bitfleet;
using namespace bitfleet::testing;

namespace {

Hyperparameters shape_of(uint32_t layers, uint32_t kv_heads, uint32_t head_dim) {
  Hyperparameters h;
  h.layers = layers;
  h.kv_heads = kv_heads;
  h.head_dim = head_dim;
  return h;
}

std::vector<float> head_of(TestRandom& random, uint32_t head_dim, float size) {
  std::vector<float> x(padded(head_dim), 0.0F);
  for (uint32_t d = 0; d < head_dim; ++d) x[d] = random.uniform() * size;
  return x;
}

// What a run holds, by the words of kv_layout.h.
struct Reading {
  const uint8_t* run;
  uint32_t head_dim;
  uint64_t codes() const { return uint64_t{kv_page} * padded(head_dim); }
  const float* key_scales() const { return reinterpret_cast<const float*>(run + codes()); }
  const float* value_scales() const { return reinterpret_cast<const float*>(run + 2 * codes() + kv_scales_bytes); }
  int key(uint32_t p, uint32_t d) const { return run[(uint64_t{d / 4} * kv_page + p) * 4 + d % 4] - 128; }
  int value(uint32_t p, uint32_t d) const { return run[codes() + kv_scales_bytes + (uint64_t{p / 4} * padded(head_dim) + d) * 4 + p % 4] - 128; }
};

// A cache of one head and layer whose pages are used in no order and hold no numbers where nothing was written.
struct ByteHead {
  ByteHead(TestRandom& random, uint32_t head_dim, uint32_t filled, std::function<float(uint32_t)> size = [](uint32_t) { return 1.0F; })
      : head_dim(head_dim), cache(shape_of(1, 1, head_dim), KvQuant::int8, pages_for(filled) + 2) {
    std::memset(const_cast<uint8_t*>(cache.run(0, 0)), 0xFF, cache.bytes());
    pages.resize(cache.pages());
    std::iota(pages.begin(), pages.end(), 0U);
    for (size_t i = pages.size(); i > 1; --i) std::swap(pages[i - 1], pages[random.below(i)]);
    pages.resize(pages_for(filled));
    for (uint32_t p = 0; p < filled; ++p) {
      keys.push_back(head_of(random, head_dim, size(p)));
      values.push_back(head_of(random, head_dim, size(p)));
      cache.write(kernels_for(KernelSet::scalar), pages[p / kv_page], p % kv_page, 0, 0, keys.back().data(), values.back().data());
    }
  }
  Reading page(uint32_t position) const { return {cache.run(0, 0) + pages[position / kv_page] * cache.page_stride(), head_dim}; }

  uint32_t head_dim;
  KvCache cache;
  std::vector<uint32_t> pages;
  std::vector<std::vector<float>> keys;
  std::vector<std::vector<float>> values;
};

// [tokens][heads][head_dim]
std::vector<float> attend(const Kernels& kernels, const ByteHead& head, const std::vector<float>& queries, uint32_t heads, const std::vector<uint32_t>& positions,
                          uint32_t at_once) {
  const uint64_t row = static_cast<uint64_t>(heads) * head.head_dim;
  const uint64_t stride = head.pages.size() * kv_page;
  Buffer<float> scores(attention_tokens * heads * stride, "scores");
  Buffer<float> sums(attention_tokens * attention_heads * padded(head.head_dim), "sums");
  Buffer<float> page(kv_page * padded(head.head_dim), "page");
  std::vector<float> out(positions.size() * row);
  for (uint32_t t = 0; t < positions.size(); t += at_once) {
    const auto count = static_cast<uint32_t>(std::min<size_t>(at_once, positions.size() - t));
    for (uint64_t i = 0; i < scores.size(); ++i) scores[i] = std::numeric_limits<float>::quiet_NaN();
    kernels.attend({.queries = queries.data() + t * row,
                    .query_stride = row,
                    .quant = KvQuant::int8,
                    .cache = head.cache.run(0, 0),
                    .pages = head.pages.data(),
                    .page_stride = head.cache.page_stride(),
                    .tokens = count,
                    .heads = heads,
                    .head_dim = head.head_dim,
                    .positions = positions.data() + t,
                    .scale = 1.0F / std::sqrt(static_cast<float>(head.head_dim)),
                    .scores = scores.data(),
                    .score_stride = stride,
                    .sums = sums.data(),
                    .page = page.data(),
                    .out = out.data() + t * row,
                    .out_stride = row});
  }
  return out;
}

// In double: of the codes in the cache, or of what was written into it.
std::vector<double> exact_attention(const ByteHead& head, const float* query, uint32_t positions, bool of_codes) {
  const auto key = [&](uint32_t p, uint32_t d) {
    const Reading r = head.page(p);
    return of_codes ? r.key(p % kv_page, d) * static_cast<double>(r.key_scales()[p % kv_page]) : static_cast<double>(head.keys[p][d]);
  };
  const auto value = [&](uint32_t p, uint32_t d) {
    const Reading r = head.page(p);
    return of_codes ? r.value(p % kv_page, d) * static_cast<double>(r.value_scales()[p % kv_page]) : static_cast<double>(head.values[p][d]);
  };
  std::vector<double> weights(positions);
  for (uint32_t p = 0; p < positions; ++p) {
    for (uint32_t d = 0; d < head.head_dim; ++d) weights[p] += query[d] * key(p, d);
    weights[p] /= std::sqrt(static_cast<double>(head.head_dim));
  }
  const double top = *std::max_element(weights.begin(), weights.end());
  double sum = 0;
  for (double& weight : weights) sum += weight = std::exp(weight - top);
  std::vector<double> out(head.head_dim);
  for (uint32_t p = 0; p < positions; ++p) {
    for (uint32_t d = 0; d < head.head_dim; ++d) out[d] += weights[p] / sum * value(p, d);
  }
  return out;
}

void check_same_bits(const std::vector<float>& expected, const std::vector<float>& actual) {
  CHECK_EQUAL(expected.size(), actual.size());
  CHECK(std::memcmp(expected.data(), actual.data(), expected.size() * sizeof(float)) == 0);
}

double largest_difference(const float* ours, const std::vector<double>& exact) {
  double largest = 0;
  for (size_t d = 0; d < exact.size(); ++d) largest = std::max(largest, std::fabs(ours[d] - exact[d]));
  return largest;
}

}  // namespace

TEST(a_page_of_bytes_is_about_half_of_one_of_halves) {
  const Hyperparameters large = shape_of(30, 5, 128);
  CHECK_EQUAL(uint64_t{76800 * kv_page}, KvCache::page_bytes(large, KvQuant::none));
  CHECK_EQUAL(uint64_t{39600 * kv_page}, KvCache::page_bytes(large, KvQuant::int8));
}

TEST(each_head_of_each_position_is_rounded_against_its_own_largest) {
  TestRandom random(announced_seed("rounded heads", 51));
  for (const KernelSet set : runnable_kernel_sets()) {
    for (const uint32_t head_dim : {8U, 64U, 100U, 128U}) {
      KvCache cache(shape_of(2, 3, head_dim), KvQuant::int8, 3);
      for (uint32_t place = 0; place < kv_page; ++place) {
        std::vector<float> key = head_of(random, head_dim, place == 0 ? 1e-3F : 1.0F + static_cast<float>(place));
        std::vector<float> value = place == 3 ? std::vector<float>(padded(head_dim), 0.0F) : head_of(random, head_dim, 5);
        if (place == 5) key[1] = 1e9F;  // more than f16 could hold
        cache.write(kernels_for(set), 2, place, 1, 2, key.data(), value.data());
        const Reading run{cache.run(1, 2) + 2 * cache.page_stride(), head_dim};
        const auto check = [&](const std::vector<float>& x, float scale, const std::function<int(uint32_t)>& code) {
          float largest = 0;
          for (const float v : x) largest = std::max(largest, std::min(std::fabs(v), 65504.0F));
          if (largest > 0) CHECK(std::fabs(scale - largest / 127) <= 1e-6F * scale);
          for (uint32_t d = 0; d < head_dim; ++d) {
            const double wanted = std::clamp(x[d], -65504.0F, 65504.0F) * 127.0 / std::max(largest, 1e-5F);
            CHECK(std::abs(code(d)) <= 127);
            CHECK(std::fabs(code(d) - wanted) <= 0.5001);
          }
          for (uint32_t d = head_dim; d < padded(head_dim); ++d) CHECK_EQUAL(0, code(d));
        };
        check(key, run.key_scales()[place], [&](uint32_t d) { return run.key(place, d); });
        check(value, run.value_scales()[place], [&](uint32_t d) { return run.value(place, d); });
      }
    }
  }
}

TEST(attention_over_bytes_is_the_same_in_every_set_and_close_to_exact) {
  TestRandom random(announced_seed("attention over bytes", 52));
  double worst = 0;
  for (const uint32_t head_dim : {8U, 64U, 96U, 100U, 128U, 512U}) {
    for (const uint32_t heads : {1U, 2U, 3U, 4U}) {
      for (const uint32_t positions : {1U, 15U, 16U, 17U, 32U, 33U, 100U, 257U}) {
        const ByteHead head(random, head_dim, positions);
        const std::vector<float> queries = [&] {
          std::vector<float> all;
          for (uint32_t h = 0; h < heads; ++h) {
            const auto one = head_of(random, head_dim, 4);
            all.insert(all.end(), one.begin(), one.begin() + head_dim);
          }
          return all;
        }();
        const std::vector<float> first = attend(kernels_for(KernelSet::scalar), head, queries, heads, {positions}, 1);
        for (const KernelSet set : runnable_kernel_sets()) check_same_bits(first, attend(kernels_for(set), head, queries, heads, {positions}, 1));
        for (uint32_t h = 0; h < heads; ++h) {
          const float* query = queries.data() + static_cast<size_t>(h) * head_dim;
          const float* ours = first.data() + static_cast<size_t>(h) * head_dim;
          // Values are within ±1. Of the codes: what 15-bit queries and weights lose; of what was written: what the codes have lost.
          CHECK(largest_difference(ours, exact_attention(head, query, positions, true)) < 5e-4);
          worst = std::max(worst, largest_difference(ours, exact_attention(head, query, positions, false)));
        }
      }
    }
  }
  CHECK(worst < 0.03);
  CHECK(worst > 1e-4);  // or nothing has been rounded
}

TEST(a_long_tail_of_small_weights_is_not_rounded_away) {
  TestRandom random(53);
  constexpr uint32_t head_dim = 64;
  constexpr uint32_t positions = 4096;
  // One position takes 10^5 times the weight of each other; together the others have 4 %.
  ByteHead head(random, head_dim, positions);
  std::vector<float> query(head_dim, 0.0F);
  query[0] = 8.0F * std::log(1e5F);
  for (uint32_t p = 0; p < positions; ++p) {
    std::vector<float> key(head_dim, 0.0F);
    std::vector<float> value(head_dim, p == 7 ? 0.0F : 1.0F);
    key[0] = p == 7 ? 1.0F : 0.0F;
    head.cache.write(kernels_for(KernelSet::scalar), head.pages[p / kv_page], p % kv_page, 0, 0, key.data(), value.data());
  }
  const double tail = 4095 * 1e-5 / (1 + 4095 * 1e-5);
  for (const KernelSet set : runnable_kernel_sets()) {
    const auto out = attend(kernels_for(set), head, query, 1, {positions}, 1);
    for (const float one : out) CHECK(std::fabs(one - tail) < 0.02 * tail);
  }
}

TEST(a_head_over_bytes_gets_the_same_bits_alone_and_in_company) {
  TestRandom random(54);
  for (const uint32_t head_dim : {64U, 100U}) {
    const ByteHead head(random, head_dim, 131, [](uint32_t p) { return 0.1F + static_cast<float>(p % 7); });
    const std::vector<uint32_t> positions{29, 30, 31, 32, 33, 34, 64, 65, 1, 2, 96, 97, 129, 130, 131};
    std::vector<float> queries(positions.size() * 4 * head_dim);
    for (float& query : queries) query = 4 * random.uniform();
    const auto expected = attend(kernels_for(KernelSet::scalar), head, queries, 4, positions, 1);
    for (const KernelSet set : runnable_kernel_sets()) {
      for (const uint32_t at_once : {1U, 2U, 3U, attention_tokens}) check_same_bits(expected, attend(kernels_for(set), head, queries, 4, positions, at_once));
      std::vector<float> single;
      for (size_t t = 0; t < positions.size(); ++t) {
        for (uint32_t h = 0; h < 4; ++h) {
          const auto begin = queries.begin() + static_cast<ptrdiff_t>((t * 4 + h) * head_dim);
          const auto one = attend(kernels_for(set), head, std::vector<float>(begin, begin + head_dim), 1, {positions[t]}, 1);
          single.insert(single.end(), one.begin(), one.end());
        }
      }
      check_same_bits(expected, single);
    }
  }
}

namespace {

InferenceOptions int8_options(uint32_t threads, KernelSet kernels, uint32_t slots = 1) {
  InferenceOptions options;
  options.slots = slots;
  options.context_length = 96;
  options.threads = threads;
  options.max_batch = 64;
  options.kv_quant = KvQuant::int8;
  options.kernels = kernels;
  return options;
}

std::vector<float> logits_of(Inference& inference, uint32_t slot, std::span<const uint32_t> tokens, size_t chunk) {
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

}  // namespace

TEST(logits_over_bytes_are_the_same_in_every_set_thread_count_and_chunk) {
  std::vector<tools::RandomModelSpec> specs(3);
  specs[1].architecture = "bitnet";
  specs[1].head_dim = 100;
  specs[1].heads = 32;
  specs[1].kv_heads = 8;
  specs[2].embedding = 1280;
  specs[2].heads = 10;
  specs[2].kv_heads = 2;
  specs[2].feed_forward = 640;
  for (const tools::RandomModelSpec& spec : specs) {
    const auto model = load_model(model_bytes(spec));
    TestRandom random(61);
    std::vector<uint32_t> tokens(50);
    for (uint32_t& token : tokens) token = static_cast<uint32_t>(random.below(spec.vocabulary));
    Inference one(*model, int8_options(1, KernelSet::scalar));
    const auto expected = logits_of(one, 0, tokens, 1);
    for (const KernelSet set : runnable_kernel_sets()) {
      for (const auto& [threads, chunk] : {std::pair{1U, 64U}, std::pair{2U, 7U}, std::pair{3U, 33U}}) {
        Inference inference(*model, int8_options(threads, set));
        check_same_bits(expected, logits_of(inference, 0, tokens, chunk));
      }
    }
    InferenceOptions halves = int8_options(1, KernelSet::automatic);
    halves.kv_quant = KvQuant::none;
    Inference wide(*model, halves);
    const auto other = logits_of(wide, 0, tokens, 64);
    double difference = 0;
    double squares = 0;
    for (size_t i = 0; i < other.size(); ++i) {
      difference += std::pow(expected[i] - other[i], 2);
      squares += std::pow(other[i], 2);
    }
    CHECK(difference > 0);  // it is another cache
    CHECK(std::sqrt(difference / squares) < 0.15);
  }
}

TEST(a_copied_page_of_bytes_goes_on_as_the_page_itself) {
  const tools::RandomModelSpec spec;
  const auto model = load_model(model_bytes(spec));
  std::vector<uint32_t> tokens(60);
  for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<uint32_t>(i * 37 % spec.vocabulary);
  Inference alone(*model, int8_options(2, KernelSet::automatic));
  const auto all = logits_of(alone, 0, tokens, 64);
  InferenceOptions options = int8_options(2, KernelSet::automatic, 2);
  options.kv_pages = 6;
  Inference shared(*model, options);
  shared.map(0, std::vector<uint32_t>{3, 1}, 0);
  logits_of(shared, 0, tokens, 64);
  shared.copy_page(1, 5);
  shared.map(1, std::vector<uint32_t>{3, 5}, 45);  // reads the other's first page
  const auto rest = logits_of(shared, 1, std::span(tokens).subspan(45), 64);
  check_same_bits({all.end() - static_cast<ptrdiff_t>(rest.size()), all.end()}, rest);
}

namespace {

// A scheduler over a real model whose cache holds bytes.
struct ByteBench {
  ByteBench(const Model& model, SchedulerOptions with, uint32_t pages)
      : options(std::move(with)), inference(model, [&] {
          InferenceOptions of = int8_options(2, KernelSet::automatic, options.model_slots());
          of.context_length = context;
          of.max_batch = options.most_tokens();
          of.kv_pages = pages;
          return of;
        }()),
        step_model(inference, model.hyperparameters().vocabulary),
        scheduler(step_model, tokenizer, options, events) {}

  void open(const wire::OpenSequence& request) { scheduler.open(std::get<PreparedSequence>(prepare(request, tokenizer, {context, byte_vocabulary}))); }
  void run() {
    for (int guard = 0; !scheduler.idle(); ++guard) {
      CHECK(guard < 100'000);
      scheduler.step();
    }
  }

  static constexpr uint32_t context = 256;
  SchedulerOptions options;
  Tokenizer tokenizer = byte_tokenizer();
  Inference inference;
  InferenceStepModel step_model;
  Recorder events;
  Scheduler scheduler;
};

}  // namespace

TEST(over_bytes_too_sharing_preemption_guesses_and_restarts_change_no_token) {
  tools::RandomModelSpec spec = smallest_spec();
  spec.vocabulary = 272;  // the last have no token
  const auto model = load_model(model_bytes(spec));
  TestRandom random(announced_seed("bytes in company", 62));
  std::vector<wire::OpenSequence> requests;
  for (uint64_t id = 1; id <= 6; ++id) {
    requests.push_back(request(id, std::string(70, 's') + std::string(random.below(40), static_cast<char>('a' + id)), 80));
    requests.back().ignore_end_tokens = true;
  }
  // Each grows to six pages; together they have nine.
  SchedulerOptions options = scheduler_options(6, 24);
  options.speculation = Speculation::always;
  ByteBench together(*model, options, 9);
  for (const auto& open : requests) together.open(open);
  together.run();
  uint32_t cached = 0;
  for (const auto& open : requests) {
    const auto& record = together.events.of(open.sequence_id);
    cached += record.finished->cached_tokens;
    for (const uint32_t chunk : {64U, 5U}) {  // each time a new engine
      ByteBench alone(*model, scheduler_options(1, chunk), 8);
      alone.open(open);
      alone.run();
      check_same_answer(alone.events.of(open.sequence_id), record);
    }
  }
  CHECK(cached >= 64);  // the common beginning was shared, or this shows less than it says
}
