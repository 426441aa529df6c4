#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "check.h"
#include "sample/exact_math.h"
#include "sample/random.h"
#include "sample/sampler.h"

using namespace bitfleet;

namespace {

std::vector<float> random_logits(size_t count, uint32_t seed, float spread = 4) {
  std::mt19937 random(seed);
  std::vector<float> logits(count);
  // Sum of uniforms rather than std::normal_distribution, whose numbers differ between libraries.
  for (auto& logit : logits) {
    float sum = 0;
    for (int i = 0; i < 4; ++i) sum += static_cast<float>(random() >> 8) * 0x1p-24f - 0.5f;
    logit = sum * spread;
  }
  return logits;
}

// The definition of each step, in double precision, with full sorts: probabilities by token id.
std::vector<double> naive_distribution(std::vector<float> logits, const SamplingParameters& p,
                                       const std::vector<uint32_t>& history) {
  const size_t n = logits.size();
  for (const auto& [token, bias] : p.logit_bias) logits[token] += bias;
  std::vector<int> counts(n);
  for (size_t i = history.size() - std::min<size_t>(history.size(), p.repeat_last_n); i < history.size(); ++i) ++counts[history[i]];
  for (size_t t = 0; t < n; ++t) {
    if (counts[t] == 0) continue;
    logits[t] = logits[t] <= 0 ? logits[t] * p.repeat_penalty : logits[t] / p.repeat_penalty;
    logits[t] -= static_cast<float>(counts[t]) * p.frequency_penalty + p.presence_penalty;
  }
  std::vector<uint32_t> kept;
  for (uint32_t t = 0; t < n; ++t) if (std::isfinite(logits[t])) kept.push_back(t);
  const auto better = [&](uint32_t a, uint32_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; };
  std::sort(kept.begin(), kept.end(), better);
  const auto probabilities = [&](double temperature) {
    std::vector<double> result;
    double sum = 0;
    for (uint32_t t : kept) result.push_back(std::exp((static_cast<double>(logits[t]) - logits[kept[0]]) / temperature));
    for (double weight : result) sum += weight;
    for (double& weight : result) weight /= sum;
    return result;
  };
  if (p.top_k > 0 && p.top_k < kept.size()) kept.resize(p.top_k);
  if (p.typical_p < 1) {
    const auto prob = probabilities(1);
    double entropy = 0;
    for (double q : prob) entropy -= q > 0 ? q * std::log(q) : 0;
    std::vector<size_t> order(kept.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return std::abs(-std::log(prob[a]) - entropy) < std::abs(-std::log(prob[b]) - entropy);
    });
    std::vector<uint32_t> typical;
    double sum = 0;
    for (size_t i : order) {
      typical.push_back(kept[i]);
      sum += prob[i];
      if (sum > static_cast<double>(p.typical_p)) break;
    }
    kept = typical;
    std::sort(kept.begin(), kept.end(), better);
  }
  if (p.top_p < 1) {
    const auto prob = probabilities(1);
    double sum = 0;
    size_t count = 0;
    while (count < kept.size() && (count == 0 || sum < static_cast<double>(p.top_p))) sum += prob[count++];
    kept.resize(count);
  }
  if (p.min_p > 0) {
    const auto prob = probabilities(1);
    size_t count = 0;
    while (count < kept.size() && prob[count] >= static_cast<double>(p.min_p) * prob[0]) ++count;
    kept.resize(count);
  }
  std::vector<double> distribution(n, 0.0);
  const auto prob = probabilities(p.temperature);
  for (size_t i = 0; i < kept.size(); ++i) distribution[kept[i]] = prob[i];
  return distribution;
}

// Pearson's statistic of `draws` draws against `expected`; cells below 5 are pooled. Returns how many standard
// deviations it lies above its mean (Wilson-Hilferty), and fails on a token that cannot be drawn.
double chi_square_excess(const std::vector<float>& logits, SamplingParameters p, const std::vector<uint32_t>& history,
                         const std::vector<double>& expected, int draws) {
  std::vector<int> seen(logits.size());
  Sampler sampler(p);
  for (int i = 0; i < draws; ++i) {
    const auto token = sampler.sample(logits, history, static_cast<uint64_t>(i));
    CHECK(token.has_value());
    CHECK(expected[*token] > 0);
    ++seen[*token];
  }
  double statistic = 0, pooled_expected = 0;
  int pooled_seen = 0, cells = 0;
  for (size_t t = 0; t < logits.size(); ++t) {
    const double e = expected[t] * draws;
    if (e < 5) {
      pooled_expected += e;
      pooled_seen += seen[t];
      continue;
    }
    statistic += (seen[t] - e) * (seen[t] - e) / e;
    ++cells;
  }
  if (pooled_expected >= 5) {
    statistic += (pooled_seen - pooled_expected) * (pooled_seen - pooled_expected) / pooled_expected;
    ++cells;
  }
  if (cells < 2) return 0;
  const double k = cells - 1;
  return (std::cbrt(statistic / k) - (1 - 2 / (9 * k))) / std::sqrt(2 / (9 * k));
}

}  // namespace

TEST(philox_gives_the_numbers_of_the_reference) {
  // kat_vectors of Random123: philox4x32 10.
  CHECK((philox4x32_10({0, 0}, {0, 0, 0, 0}) == std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  CHECK((philox4x32_10({0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}) ==
         std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  CHECK((philox4x32_10({0xa4093822, 0x299f31d0}, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}) ==
         std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(exp_and_log_are_as_exact_as_they_say) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const double x = (static_cast<double>(random() >> 11) * 0x1p-53 - 0.5) * 1400;
    const double e = std::exp(x);
    if (e > 1e-300 && std::isfinite(e)) CHECK(std::abs(exact::exp(x) - e) <= 1e-15 * e);
    const double y = std::exp(x / 2);
    CHECK(std::abs(exact::log(y) - std::log(y)) <= 1e-15 * std::max(1.0, std::abs(std::log(y))));
  }
  CHECK_EQUAL(1.0, exact::exp(0));
  CHECK_EQUAL(0.0, exact::exp(-1e9));
  CHECK(std::isinf(exact::exp(1e9)) && std::isnan(exact::exp(NAN)));
  CHECK_EQUAL(0.0, exact::log(1));
  CHECK(std::isinf(exact::log(0)) && std::isnan(exact::log(-1)));
  CHECK(std::abs(exact::log(5e-324) - std::log(5e-324)) < 1e-12);
}

TEST(weights_are_exact_enough_and_do_not_depend_on_their_place) {
  std::vector<float> values;
  for (float x = 0; x > -100; x -= 0.0137f) values.push_back(x);
  std::vector<float> weights(values.size());
  exact::exp_weights(values, 0, 1, weights.data());
  for (size_t i = 0; i < values.size(); ++i) {
    const double e = std::exp(static_cast<double>(values[i]));
    if (values[i] < -87) CHECK_EQUAL(0.0f, weights[i]);
    else CHECK(std::abs(static_cast<double>(weights[i]) - e) <= 3e-7 * e);
    float alone = 0;
    exact::exp_weights(std::span(&values[i], 1), 0, 1, &alone);
    CHECK(std::bit_cast<uint32_t>(alone) == std::bit_cast<uint32_t>(weights[i]));
  }
}

TEST(greedy_takes_the_lowest_id_of_equals) {
  Sampler sampler({});
  const std::vector<float> logits = {1, 3, 3, 2};
  CHECK_EQUAL(1u, sampler.sample(logits, {}, 0).value());
}

TEST(each_step_draws_its_distribution) {
  struct Setting { const char* name; SamplingParameters p; };
  const auto with = [](auto change) { SamplingParameters p; p.temperature = 1; p.seed = 42; change(p); return p; };
  const std::vector<Setting> settings = {
      {"temperature 1", with([](auto&) {})},
      {"temperature 0.6", with([](auto& p) { p.temperature = 0.6f; })},
      {"temperature 3", with([](auto& p) { p.temperature = 3; })},
      {"top_k 5", with([](auto& p) { p.top_k = 5; })},
      {"top_k 300 of 500", with([](auto& p) { p.top_k = 300; })},
      {"top_p 0.7", with([](auto& p) { p.top_p = 0.7f; })},
      {"top_p 0.99", with([](auto& p) { p.top_p = 0.99f; })},
      {"min_p 0.2", with([](auto& p) { p.min_p = 0.2f; })},
      {"typical_p 0.5", with([](auto& p) { p.typical_p = 0.5f; })},
      {"penalties", with([](auto& p) { p.repeat_penalty = 1.4f; p.repeat_last_n = 8; p.presence_penalty = 0.3f; p.frequency_penalty = 0.2f; })},
      {"bias", with([](auto& p) { p.logit_bias = {{3, 5.0f}, {4, -std::numeric_limits<float>::infinity()}}; })},
      {"all together", with([](auto& p) {
         p.temperature = 0.8f; p.top_k = 40; p.typical_p = 0.95f; p.top_p = 0.9f; p.min_p = 0.02f;
         p.repeat_penalty = 1.1f; p.repeat_last_n = 4; p.logit_bias = {{0, 1.0f}};
       })},
  };
  const std::vector<uint32_t> history = {9, 9, 1, 2, 2, 2, 3, 4, 5, 1};
  for (size_t size : {size_t{12}, size_t{500}}) {
    const auto logits = random_logits(size, 5, 6);
    for (const auto& setting : settings) {
      const auto expected = naive_distribution(logits, setting.p, history);
      const double excess = chi_square_excess(logits, setting.p, history, expected, 20'000);
      if (excess >= 4) std::printf("%s, %zu tokens: %.2f\n", setting.name, size, excess);
      CHECK(excess < 4);
    }
  }
}

TEST(partial_selection_keeps_the_same_tokens_as_full_sorts) {
  // Every token that the definition keeps can be drawn, and no other: forced by a temperature that levels them all.
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const auto logits = random_logits(3000, seed, 8);
    SamplingParameters p;
    p.temperature = 1e6f;
    p.seed = seed;
    if (seed % 3 == 0) p.top_k = 100 + seed * 37;
    if (seed % 4 == 1) p.top_p = 0.5f + 0.02f * static_cast<float>(seed);
    if (seed % 5 == 2) p.typical_p = 0.6f;
    if (seed % 2 == 1) p.min_p = 0.001f;
    const auto expected = naive_distribution(logits, p, {});
    const auto kept = static_cast<size_t>(std::ranges::count_if(expected, [](double e) { return e > 0; }));
    std::vector<bool> seen(logits.size());
    Sampler sampler(p);
    for (uint64_t i = 0; i < 16 * kept; ++i) {
      const uint32_t token = sampler.sample(logits, {}, i).value();
      CHECK(expected[token] > 0);
      seen[token] = true;
    }
    const auto drawn = static_cast<size_t>(std::ranges::count(seen, true));
    CHECK(drawn >= kept - kept / 100);
  }
}

TEST(a_draw_depends_on_seed_and_index_alone) {
  const auto logits = random_logits(1000, 3);
  SamplingParameters p;
  p.temperature = 1;
  p.top_p = 0.9f;
  p.seed = 77;
  Sampler used(p);
  std::vector<uint32_t> drawn;
  for (uint64_t i = 0; i < 50; ++i) drawn.push_back(used.sample(logits, {}, i).value());
  for (uint64_t i = 50; i-- > 0;) CHECK_EQUAL(drawn[i], Sampler(p).sample(logits, {}, i).value());
  p.seed = 78;
  Sampler other(p);
  int same = 0;
  for (uint64_t i = 0; i < 50; ++i) same += other.sample(logits, {}, i).value() == drawn[i];
  CHECK(same < 25);
}

TEST(what_cannot_be_ranked_is_not_drawn) {
  for (float bad : {NAN, INFINITY, -INFINITY}) {
    const std::vector<float> logits = {1, bad, 2};
    CHECK(!Sampler({}).sample(logits, {}, 0));
    SamplingParameters p;
    p.temperature = 1;
    CHECK(!Sampler(p).sample(logits, {}, 0));
  }
  const std::vector<float> logits = {1, 2};
  SamplingParameters forbidden;
  forbidden.logit_bias = {{0, -INFINITY}, {1, -INFINITY}};
  CHECK(!Sampler(forbidden).sample(logits, {}, 0));
  forbidden.logit_bias.pop_back();
  CHECK_EQUAL(1u, Sampler(forbidden).sample(logits, {}, 0).value());
  SamplingParameters extreme;
  extreme.repeat_penalty = 1e-38f;
  extreme.repeat_last_n = 8;
  const std::vector<uint32_t> history = {1};
  CHECK(!Sampler(extreme).sample(std::vector<float>{1, 1e5f}, history, 0));
  CHECK(!Sampler({}).sample({}, {}, 0));
}

TEST(extreme_parameters_stay_in_range) {
  const auto logits = random_logits(100, 9);
  for (float temperature : {1e-38f, 1e-29f, 1e-3f, 1e30f}) {
    for (float fraction : {0.0f, 1e-30f, 1.0f}) {
      SamplingParameters p;
      p.temperature = temperature;
      p.top_p = fraction;
      p.typical_p = fraction;
      p.min_p = fraction;
      p.top_k = 1'000'000;
      CHECK(Sampler(p).sample(logits, {}, 1).value() < 100);
    }
  }
}

TEST(logprobs_are_the_log_softmax_of_the_raw_logits) {
  const auto logits = random_logits(2000, 21);
  double sum = 0;
  for (float logit : logits) sum += std::exp(static_cast<double>(logit));
  std::vector<Logprob> top;
  const float logprob = logprob_of(logits, 17, top, 20);
  CHECK(std::abs(static_cast<double>(logprob) - (static_cast<double>(logits[17]) - std::log(sum))) < 1e-5);
  CHECK_EQUAL(20u, top.size());
  std::vector<float> sorted = logits;
  std::sort(sorted.rbegin(), sorted.rend());
  for (size_t i = 0; i < 20; ++i) CHECK_EQUAL(sorted[i], logits[top[i].token]);
  logprob_of(std::vector<float>{1, 1, 1}, 0, top, 2);
  CHECK(top[0].token == 0 && top[1].token == 1);
  logprob_of(std::vector<float>{1, 2}, 0, top, 20);
  CHECK_EQUAL(2u, top.size());
}
