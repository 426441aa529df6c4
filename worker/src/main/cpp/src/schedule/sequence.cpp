#include "schedule/sequence.h"

#include <algorithm>
#include <utility>

namespace bitfleet {
namespace {

uint64_t micros(Sequence::Clock::duration duration) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

constexpr size_t most_tokens_of_a_message = 1024;

}  // namespace

Sequence::Sequence(PreparedSequence request, const Tokenizer& tokenizer)
    : request_(std::move(request)),
      tokenizer_(tokenizer),
      tokens_(request_.prompt),
      sampler_(request_.sampling),
      text_(request_.stop_strings) {
  if (request_.grammar) {
    grammar_.emplace(request_.grammar, tokenizer, request_.stop_tokens, request_.ignore_end_tokens, request_.emitted_shortened);
  }
}

Sequence::Outcome Sequence::replay_emitted() {
  for (uint32_t token : request_.emitted) {
    Outcome outcome = take_token(token, {}, true);
    if (outcome.finished) return {std::nullopt, outcome.finished};
  }
  next_piece_ = 0;  // pieces that only the replay has seen do not count
  text_.suppress();
  return {};
}

std::vector<wire::PromptScored> Sequence::unscored_prompt() const {
  std::vector<wire::PromptScored> messages;
  if (request_.prompt_scoring == wire::PromptScoring::none || (request_.scores_prompt() && prompt_tokens() > 1)) return messages;
  for (const uint32_t token : request_.prompt) {
    if (messages.empty() || messages.back().tokens.size() == most_tokens_of_a_message) messages.push_back({request_.id, {}});
    messages.back().tokens.push_back({token, std::string(tokenizer_.named_piece(token)), std::nullopt, {}});
  }
  return messages;
}

std::optional<wire::PromptScored> Sequence::score_prompt(std::span<const float> rows, size_t row_length, uint32_t first_position) {
  wire::PromptScored scored{request_.id, {}};
  if (first_position == 0) {
    const uint32_t first = request_.prompt.front();
    scored.tokens.push_back({first, std::string(tokenizer_.named_piece(first)), std::nullopt, {}});
  }
  for (size_t i = 0; i * row_length < rows.size(); ++i) {
    const auto logits = rows.subspan(i * row_length, std::min<size_t>(row_length, tokenizer_.size()));
    if (!all_finite(logits)) {
      failure_ = "the model gave logits that are not finite";
      poisoned_ = true;
      return std::nullopt;
    }
    scored.tokens.push_back(info_of(request_.prompt[first_position + i + 1], logits));
    scored_ = first_position + static_cast<uint32_t>(i) + 1;
  }
  return scored;
}

Sequence::Outcome Sequence::failed(std::string message) {
  failure_ = std::move(message);
  return {std::nullopt, wire::FinishReason::failed};
}

Sequence::Outcome Sequence::take_logits(std::span<const float> logits) {
  if (!first_token_) first_token_ = Clock::now();
  // Rows of a padded vocabulary have no token.
  logits = logits.first(std::min<size_t>(logits.size(), tokenizer_.size()));
  if (!all_finite(logits)) {
    poisoned_ = true;
    return failed("the model gave logits that are not finite");
  }
  if (!grammar_) {
    const auto token = sampler_.sample(logits, tokens_, completion_tokens_);
    if (!token) return failed("bias and penalties leave no token to draw");
    return take_token(*token, info_of(*token, logits), false);
  }
  grammar_->find_allowed(tokens_left() - 1);
  // Nothing may follow, within the limit at least, and there is no token that says so.
  if (grammar_->nothing_allowed()) return ended({}, grammar_->finish_reason());
  const auto draw = [&](std::span<const uint64_t> allowed) { return sampler_.sample(logits, tokens_, completion_tokens_, allowed); };
  const auto token = grammar_->choose(draw);
  if (!token && grammar_->is_sentence() && grammar_->nothing_allowed()) return ended({}, grammar_->finish_reason());
  if (!token) return failed("bias and penalties leave no token to draw that the grammar allows");
  static thread_local std::vector<float> masked;
  if (request_.top_logprobs) {
    masked.assign(logits.begin(), logits.end());
    forbid_others(masked, grammar_->allowed());
    logits = masked;
  }
  return take_token(*token, info_of(*token, logits), false);
}

uint32_t Sequence::tokens_left() const {
  const auto room = request_.context_limit - static_cast<uint32_t>(tokens_.size());
  return request_.max_tokens == 0 ? room : std::min(room, request_.max_tokens - completion_tokens_);
}

wire::TokenInfo Sequence::info_of(uint32_t token, std::span<const float> logits) const {
  wire::TokenInfo info;
  info.id = token;
  info.text = tokenizer_.named_piece(token);
  if (request_.top_logprobs) {
    std::vector<Logprob> top;
    info.logprob = logprob_of(logits, token, top, *request_.top_logprobs);
    for (const Logprob& entry : top) {
      info.top.push_back({entry.token, std::string(tokenizer_.named_piece(entry.token)), entry.logprob});
    }
  }
  return info;
}

Sequence::Outcome Sequence::take_token(uint32_t token, wire::TokenInfo info, bool delivered) {
  ++completion_tokens_;
  bool ends = (tokenizer_.ends_generation(token) && !request_.ignore_end_tokens) ||
              std::ranges::binary_search(request_.stop_tokens, token);
  // Under a grammar what would end the text counts only where the grammar lets it end; elsewhere it is text.
  if (grammar_) ends = ends && grammar_->is_sentence();
  if (ends) return {piece_of(text_.finish()), grammar_ ? grammar_->finish_reason() : wire::FinishReason::stop_token};

  tokens_.push_back(token);
  held_.push_back({std::move(info), delivered});
  std::function<bool(size_t)> may_end;
  if (grammar_) {
    if (const auto fault = grammar_->push(token)) return failed(*fault);
    if (!request_.stop_strings.empty()) may_end = [this](size_t begin) { return grammar_->was_sentence(begin); };
  }
  CompletionText::Settled settled = text_.push(tokenizer_.piece(token), may_end);
  if (settled.stop) {
    matched_stop_ = request_.stop_strings[*settled.stop];
    return {piece_of(std::move(settled)), wire::FinishReason::stop_string};
  }
  Outcome outcome{piece_of(std::move(settled)), std::nullopt};
  // A text that is whole is not asked what follows: the step that would draw the end token is saved.
  if (grammar_ && !grammar_->can_go_on()) return ended(std::move(outcome), grammar_->finish_reason());
  const bool enough = request_.max_tokens != 0 && completion_tokens_ >= request_.max_tokens;
  if (enough || tokens_.size() >= request_.context_limit) return ended(std::move(outcome), wire::FinishReason::length);
  return outcome;
}

// All that was held goes out with the last piece.
Sequence::Outcome Sequence::ended(Outcome outcome, wire::FinishReason reason) {
  CompletionText::Settled rest = text_.finish();
  if (outcome.piece) {
    outcome.piece->text += rest.text;
    for (; rest.tokens > 0; --rest.tokens) {
      if (!held_.front().delivered) outcome.piece->tokens.push_back(std::move(held_.front().info));
      held_.pop_front();
    }
  } else {
    outcome.piece = piece_of(std::move(rest));
  }
  outcome.finished = reason;
  return outcome;
}

std::optional<wire::TokenPiece> Sequence::piece_of(CompletionText::Settled settled) {
  wire::TokenPiece piece;
  for (; settled.tokens > 0; --settled.tokens) {
    if (!held_.front().delivered) piece.tokens.push_back(std::move(held_.front().info));
    held_.pop_front();
  }
  // The tokens say no more than the text does.
  if (settled.cut > 0 && !piece.tokens.empty()) {
    std::string& last = piece.tokens.back().text;
    last.resize(last.size() - std::min(last.size(), settled.cut));
  }
  if (piece.tokens.empty() && settled.text.empty()) return std::nullopt;
  piece.sequence_id = request_.id;
  piece.text = std::move(settled.text);
  piece.number = next_piece_++;
  piece.shortened = grammar_ && grammar_->shortened();
  return piece;
}

wire::SequenceFinished Sequence::finish(wire::FinishReason reason) {
  const auto now = Clock::now();
  wire::SequenceFinished finished;
  finished.sequence_id = request_.id;
  finished.reason = reason;
  finished.matched_stop = matched_stop_;
  finished.prompt_tokens = prompt_tokens();
  finished.cached_tokens = cached_tokens;
  finished.completion_tokens = completion_tokens_;
  finished.prefill_micros = micros(first_token_.value_or(now) - opened_);
  finished.decode_micros = first_token_ ? micros(now - *first_token_) : 0;
  finished.message = failure_;
  return finished;
}

}  // namespace bitfleet
