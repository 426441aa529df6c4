#include "schedule/embedding.h"

#include <cmath>
#include <string>

namespace bitfleet {

wire::Embedded refused_embedding(uint64_t request_id, wire::EmbedError code, std::string message) {
  wire::Embedded refused;
  refused.request_id = request_id;
  refused.error = code;
  refused.message = std::move(message);
  return refused;
}

std::variant<PreparedEmbedding, wire::Embedded> prepare_embedding(const wire::Embed& embed, const Tokenizer& tokenizer,
                                                                  const PrepareLimits& limits) {
  const auto too_long = [&](const char* has, size_t count) {
    auto refused = refused_embedding(embed.request_id, wire::EmbedError::context_length_exceeded,
                                     std::string("the text has ") + has + std::to_string(count) + " tokens, more than the context of " +
                                         std::to_string(limits.context_length));
    refused.prompt_tokens = static_cast<uint32_t>(count);
    refused.context_length = limits.context_length;
    return refused;
  };
  size_t text_bytes = 0;
  for (const auto& segment : embed.prompt) {
    if (const auto* text = std::get_if<std::string>(&segment)) text_bytes += text->size();
  }
  if (const size_t fewest = tokenizer.fewest_tokens(text_bytes); fewest > limits.context_length) return too_long("at least ", fewest);
  auto result = tokenize_prompt(embed.prompt, embed.add_begin_token, tokenizer, limits.vocabulary);
  if (const auto* message = std::get_if<std::string>(&result)) {
    return refused_embedding(embed.request_id, wire::EmbedError::invalid, *message);
  }
  PreparedEmbedding prepared{embed.request_id, std::move(std::get<std::vector<uint32_t>>(result)), embed.cache_scope};
  if (embed.add_begin_token) {
    const auto end = tokenizer.end_token_of_text();
    if (end && (prepared.tokens.empty() || prepared.tokens.back() != *end)) prepared.tokens.push_back(*end);
  }
  if (prepared.tokens.empty()) return refused_embedding(embed.request_id, wire::EmbedError::empty, "the text holds no token");
  if (prepared.tokens.size() > limits.context_length) return too_long("", prepared.tokens.size());
  return prepared;
}

bool Embedding::wants_hidden(uint32_t position) const {
  switch (pooling_) {
    case Pooling::mean: return true;
    case Pooling::cls: return position == 0;
    case Pooling::last: return position + 1 == request_.tokens.size();
    case Pooling::none: break;
  }
  return false;
}

void Embedding::pool(std::span<const float> hidden) {
  sum_.resize(hidden.size());
  for (size_t i = 0; i < hidden.size(); ++i) sum_[i] += static_cast<double>(hidden[i]);
}

wire::Embedded Embedding::finish() const {
  // The mean's divisor goes with the length, which is made 1 anyway.
  double squares = 0;
  for (const double value : sum_) squares += value * value;
  if (!std::isfinite(squares)) {
    return refused_embedding(request_id(), wire::EmbedError::failed, "the model gave hidden states that are not finite");
  }
  wire::Embedded embedded;
  embedded.request_id = request_id();
  embedded.prompt_tokens = static_cast<uint32_t>(request_.tokens.size());
  embedded.cached_tokens = cached_tokens;
  embedded.values.reserve(sum_.size());
  const double length = std::sqrt(squares);
  for (const double value : sum_) embedded.values.push_back(length > 0 ? static_cast<float>(value / length) : 0.0F);
  return embedded;
}

void Embedding::start_over() {
  seen = 0;
  cached_tokens = 0;
  sum_.clear();
  ++setbacks;
}

}  // namespace bitfleet
