#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace bitfleet {

// Meaning and order as in llama.cpp; the defaults switch everything off.
struct SamplingParameters {
  float temperature = 0;        // >= 0; 0 takes the most likely token, after bias and penalties
  uint32_t top_k = 0;           // 0 = off
  float top_p = 1;              // [0, 1]; 1 = off; at least one token stays
  float min_p = 0;              // [0, 1]; 0 = off
  float typical_p = 1;          // [0, 1]; 1 = off; at least one token stays
  float repeat_penalty = 1;     // > 0; 1 = off
  uint32_t repeat_last_n = 0;   // tokens the penalties look back on
  float presence_penalty = 0;
  float frequency_penalty = 0;
  std::vector<std::pair<uint32_t, float>> logit_bias;  // added to the logit; −∞ forbids the token
  uint64_t seed = 0;
};

struct Logprob {
  uint32_t token;
  float logprob;  // natural logarithm of the softmax of the raw logits
};

// Draws tokens for one set of parameters: what is allowed, logit_bias and penalties, then top_k, typical_p, top_p, min_p, temperature.
// Equal logits rank by their token id, lower first. What is drawn depends on the arguments of sample() alone.
//
// Keeps buffers between calls; belongs to the step thread. Sources: Fan et al. 2018 (top-k), Holtzman et al. 2020
// (top-p), Meister et al. 2022 (typical), Nguyen et al. 2024 (min-p), Keskar et al. 2019 (repetition penalty).
class Sampler {
 public:
  explicit Sampler(SamplingParameters parameters) : parameters_(std::move(parameters)) {}

  // `logits` [vocabulary] raw; `history` prompt and completion so far, of which the last repeat_last_n count; `index`
  // of the token within its completion; `allowed` [vocabulary / 64, rounded up] a bit per token, none set for a token that is
  // never drawn, or empty when all may be. nullopt when no token can be drawn: a logit is not finite, or the bias forbids
  // every token that is allowed.
  std::optional<uint32_t> sample(std::span<const float> logits, std::span<const uint32_t> history, uint64_t index,
                                 std::span<const uint64_t> allowed = {});

  const SamplingParameters& parameters() const { return parameters_; }

 private:
  struct Candidate {
    float logit;
    uint32_t token;
    bool operator<(const Candidate& than) const {  // better first
      return logit != than.logit ? logit > than.logit : token < than.token;
    }
  };

  bool needs_changes() const;
  void apply_bias_and_penalties(std::span<const uint32_t> history);
  void keep_top_k(std::span<const float> logits);
  void keep_typical();
  void keep_top_p();
  void keep_min_p();
  uint32_t draw(uint64_t index);

  // Relative probabilities of candidates_, by their index, in weights_; returns their sum.
  double weigh(float scale);
  // Sorts candidates_ as far as needed: `take(i)` is called for i = 0, 1, … once candidates_[0..i] are the best i+1 in
  // order, until it returns true; the candidates after that one are dropped.
  template <class Take>
  void keep_sorted_until(Take&& take);

  SamplingParameters parameters_;
  std::vector<float> changed_;          // [vocabulary] logits after bias and penalties, when there are any
  std::vector<Candidate> candidates_;
  bool sorted_ = false;                 // candidates_ are best first
  std::vector<float> values_;           // logits of candidates_, contiguous
  std::vector<float> weights_;
  std::vector<uint32_t> window_;        // the penalties' part of the history, sorted
};

bool all_finite(std::span<const float> logits);

// Sets the logits of tokens without a bit in `allowed` [vocabulary / 64, rounded up] to −∞.
void forbid_others(std::span<float> logits, std::span<const uint64_t> allowed);

// Logprob of `token`, and the `count` most likely tokens, best first. `logits` are finite, or −∞ for what is forbidden and
// not among the most likely then.
float logprob_of(std::span<const float> logits, uint32_t token, std::vector<Logprob>& top, uint32_t count);

}  // namespace bitfleet
