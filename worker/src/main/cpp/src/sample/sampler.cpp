#include "sample/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "sample/exact_math.h"
#include "sample/random.h"

namespace bitfleet {
namespace {

// The first prefix that is sorted when it is not known how much of a vocabulary top_p or typical_p will keep.
constexpr size_t first_sorted = 256;

uint32_t best_token(std::span<const float> logits) {
  // std::max_element keeps the first of equals, which is the lower id.
  return static_cast<uint32_t>(std::ranges::max_element(logits) - logits.begin());
}

}  // namespace

bool all_finite(std::span<const float> logits) {
  constexpr uint32_t exponent = 0x7F800000;
  uint32_t bad = 0;
  for (float logit : logits) bad |= (std::bit_cast<uint32_t>(logit) & exponent) == exponent ? 1u : 0u;
  return bad == 0;
}

void forbid_others(std::span<float> logits, std::span<const uint64_t> allowed) {
  constexpr float forbidden = -std::numeric_limits<float>::infinity();
  for (size_t word = 0; word * 64 < logits.size(); ++word) {
    const uint64_t bits = allowed[word];
    if (bits == UINT64_MAX) continue;
    const size_t end = std::min<size_t>(logits.size(), word * 64 + 64);
    for (size_t token = word * 64; token < end; ++token) {
      if ((bits >> (token & 63) & 1) == 0) logits[token] = forbidden;
    }
  }
}

bool Sampler::needs_changes() const {
  const auto& p = parameters_;
  const bool penalties =
      p.repeat_last_n > 0 && (p.repeat_penalty != 1 || p.presence_penalty != 0 || p.frequency_penalty != 0);
  return penalties || !p.logit_bias.empty();
}

void Sampler::apply_bias_and_penalties(std::span<const uint32_t> history) {
  const auto& p = parameters_;
  for (const auto& [token, bias] : p.logit_bias) {
    if (token < changed_.size()) changed_[token] += bias;
  }
  const size_t length = std::min<size_t>(p.repeat_last_n, history.size());
  window_.assign(history.end() - static_cast<std::ptrdiff_t>(length), history.end());
  std::ranges::sort(window_);
  for (size_t i = 0; i < window_.size();) {
    const uint32_t token = window_[i];
    size_t count = 0;
    while (i < window_.size() && window_[i] == token) ++i, ++count;
    if (token >= changed_.size()) continue;
    float& logit = changed_[token];
    // Dividing a negative logit would make the token likelier. Source: llama.cpp.
    logit = logit <= 0 ? logit * p.repeat_penalty : logit / p.repeat_penalty;
    logit -= static_cast<float>(count) * p.frequency_penalty + p.presence_penalty;
  }
}

// One pass: candidates above the threshold gather in a buffer, which is cut back to the best k (and the threshold
// raised) whenever it is full.
void Sampler::keep_top_k(std::span<const float> logits) {
  const size_t k = parameters_.top_k;
  const size_t room = std::max<size_t>(2 * k, first_sorted);
  float threshold = -std::numeric_limits<float>::infinity();
  candidates_.clear();
  const auto cut = [&] {
    std::nth_element(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(k - 1), candidates_.end());
    candidates_.resize(k);
    threshold = candidates_[k - 1].logit;
  };
  for (uint32_t token = 0; token < logits.size(); ++token) {
    // A later token that equals the threshold has the higher id and ranks below.
    if (logits[token] > threshold || (candidates_.size() < k && logits[token] == threshold)) {
      candidates_.push_back({logits[token], token});
      if (candidates_.size() == room) cut();
    }
  }
  if (candidates_.size() > k) cut();
  std::sort(candidates_.begin(), candidates_.end());
  sorted_ = true;
}

double Sampler::weigh(float scale) {
  values_.resize(candidates_.size());
  weights_.resize(candidates_.size());
  float best = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < candidates_.size(); ++i) {
    values_[i] = candidates_[i].logit;
    best = std::max(best, values_[i]);
  }
  exact::exp_weights(values_, best, scale, weights_.data());
  return exact::sum(weights_);
}

template <class Take>
void Sampler::keep_sorted_until(Take&& take) {
  size_t sorted = sorted_ ? candidates_.size() : 0;
  const auto at = [&](size_t i) { return candidates_.begin() + static_cast<std::ptrdiff_t>(i); };
  for (size_t i = 0; i < candidates_.size(); ++i) {
    if (i == sorted) {
      const size_t target = std::min(candidates_.size(), std::max(first_sorted, sorted * 4));
      if (target < candidates_.size()) std::nth_element(at(sorted), at(target), candidates_.end());
      std::sort(at(sorted), at(target));
      sorted = target;
    }
    if (take(i)) {
      candidates_.resize(i + 1);
      break;
    }
  }
  sorted_ = true;
}

void Sampler::keep_typical() {
  const double total = weigh(1);
  double entropy = 0;
  double best = -std::numeric_limits<double>::infinity();
  for (float value : values_) best = std::max(best, static_cast<double>(value));
  const double log_total = exact::log(total);
  for (size_t i = 0; i < values_.size(); ++i) {
    const double logprob = static_cast<double>(values_[i]) - best - log_total;
    if (weights_[i] > 0) entropy -= static_cast<double>(weights_[i]) / total * logprob;
  }
  // Ordered by how far the surprise of a token lies from what is to be expected.
  struct Surprise {
    double distance;
    Candidate candidate;
    float weight;
    bool operator<(const Surprise& than) const {
      return distance != than.distance ? distance < than.distance : candidate < than.candidate;
    }
  };
  std::vector<Surprise> surprises;
  surprises.reserve(candidates_.size());
  for (size_t i = 0; i < candidates_.size(); ++i) {
    const double logprob = static_cast<double>(values_[i]) - best - log_total;
    surprises.push_back({std::abs(-logprob - entropy), candidates_[i], weights_[i]});
  }
  size_t sorted = 0;
  double cumulative = 0;
  size_t kept = 0;
  const auto at = [&](size_t i) { return surprises.begin() + static_cast<std::ptrdiff_t>(i); };
  while (kept < surprises.size()) {
    if (kept == sorted) {
      const size_t target = std::min(surprises.size(), std::max(first_sorted, sorted * 4));
      if (target < surprises.size()) std::nth_element(at(sorted), at(target), surprises.end());
      std::sort(at(sorted), at(target));
      sorted = target;
    }
    cumulative += static_cast<double>(surprises[kept++].weight);
    if (cumulative > static_cast<double>(parameters_.typical_p) * total) break;
  }
  candidates_.clear();
  for (size_t i = 0; i < kept; ++i) candidates_.push_back(surprises[i].candidate);
  std::sort(candidates_.begin(), candidates_.end());
  sorted_ = true;
}

void Sampler::keep_top_p() {
  const double total = weigh(1);
  const double enough = static_cast<double>(parameters_.top_p) * total;
  float best = -std::numeric_limits<float>::infinity();
  for (float value : values_) best = std::max(best, value);
  // The order changes while weights_ stays by old index, so the weight is computed again; it is the same function.
  double cumulative = 0;
  keep_sorted_until([&](size_t i) {
    float weight = 0;
    exact::exp_weights(std::span(&candidates_[i].logit, 1), best, 1, &weight);
    cumulative += static_cast<double>(weight);
    return cumulative >= enough;
  });
}

void Sampler::keep_min_p() {
  float best = -std::numeric_limits<float>::infinity();
  for (const Candidate& candidate : candidates_) best = std::max(best, candidate.logit);
  const double least = static_cast<double>(best) + exact::log(static_cast<double>(parameters_.min_p));
  std::erase_if(candidates_, [&](const Candidate& candidate) { return static_cast<double>(candidate.logit) < least; });
}

uint32_t Sampler::draw(uint64_t index) {
  const double total = weigh(1 / parameters_.temperature);
  double left = uniform_for_token(parameters_.seed, index) * total;
  uint32_t last_possible = candidates_.front().token;
  for (size_t i = 0; i < candidates_.size(); ++i) {
    if (weights_[i] <= 0) continue;
    last_possible = candidates_[i].token;
    left -= static_cast<double>(weights_[i]);
    if (left < 0) break;
  }
  return last_possible;  // rounding may leave a crumb after the last
}

std::optional<uint32_t> Sampler::sample(std::span<const float> logits, std::span<const uint32_t> history, uint64_t index,
                                        std::span<const uint64_t> allowed) {
  if (logits.empty() || !all_finite(logits)) return std::nullopt;
  const auto& p = parameters_;
  const bool changes = needs_changes() || !allowed.empty();
  if (changes) {
    changed_.assign(logits.begin(), logits.end());
    apply_bias_and_penalties(history);
    if (!allowed.empty()) forbid_others(changed_, allowed);
    logits = changed_;
    // Bias may forbid tokens (−∞); penalties of extreme size overflow. Anything else not finite cannot be ranked.
    bool any = false;
    for (float logit : changed_) {
      if (std::isnan(logit) || logit == std::numeric_limits<float>::infinity()) return std::nullopt;
      any |= std::isfinite(logit);
    }
    if (!any) return std::nullopt;
  }
  // A temperature whose reciprocal overflows is as good as 0.
  if (!(p.temperature > 1e-30f)) return best_token(logits);

  if (p.top_k > 0 && p.top_k < logits.size()) {
    keep_top_k(logits);
  } else {
    candidates_.clear();
    candidates_.reserve(logits.size());
    for (uint32_t token = 0; token < logits.size(); ++token) {
      if (!changes || std::isfinite(logits[token])) candidates_.push_back({logits[token], token});
    }
    sorted_ = false;
  }
  if (changes) {
    std::erase_if(candidates_, [](const Candidate& candidate) { return !std::isfinite(candidate.logit); });
  }
  if (p.typical_p < 1) keep_typical();
  if (p.top_p < 1) keep_top_p();
  if (p.min_p > 0) keep_min_p();
  return draw(index);
}

float logprob_of(std::span<const float> logits, uint32_t token, std::vector<Logprob>& top, uint32_t count) {
  static thread_local std::vector<float> weights;
  weights.resize(logits.size());
  const float best = *std::ranges::max_element(logits);
  exact::exp_weights(logits, best, 1, weights.data());
  const double log_total = exact::log(exact::sum(weights));
  const auto logprob = [&](uint32_t id) {
    return static_cast<float>(static_cast<double>(logits[id]) - static_cast<double>(best) - log_total);
  };
  // Few are asked for: insertion into a short sorted list.
  top.clear();
  if (count > 0) {
    std::vector<uint32_t> ids;
    const auto better = [&](uint32_t a, uint32_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; };
    for (uint32_t id = 0; id < logits.size(); ++id) {
      if (!std::isfinite(logits[id])) continue;
      if (ids.size() == count && !better(id, ids.back())) continue;
      if (ids.size() == count) ids.pop_back();
      ids.insert(std::upper_bound(ids.begin(), ids.end(), id, better), id);
    }
    for (uint32_t id : ids) top.push_back({id, logprob(id)});
  }
  return logprob(token);
}

}  // namespace bitfleet
