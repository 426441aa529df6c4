#include "schedule/prepare.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "grammar/grammar_cursor.h"

namespace bitfleet {
namespace {

// The first thing wrong with a request.
struct Fault {
  std::string param;
  std::string message;
};

std::optional<Fault> check_ids(const std::vector<uint32_t>& ids, const char* param, uint32_t vocabulary) {
  for (uint32_t id : ids) {
    if (id >= vocabulary) {
      return Fault{param, "token " + std::to_string(id) + " is not below the vocabulary size " + std::to_string(vocabulary)};
    }
  }
  return std::nullopt;
}

std::optional<Fault> check_sampling(const wire::Sampling& s, uint32_t vocabulary) {
  const auto fraction = [](float value) { return value >= 0 && value <= 1; };  // false for NaN
  if (!std::isfinite(s.temperature) || s.temperature < 0) return Fault{"sampling.temperature", "must be a number from 0 up"};
  if (!fraction(s.top_p)) return Fault{"sampling.top_p", "must lie between 0 and 1"};
  if (!fraction(s.min_p)) return Fault{"sampling.min_p", "must lie between 0 and 1"};
  if (!fraction(s.typical_p)) return Fault{"sampling.typical_p", "must lie between 0 and 1"};
  if (!std::isfinite(s.repeat_penalty) || s.repeat_penalty <= 0) return Fault{"sampling.repeat_penalty", "must be above 0"};
  if (!std::isfinite(s.presence_penalty)) return Fault{"sampling.presence_penalty", "must be a number"};
  if (!std::isfinite(s.frequency_penalty)) return Fault{"sampling.frequency_penalty", "must be a number"};
  for (const auto& [token, bias] : s.logit_bias) {
    if (token >= vocabulary) {
      return Fault{"sampling.logit_bias", "token " + std::to_string(token) + " is not below the vocabulary size"};
    }
    if (std::isnan(bias) || bias == std::numeric_limits<float>::infinity()) {
      return Fault{"sampling.logit_bias", "bias of token " + std::to_string(token) + " must be a number below infinity"};
    }
  }
  return std::nullopt;
}

std::optional<Fault> check(const wire::OpenSequence& open, uint32_t vocabulary) {
  if (open.sampling) {
    if (auto fault = check_sampling(*open.sampling, vocabulary)) return fault;
  }
  if (open.stop_tokens.size() > most_stop_tokens) return Fault{"stop_tokens", "more than 1024"};
  if (auto fault = check_ids(open.stop_tokens, "stop_tokens", vocabulary)) return fault;
  if (open.stop_strings.size() > most_stop_strings) return Fault{"stop_strings", "more than 64"};
  for (const auto& stop : open.stop_strings) {
    if (stop.empty()) return Fault{"stop_strings", "must not be empty"};
    if (stop.size() > most_stop_string_bytes) return Fault{"stop_strings", "longer than 1024 bytes"};
  }
  if (open.top_logprobs && *open.top_logprobs > most_top_logprobs) return Fault{"top_logprobs", "above 20"};
  if (open.priority > wire::Priority::background) return Fault{"priority", "is none this engine knows"};
  if (open.prompt_scoring > wire::PromptScoring::alone) return Fault{"prompt_scoring", "is none this engine knows"};
  if (open.prompt_scoring == wire::PromptScoring::alone && !open.emitted.empty()) {
    return Fault{"emitted", "a prompt scored alone has no completion to go on with"};
  }
  return check_ids(open.emitted, "emitted", vocabulary);
}

SamplingParameters parameters_of(const wire::Sampling& s) {
  SamplingParameters p;
  p.temperature = s.temperature;
  p.top_k = s.top_k;
  p.top_p = s.top_p;
  p.min_p = s.min_p;
  p.typical_p = s.typical_p;
  p.repeat_penalty = s.repeat_penalty;
  p.repeat_last_n = s.repeat_last_n;
  p.presence_penalty = s.presence_penalty;
  p.frequency_penalty = s.frequency_penalty;
  p.logit_bias.assign(s.logit_bias.begin(), s.logit_bias.end());
  p.seed = s.seed;
  return p;
}

std::variant<std::shared_ptr<const grammar::CompiledGrammar>, std::string> compile(const wire::OpenSequence& open,
                                                                                   grammar::GrammarLibrary* grammars) {
  if (grammars == nullptr) return "this process knows no grammars";
  try {
    return grammars->compiled(open.grammar);
  } catch (const grammar::GrammarError& error) {
    return error.what();
  }
}

// Whether a sentence of the grammar fits into what the limits leave, behind what has been emitted already. `room` tokens
// are left in the context.
std::optional<Fault> check_room(const wire::OpenSequence& open, const std::shared_ptr<const grammar::CompiledGrammar>& compiled,
                                const Tokenizer& tokenizer, uint32_t context_limit, size_t room) {
  const auto too_short = [&](uint64_t fewest) -> std::optional<Fault> {
    if (fewest >= context_limit) {
      return Fault{"grammar", "its shortest text may need " + std::to_string(fewest) + " tokens, and the context has " + std::to_string(context_limit)};
    }
    if (open.max_tokens != 0 && fewest > open.max_tokens) {
      return Fault{"max_tokens", "must be at least " + std::to_string(fewest) + " for an answer under this grammar to come to its end"};
    }
    if (fewest > room) {
      return Fault{"prompt", "it leaves " + std::to_string(room) + " tokens, and an answer under this grammar may need " + std::to_string(fewest)};
    }
    return std::nullopt;
  };
  if (open.emitted.empty()) return too_short(compiled->fewest_tokens());
  grammar::GrammarCursor cursor(compiled);
  uint64_t taken = 0;
  for (uint32_t token : open.emitted) {
    ++taken;
    const bool ends = (tokenizer.ends_generation(token) && !open.ignore_end_tokens) ||
                      std::ranges::find(open.stop_tokens, token) != open.stop_tokens.end();
    if (ends && cursor.ended()) return std::nullopt;
    const std::string_view piece = tokenizer.piece(token);
    if (piece.empty() || !cursor.push(piece)) {
      return Fault{"emitted", "the text of token " + std::to_string(taken - 1) + " of them does not fit the grammar"};
    }
  }
  return too_short(taken + cursor.fewest_tokens());
}

}  // namespace

std::variant<std::vector<uint32_t>, std::string> tokenize_prompt(const std::vector<wire::PromptSegment>& prompt,
                                                                 bool add_begin_token, const Tokenizer& tokenizer,
                                                                 uint32_t vocabulary) {
  std::vector<PromptPart> parts;
  for (const auto& segment : prompt) {
    if (const auto* text = std::get_if<std::string>(&segment)) {
      parts.emplace_back(std::string_view(*text));
    } else if (const auto* ids = std::get_if<std::vector<uint32_t>>(&segment)) {
      if (auto fault = check_ids(*ids, "prompt", vocabulary)) return fault->message;
      parts.emplace_back(std::span<const uint32_t>(*ids));
    }
  }
  return tokenizer.encode(parts, add_begin_token);
}

std::variant<PreparedSequence, wire::SequenceRejected> prepare(wire::OpenSequence open, const Tokenizer& tokenizer,
                                                               const PrepareLimits& limits, grammar::GrammarLibrary* grammars) {
  wire::SequenceRejected rejected;
  rejected.sequence_id = open.sequence_id;
  rejected.code = wire::Rejection::invalid;
  if (limits.embeds_only) {
    rejected.message = "the model sees text both ways: it makes embeddings and cannot generate";
    return rejected;
  }
  if (auto fault = check(open, limits.vocabulary)) {
    rejected.param = fault->param;
    rejected.message = fault->param + ": " + fault->message;
    return rejected;
  }
  const uint32_t context_limit =
      open.context_limit == 0 ? limits.context_length : std::min(open.context_limit, limits.context_length);
  const auto too_long = [&](const char* has, size_t count) {
    rejected.code = wire::Rejection::context_length_exceeded;
    rejected.param = "prompt";
    rejected.prompt_tokens = static_cast<uint32_t>(count);
    rejected.context_length = context_limit;
    rejected.message = std::string("the prompt has ") + has + std::to_string(count) + " tokens and leaves no room in a context of " +
                       std::to_string(context_limit);
    return rejected;
  };
  const size_t room = open.prompt_scoring == wire::PromptScoring::alone ? 0 : 1;  // for a token to draw
  // Megabytes of text take seconds to tokenize, and every other command waits behind them: those that cannot fit are
  // told so by their length alone.
  size_t text_bytes = 0;
  for (const auto& segment : open.prompt) {
    if (const auto* text = std::get_if<std::string>(&segment)) text_bytes += text->size();
  }
  if (const size_t fewest = tokenizer.fewest_tokens(text_bytes); fewest + room > context_limit) return too_long("at least ", fewest);
  auto tokens = tokenize_prompt(open.prompt, open.add_begin_token, tokenizer, limits.vocabulary);
  if (auto* message = std::get_if<std::string>(&tokens)) {
    rejected.param = "prompt";
    rejected.message = "prompt: " + *message;
    return rejected;
  }

  PreparedSequence sequence;
  sequence.prompt = std::move(std::get<std::vector<uint32_t>>(tokens));
  sequence.context_limit = context_limit;
  if (sequence.prompt.empty()) {
    rejected.code = wire::Rejection::empty_prompt;
    rejected.param = "prompt";
    rejected.message = "the prompt holds no token";
    return rejected;
  }
  if (sequence.prompt.size() + room > context_limit) return too_long("", sequence.prompt.size());
  if (open.emitted.size() > sequence.context_limit - sequence.prompt.size()) {
    rejected.param = "emitted";
    rejected.message = "emitted: prompt and emitted tokens exceed the context";
    return rejected;
  }
  if (!open.grammar.empty()) {
    auto compiled = compile(open, grammars);
    if (auto* message = std::get_if<std::string>(&compiled)) {
      rejected.param = "grammar";
      rejected.message = "grammar: " + *message;
      return rejected;
    }
    sequence.grammar = std::move(std::get<std::shared_ptr<const grammar::CompiledGrammar>>(compiled));
    const size_t room = context_limit - sequence.prompt.size();
    const bool alone = open.prompt_scoring == wire::PromptScoring::alone;
    if (auto fault = alone ? std::nullopt : check_room(open, sequence.grammar, tokenizer, context_limit, room)) {
      rejected.param = fault->param;
      rejected.message = fault->param + ": " + fault->message;
      if (fault->param == "prompt") {
        rejected.code = wire::Rejection::context_length_exceeded;
        rejected.prompt_tokens = static_cast<uint32_t>(sequence.prompt.size());
        rejected.context_length = context_limit;
      }
      return rejected;
    }
  }
  sequence.id = open.sequence_id;
  sequence.sampling = parameters_of(open.sampling.value_or(wire::Sampling{.top_p = 1, .typical_p = 1, .repeat_penalty = 1, .logit_bias = {}}));
  sequence.max_tokens = open.max_tokens;
  sequence.stop_tokens = std::move(open.stop_tokens);
  std::ranges::sort(sequence.stop_tokens);
  sequence.stop_strings = std::move(open.stop_strings);
  sequence.ignore_end_tokens = open.ignore_end_tokens;
  sequence.top_logprobs = open.top_logprobs;
  sequence.emitted = std::move(open.emitted);
  sequence.emitted_shortened = open.emitted_shortened;
  sequence.cache_scope = open.cache_scope;
  sequence.prompt_scoring = open.prompt_scoring;
  sequence.priority = open.priority;
  return sequence;
}

}  // namespace bitfleet
