#include "wire/codec.h"
#include "wire/messages.h"

namespace bitfleet::wire {
namespace {

// A two-byte element can cost a hundred bytes here; no honest sender comes near these counts.
constexpr size_t most_segments = 65'536;
constexpr size_t most_strings = 4'096;
constexpr size_t most_biases = 1'048'576;
constexpr size_t most_tokens_of_a_piece = 1'048'576;

template <class Container>
void check_count(const Container& container, size_t most, const char* name) {
  if (container.size() >= most) throw MalformedMessage(std::string("too many elements in ") + name);
}

void append_ids(Decoder& in, std::vector<uint32_t>& ids) {
  in.repeated_unsigned_integer_32([&](uint32_t id) { ids.push_back(id); });
}

void merge(Decoder in, PromptSegment& segment) {
  while (in.next()) {
    switch (in.field()) {
      case 1: segment = std::string(in.bytes()); break;
      case 2: {
        Decoder inner = in.message();
        if (!std::holds_alternative<std::vector<uint32_t>>(segment)) segment = std::vector<uint32_t>();
        while (inner.next()) {
          if (inner.field() == 1) {
            append_ids(inner, std::get<std::vector<uint32_t>>(segment));
          } else {
            inner.skip();
          }
        }
        break;
      }
      default: in.skip();
    }
  }
}

void append_segment(Decoder& in, std::vector<PromptSegment>& prompt) {
  check_count(prompt, most_segments, "prompt");
  merge(in.message(), prompt.emplace_back());
}

void append_text(Decoder& in, std::vector<std::string>& texts, const char* name) {
  check_count(texts, most_strings, name);
  texts.emplace_back(in.text());
}

void merge(Decoder in, Sampling& sampling) {
  while (in.next()) {
    switch (in.field()) {
      case 1: sampling.temperature = in.real(); break;
      case 2: sampling.top_k = in.unsigned_integer_32(); break;
      case 3: sampling.top_p = in.real(); break;
      case 4: sampling.min_p = in.real(); break;
      case 5: sampling.typical_p = in.real(); break;
      case 6: sampling.repeat_penalty = in.real(); break;
      case 7: sampling.repeat_last_n = in.unsigned_integer_32(); break;
      case 8: sampling.presence_penalty = in.real(); break;
      case 9: sampling.frequency_penalty = in.real(); break;
      case 10: {
        check_count(sampling.logit_bias, most_biases, "logit_bias");
        uint32_t token = 0;
        float bias = 0;
        Decoder entry = in.message();
        while (entry.next()) {
          switch (entry.field()) {
            case 1: token = entry.unsigned_integer_32(); break;
            case 2: bias = entry.real(); break;
            default: entry.skip();
          }
        }
        sampling.logit_bias[token] = bias;
        break;
      }
      case 11: sampling.seed = in.unsigned_integer(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, OpenSequence& open) {
  while (in.next()) {
    switch (in.field()) {
      case 1: open.sequence_id = in.unsigned_integer(); break;
      case 2: append_segment(in, open.prompt); break;
      case 3:
        if (!open.sampling) open.sampling.emplace();
        merge(in.message(), *open.sampling);
        break;
      case 4: open.max_tokens = in.unsigned_integer_32(); break;
      case 5: append_ids(in, open.stop_tokens); break;
      case 6: append_text(in, open.stop_strings, "stop_strings"); break;
      case 7: open.ignore_end_tokens = in.boolean(); break;
      case 8: open.top_logprobs = in.unsigned_integer_32(); break;
      case 9: open.context_limit = in.unsigned_integer_32(); break;
      case 10: append_ids(in, open.emitted); break;
      case 11: open.cache_scope = in.unsigned_integer(); break;
      case 12: open.add_begin_token = in.boolean(); break;
      case 13: open.grammar = in.text(); break;
      case 14: open.prompt_scoring = static_cast<PromptScoring>(in.unsigned_integer_32()); break;
      case 15: open.priority = static_cast<Priority>(in.unsigned_integer_32()); break;
      case 16: open.emitted_shortened = in.boolean(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, CancelSequence& cancel) {
  while (in.next()) {
    if (in.field() == 1) cancel.sequence_id = in.unsigned_integer();
    else in.skip();
  }
}

void merge(Decoder in, Tokenize& tokenize) {
  while (in.next()) {
    switch (in.field()) {
      case 1: tokenize.request_id = in.unsigned_integer(); break;
      case 2: append_segment(in, tokenize.prompt); break;
      case 3: tokenize.add_begin_token = in.boolean(); break;
      case 4: tokenize.with_pieces = in.boolean(); break;
      case 5: tokenize.most_tokens = in.unsigned_integer_32(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, Detokenize& detokenize) {
  while (in.next()) {
    switch (in.field()) {
      case 1: detokenize.request_id = in.unsigned_integer(); break;
      case 2: append_ids(in, detokenize.ids); break;
      case 3: detokenize.render_control = in.boolean(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, Ping& ping) {
  while (in.next()) {
    if (in.field() == 1) ping.request_id = in.unsigned_integer();
    else in.skip();
  }
}

void merge(Decoder in, Embed& embed) {
  while (in.next()) {
    switch (in.field()) {
      case 1: embed.request_id = in.unsigned_integer(); break;
      case 2: append_segment(in, embed.prompt); break;
      case 3: embed.add_begin_token = in.boolean(); break;
      case 4: embed.cache_scope = in.unsigned_integer(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, CancelEmbed& cancel) {
  while (in.next()) {
    if (in.field() == 1) cancel.request_id = in.unsigned_integer();
    else in.skip();
  }
}

void merge(Decoder in, Embedded& embedded) {
  while (in.next()) {
    switch (in.field()) {
      case 1: embedded.request_id = in.unsigned_integer(); break;
      case 2: in.repeated_real([&](float value) { embedded.values.push_back(value); }); break;
      case 3: embedded.prompt_tokens = in.unsigned_integer_32(); break;
      case 4: embedded.error = static_cast<EmbedError>(in.unsigned_integer_32()); break;
      case 5: embedded.message = in.text(); break;
      case 6: embedded.context_length = in.unsigned_integer_32(); break;
      case 7: embedded.cached_tokens = in.unsigned_integer_32(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, Loading& loading) {
  while (in.next()) {
    switch (in.field()) {
      case 1: loading.protocol = in.unsigned_integer_32(); break;
      case 2: loading.engine_version = in.text(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, Ready& ready) {
  while (in.next()) {
    switch (in.field()) {
      case 1: ready.protocol = in.unsigned_integer_32(); break;
      case 2: ready.engine_version = in.text(); break;
      case 3: ready.kernel = in.text(); break;
      case 4: ready.threads = in.unsigned_integer_32(); break;
      case 5: ready.slots = in.unsigned_integer_32(); break;
      case 6: ready.context_length = in.unsigned_integer_32(); break;
      case 7: ready.architecture = in.text(); break;
      case 8: ready.model_name = in.text(); break;
      case 9: ready.vocabulary_size = in.unsigned_integer_32(); break;
      case 10: ready.fingerprint = in.text(); break;
      case 11: ready.parameters = in.unsigned_integer(); break;
      case 12: ready.model_bytes = in.unsigned_integer(); break;
      case 13: ready.kv_cache_bytes = in.unsigned_integer(); break;
      case 14: append_text(in, ready.assumptions, "assumptions"); break;
      case 15: ready.load_millis = in.unsigned_integer_32(); break;
      case 16: ready.embedding_size = in.unsigned_integer_32(); break;
      case 17: ready.pooling = in.text(); break;
      case 18: ready.embeds_only = in.boolean(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, LoadFailed& failed) {
  while (in.next()) {
    switch (in.field()) {
      case 1: failed.code = in.text(); break;
      case 2: failed.message = in.text(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, SequenceAccepted& accepted) {
  while (in.next()) {
    switch (in.field()) {
      case 1: accepted.sequence_id = in.unsigned_integer(); break;
      case 2: accepted.prompt_tokens = in.unsigned_integer_32(); break;
      case 3: accepted.cached_tokens = in.unsigned_integer_32(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, SequenceRejected& rejected) {
  while (in.next()) {
    switch (in.field()) {
      case 1: rejected.sequence_id = in.unsigned_integer(); break;
      case 2: rejected.code = static_cast<Rejection>(in.unsigned_integer_32()); break;
      case 3: rejected.message = in.text(); break;
      case 4: rejected.param = in.text(); break;
      case 5: rejected.prompt_tokens = in.unsigned_integer_32(); break;
      case 6: rejected.context_length = in.unsigned_integer_32(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, TokenLogprob& top) {
  while (in.next()) {
    switch (in.field()) {
      case 1: top.id = in.unsigned_integer_32(); break;
      case 2: top.text = in.bytes(); break;
      case 3: top.logprob = in.real(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, TokenInfo& token) {
  while (in.next()) {
    switch (in.field()) {
      case 1: token.id = in.unsigned_integer_32(); break;
      case 2: token.text = in.bytes(); break;
      case 3: token.logprob = in.real(); break;
      case 4:
        check_count(token.top, most_strings, "top");
        merge(in.message(), token.top.emplace_back());
        break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, TokenPiece& piece) {
  while (in.next()) {
    switch (in.field()) {
      case 1: piece.sequence_id = in.unsigned_integer(); break;
      case 2: piece.number = in.unsigned_integer_32(); break;
      case 3: piece.text = in.bytes(); break;
      case 4:
        check_count(piece.tokens, most_tokens_of_a_piece, "tokens");
        merge(in.message(), piece.tokens.emplace_back());
        break;
      case 5: piece.shortened = in.boolean(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, PromptScored& scored) {
  while (in.next()) {
    switch (in.field()) {
      case 1: scored.sequence_id = in.unsigned_integer(); break;
      case 2:
        check_count(scored.tokens, most_tokens_of_a_piece, "tokens");
        merge(in.message(), scored.tokens.emplace_back());
        break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, SequenceFinished& finished) {
  while (in.next()) {
    switch (in.field()) {
      case 1: finished.sequence_id = in.unsigned_integer(); break;
      case 2: finished.reason = static_cast<FinishReason>(in.unsigned_integer_32()); break;
      case 3: finished.matched_stop = in.text(); break;
      case 4: finished.prompt_tokens = in.unsigned_integer_32(); break;
      case 5: finished.cached_tokens = in.unsigned_integer_32(); break;
      case 6: finished.completion_tokens = in.unsigned_integer_32(); break;
      case 7: finished.prefill_micros = in.unsigned_integer(); break;
      case 8: finished.decode_micros = in.unsigned_integer(); break;
      case 9: finished.message = in.text(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, Tokenized& tokenized) {
  while (in.next()) {
    switch (in.field()) {
      case 1: tokenized.request_id = in.unsigned_integer(); break;
      case 2: append_ids(in, tokenized.ids); break;
      case 3: tokenized.error = in.text(); break;
      case 4:
        check_count(tokenized.pieces, most_tokens_of_a_piece, "pieces");
        tokenized.pieces.emplace_back(in.bytes());
        break;
      case 5: tokenized.at_least = in.unsigned_integer_32(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, Detokenized& detokenized) {
  while (in.next()) {
    switch (in.field()) {
      case 1: detokenized.request_id = in.unsigned_integer(); break;
      case 2: detokenized.text = in.bytes(); break;
      case 3: detokenized.error = in.text(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, Pong& pong) {
  while (in.next()) {
    switch (in.field()) {
      case 1: pong.request_id = in.unsigned_integer(); break;
      case 2: pong.steps = in.unsigned_integer(); break;
      case 3: pong.open_sequences = in.unsigned_integer_32(); break;
      case 4: pong.generated_tokens = in.unsigned_integer(); break;
      default: in.skip();
    }
  }
}

void merge(Decoder in, ProtocolFault& fault) {
  while (in.next()) {
    if (in.field() == 1) fault.message = in.text();
    else in.skip();
  }
}

// Alternative `index` of the variant is field `index` of the oneof.
template <class Variant, size_t index = 1>
bool merge_alternative(Decoder& in, Variant& value) {
  if constexpr (index == std::variant_size_v<Variant>) {
    return false;
  } else {
    if (in.field() != index) return merge_alternative<Variant, index + 1>(in, value);
    if (value.index() != index) value.template emplace<index>();
    merge(in.message(), std::get<index>(value));
    return true;
  }
}

template <class Variant>
Variant decode_oneof(std::string_view bytes) {
  Variant value;
  Decoder in(bytes);
  while (in.next()) {
    if (!merge_alternative(in, value)) in.skip();
  }
  return value;
}

}  // namespace

EngineCommand decode_command(std::string_view bytes) { return decode_oneof<EngineCommand>(bytes); }
EngineEvent decode_event(std::string_view bytes) { return decode_oneof<EngineEvent>(bytes); }

}  // namespace bitfleet::wire
