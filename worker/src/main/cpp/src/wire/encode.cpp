#include "text/utf8.h"
#include "wire/codec.h"
#include "wire/messages.h"

// One function per message; fields in the order of their numbers, which is what makes the bytes canonical.
namespace bitfleet::wire {
namespace {

void fill(Encoder& out, const PromptSegment& segment) {
  if (const auto* text = std::get_if<std::string>(&segment)) {
    out.present_bytes(1, *text);
  } else if (const auto* ids = std::get_if<std::vector<uint32_t>>(&segment)) {
    out.message(2, [&](Encoder& inner) { inner.packed(1, *ids); });
  }
}

void fill(Encoder& out, const Sampling& sampling) {
  out.real(1, sampling.temperature);
  out.unsigned_integer(2, sampling.top_k);
  out.real(3, sampling.top_p);
  out.real(4, sampling.min_p);
  out.real(5, sampling.typical_p);
  out.real(6, sampling.repeat_penalty);
  out.unsigned_integer(7, sampling.repeat_last_n);
  out.real(8, sampling.presence_penalty);
  out.real(9, sampling.frequency_penalty);
  for (const auto& bias : sampling.logit_bias) {
    out.message(10, [&](Encoder& entry) {
      entry.present_unsigned_integer(1, bias.first);
      entry.present_real(2, bias.second);
    });
  }
  out.unsigned_integer(11, sampling.seed);
}

void fill(Encoder& out, const OpenSequence& open) {
  out.unsigned_integer(1, open.sequence_id);
  for (const auto& segment : open.prompt) out.message(2, [&](Encoder& inner) { fill(inner, segment); });
  if (open.sampling) out.message(3, [&](Encoder& inner) { fill(inner, *open.sampling); });
  out.unsigned_integer(4, open.max_tokens);
  out.packed(5, open.stop_tokens);
  // Elements of a repeated field are written even when empty.
  for (const auto& stop : open.stop_strings) out.present_bytes(6, stop);
  out.boolean(7, open.ignore_end_tokens);
  if (open.top_logprobs) out.present_unsigned_integer(8, *open.top_logprobs);
  out.unsigned_integer(9, open.context_limit);
  out.packed(10, open.emitted);
  out.unsigned_integer(11, open.cache_scope);
  out.boolean(12, open.add_begin_token);
  out.text(13, open.grammar);
  out.unsigned_integer(14, static_cast<uint32_t>(open.prompt_scoring));
  out.unsigned_integer(15, static_cast<uint32_t>(open.priority));
  out.boolean(16, open.emitted_shortened);
}

void fill(Encoder& out, const CancelSequence& cancel) { out.unsigned_integer(1, cancel.sequence_id); }

void fill(Encoder& out, const Tokenize& tokenize) {
  out.unsigned_integer(1, tokenize.request_id);
  for (const auto& segment : tokenize.prompt) out.message(2, [&](Encoder& inner) { fill(inner, segment); });
  out.boolean(3, tokenize.add_begin_token);
  out.boolean(4, tokenize.with_pieces);
  out.unsigned_integer(5, tokenize.most_tokens);
}

void fill(Encoder& out, const Detokenize& detokenize) {
  out.unsigned_integer(1, detokenize.request_id);
  out.packed(2, detokenize.ids);
  out.boolean(3, detokenize.render_control);
}

void fill(Encoder& out, const Ping& ping) { out.unsigned_integer(1, ping.request_id); }

void fill(Encoder& out, const Embed& embed) {
  out.unsigned_integer(1, embed.request_id);
  for (const auto& segment : embed.prompt) out.message(2, [&](Encoder& inner) { fill(inner, segment); });
  out.boolean(3, embed.add_begin_token);
  out.unsigned_integer(4, embed.cache_scope);
}

void fill(Encoder& out, const CancelEmbed& cancel) { out.unsigned_integer(1, cancel.request_id); }

void fill(Encoder& out, const Embedded& embedded) {
  out.unsigned_integer(1, embedded.request_id);
  out.packed_reals(2, embedded.values);
  out.unsigned_integer(3, embedded.prompt_tokens);
  out.unsigned_integer(4, static_cast<uint32_t>(embedded.error));
  out.text(5, embedded.message);
  out.unsigned_integer(6, embedded.context_length);
  out.unsigned_integer(7, embedded.cached_tokens);
}

void fill(Encoder& out, const Loading& loading) {
  out.unsigned_integer(1, loading.protocol);
  out.text(2, loading.engine_version);
}

void fill(Encoder& out, const Ready& ready) {
  out.unsigned_integer(1, ready.protocol);
  out.text(2, ready.engine_version);
  out.text(3, ready.kernel);
  out.unsigned_integer(4, ready.threads);
  out.unsigned_integer(5, ready.slots);
  out.unsigned_integer(6, ready.context_length);
  out.text(7, ready.architecture);
  out.text(8, ready.model_name);
  out.unsigned_integer(9, ready.vocabulary_size);
  out.text(10, ready.fingerprint);
  out.unsigned_integer(11, ready.parameters);
  out.unsigned_integer(12, ready.model_bytes);
  out.unsigned_integer(13, ready.kv_cache_bytes);
  for (const auto& assumption : ready.assumptions) out.present_bytes(14, replace_invalid_utf8(assumption));
  out.unsigned_integer(15, ready.load_millis);
  out.unsigned_integer(16, ready.embedding_size);
  out.text(17, ready.pooling);
  out.boolean(18, ready.embeds_only);
}

void fill(Encoder& out, const LoadFailed& failed) {
  out.text(1, failed.code);
  out.text(2, failed.message);
}

void fill(Encoder& out, const SequenceAccepted& accepted) {
  out.unsigned_integer(1, accepted.sequence_id);
  out.unsigned_integer(2, accepted.prompt_tokens);
  out.unsigned_integer(3, accepted.cached_tokens);
}

void fill(Encoder& out, const SequenceRejected& rejected) {
  out.unsigned_integer(1, rejected.sequence_id);
  out.unsigned_integer(2, static_cast<uint32_t>(rejected.code));
  out.text(3, rejected.message);
  out.text(4, rejected.param);
  out.unsigned_integer(5, rejected.prompt_tokens);
  out.unsigned_integer(6, rejected.context_length);
}

void fill(Encoder& out, const TokenInfo& token) {
  out.unsigned_integer(1, token.id);
  out.bytes(2, token.text);
  if (token.logprob) out.present_real(3, *token.logprob);
  for (const auto& top : token.top) {
    out.message(4, [&](Encoder& inner) {
      inner.unsigned_integer(1, top.id);
      inner.bytes(2, top.text);
      inner.real(3, top.logprob);
    });
  }
}

void fill(Encoder& out, const TokenPiece& piece) {
  out.unsigned_integer(1, piece.sequence_id);
  out.unsigned_integer(2, piece.number);
  out.bytes(3, piece.text);
  for (const auto& token : piece.tokens) out.message(4, [&](Encoder& inner) { fill(inner, token); });
  out.boolean(5, piece.shortened);
}

void fill(Encoder& out, const PromptScored& scored) {
  out.unsigned_integer(1, scored.sequence_id);
  for (const auto& token : scored.tokens) out.message(2, [&](Encoder& inner) { fill(inner, token); });
}

void fill(Encoder& out, const SequenceFinished& finished) {
  out.unsigned_integer(1, finished.sequence_id);
  out.unsigned_integer(2, static_cast<uint32_t>(finished.reason));
  out.text(3, finished.matched_stop);
  out.unsigned_integer(4, finished.prompt_tokens);
  out.unsigned_integer(5, finished.cached_tokens);
  out.unsigned_integer(6, finished.completion_tokens);
  out.unsigned_integer(7, finished.prefill_micros);
  out.unsigned_integer(8, finished.decode_micros);
  out.text(9, finished.message);
}

void fill(Encoder& out, const Tokenized& tokenized) {
  out.unsigned_integer(1, tokenized.request_id);
  out.packed(2, tokenized.ids);
  out.text(3, tokenized.error);
  for (const auto& piece : tokenized.pieces) out.present_bytes(4, piece);
  out.unsigned_integer(5, tokenized.at_least);
}

void fill(Encoder& out, const Detokenized& detokenized) {
  out.unsigned_integer(1, detokenized.request_id);
  out.bytes(2, detokenized.text);
  out.text(3, detokenized.error);
}

void fill(Encoder& out, const Pong& pong) {
  out.unsigned_integer(1, pong.request_id);
  out.unsigned_integer(2, pong.steps);
  out.unsigned_integer(3, pong.open_sequences);
  out.unsigned_integer(4, pong.generated_tokens);
}

void fill(Encoder& out, const ProtocolFault& fault) { out.text(1, fault.message); }

// The alternatives stand in the order of their field numbers, from 1.
template <class Variant>
std::string encode_oneof(const Variant& value) {
  std::string bytes;
  Encoder out(bytes);
  std::visit(
      [&]<class Message>(const Message& message) {
        if constexpr (!std::is_same_v<Message, std::monostate>) {
          out.message(static_cast<uint32_t>(value.index()), [&](Encoder& inner) { fill(inner, message); });
        }
      },
      value);
  return bytes;
}

}  // namespace

std::string encode(const EngineCommand& command) { return encode_oneof(command); }
std::string encode(const EngineEvent& event) { return encode_oneof(event); }

}  // namespace bitfleet::wire
