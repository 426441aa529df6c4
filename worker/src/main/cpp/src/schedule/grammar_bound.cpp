#include "schedule/grammar_bound.h"

#include <algorithm>

namespace bitfleet {

GrammarBound::GrammarBound(std::shared_ptr<const grammar::CompiledGrammar> grammar, const Tokenizer& tokenizer,
                           std::span<const uint32_t> stop_tokens, bool ignore_end_tokens)
    : cursor_(std::move(grammar)), tokenizer_(tokenizer), ends_(stop_tokens.begin(), stop_tokens.end()) {
  if (!ignore_end_tokens) {
    const auto& end_tokens = tokenizer.vocabulary().end_tokens;
    ends_.insert(ends_.end(), end_tokens.begin(), end_tokens.end());
  }
}

std::optional<std::string> GrammarBound::find_allowed(uint32_t left) {
  const size_t words = (size_t{tokenizer_.size()} + 63) / 64;
  try {
    within_limit_.assign(words, 0);
    limited_ = cursor_.allow(left, within_limit_).limited;
    if (limited_) {
      allowed_.assign(words, 0);
      cursor_.allow(grammar::endless - 1, allowed_);
    } else {
      allowed_.swap(within_limit_);
    }
  } catch (const grammar::GrammarExhausted& error) {
    return error.what();
  }
  if (cursor_.ended()) {
    for (uint32_t token : ends_) {
      allowed_[token / 64] |= uint64_t{1} << (token % 64);
      if (limited_) within_limit_[token / 64] |= uint64_t{1} << (token % 64);
    }
  }
  if (nothing_allowed()) {
    if (!cursor_.ended()) return "the grammar leaves no token to draw";
    cut_ |= limited_;
  }
  return std::nullopt;
}

bool GrammarBound::nothing_allowed() const {
  return std::ranges::all_of(limited_ ? within_limit_ : allowed_, [](uint64_t word) { return word == 0; });
}

std::optional<std::string> GrammarBound::push(uint32_t token) {
  const std::string_view piece = tokenizer_.piece(token);
  try {
    if (!piece.empty() && cursor_.push(piece)) return std::nullopt;
  } catch (const grammar::GrammarExhausted& error) {
    return error.what();
  }
  return "token " + std::to_string(token) + " does not fit the grammar";
}

}  // namespace bitfleet
