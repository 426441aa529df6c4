#include "schedule/grammar_bound.h"

#include <algorithm>

namespace bitfleet {

GrammarBound::GrammarBound(std::shared_ptr<const grammar::CompiledGrammar> grammar, const Tokenizer& tokenizer,
                           std::span<const uint32_t> stop_tokens, bool ignore_end_tokens, bool shortened)
    : cursor_(std::move(grammar)), tokenizer_(tokenizer), ends_(stop_tokens.begin(), stop_tokens.end()), shortened_(shortened) {
  if (!ignore_end_tokens) {
    const auto& end_tokens = tokenizer.vocabulary().end_tokens;
    ends_.insert(ends_.end(), end_tokens.begin(), end_tokens.end());
  }
}

void GrammarBound::find_allowed(uint32_t left) {
  const size_t words = (size_t{tokenizer_.size()} + 63) / 64;
  left_ = left;
  within_limit_.assign(words, 0);
  limited_ = cursor_.allow(left, within_limit_).limited;
  if (limited_) {
    allowed_.assign(words, 0);
    cursor_.allow(grammar::endless - 1, allowed_);
  } else {
    allowed_.swap(within_limit_);
  }
  if (cursor_.ended()) {
    for (uint32_t token : ends_) {
      allow(token);
    }
  }
  if (nothing_allowed()) allow_completing();
  if (nothing_allowed()) shortened_ |= limited_;
}

bool GrammarBound::nothing_allowed() const {
  return std::ranges::all_of(limited_ ? within_limit_ : allowed_, [](uint64_t word) { return word == 0; });
}

void GrammarBound::allow(uint32_t token) {
  allowed_[token / 64] |= uint64_t{1} << (token % 64);
  if (limited_) within_limit_[token / 64] |= uint64_t{1} << (token % 64);
}

void GrammarBound::forbid(uint32_t token) {
  allowed_[token / 64] &= ~(uint64_t{1} << (token % 64));
  if (limited_) within_limit_[token / 64] &= ~(uint64_t{1} << (token % 64));
}

void GrammarBound::allow_completing() {
  if (const auto token = cursor_.completing_token()) allow(*token);
}

void GrammarBound::allow_completing_only() {
  std::ranges::fill(allowed_, 0);
  std::ranges::fill(within_limit_, 0);
  allow_completing();
}

bool GrammarBound::takes(uint32_t token) {
  if (cursor_.ended() && std::ranges::find(ends_, token) != ends_.end()) return true;
  return cursor_.takes(tokenizer_.piece(token), left_);
}

std::optional<std::string> GrammarBound::push(uint32_t token) {
  const std::string_view piece = tokenizer_.piece(token);
  if (!piece.empty() && cursor_.push(piece)) return std::nullopt;
  return "token " + std::to_string(token) + " does not fit the grammar";
}

}  // namespace bitfleet
