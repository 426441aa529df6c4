package dev.bitfleet.proto;

import dev.bitfleet.proto.fleet.v1.EmbedRefused;
import dev.bitfleet.proto.fleet.v1.EmbedTexts;
import dev.bitfleet.proto.fleet.v1.EmbeddedTexts;
import dev.bitfleet.proto.fleet.v1.OpenBusy;
import dev.bitfleet.proto.fleet.v1.TokenPrompt;
import java.util.List;

/** Requests for embeddings and their replies as protobuf and back. */
final class EmbedMapping {
  private EmbedMapping() {}

  static EmbedTexts toProto(EmbedRequest request) {
    EmbedTexts.Builder proto =
        EmbedTexts.newBuilder()
            .setRequestId(request.requestId())
            .setModel(request.model())
            .setCacheScope(request.cacheScope());
    for (Prompt prompt : request.prompts()) {
      var part = EmbedTexts.Prompt.newBuilder();
      switch (prompt) {
        case Prompt.Text text -> part.setText(text.text());
        case Prompt.Tokens tokens ->
            part.setTokens(TokenPrompt.newBuilder().addAllIds(tokens.ids()));
        case Prompt.Chat chat -> throw new IllegalArgumentException("checked before: " + chat);
      }
      proto.addPrompts(part);
    }
    return proto.build();
  }

  static EmbedRequest fromProto(EmbedTexts proto) {
    List<Prompt> prompts =
        proto.getPromptsList().stream()
            .<Prompt>map(
                part ->
                    switch (part.getPromptCase()) {
                      case TEXT -> new Prompt.Text(part.getText());
                      case TOKENS -> new Prompt.Tokens(part.getTokens().getIdsList());
                      case PROMPT_NOT_SET ->
                          throw new IllegalArgumentException("a prompt without a text");
                    })
            .toList();
    return new EmbedRequest(proto.getRequestId(), proto.getModel(), prompts, proto.getCacheScope());
  }

  static dev.bitfleet.proto.fleet.v1.EmbedReply toProto(EmbedReply reply) {
    var proto = dev.bitfleet.proto.fleet.v1.EmbedReply.newBuilder();
    switch (reply) {
      case EmbedReply.Embedded embedded -> {
        EmbeddedTexts.Builder texts =
            EmbeddedTexts.newBuilder().setFingerprint(embedded.fingerprint());
        for (Embedding embedding : embedded.embeddings()) {
          var one =
              dev.bitfleet.proto.fleet.v1.Embedding.newBuilder()
                  .setPromptTokens(embedding.promptTokens());
          for (float value : embedding.values()) {
            one.addValues(value);
          }
          texts.addEmbeddings(one);
        }
        proto.setEmbedded(texts);
      }
      case EmbedReply.Busy busy -> proto.setBusy(OpenBusy.newBuilder().setReason(busy.reason()));
      case EmbedReply.Refused refused ->
          proto.setRefused(
              EmbedRefused.newBuilder()
                  .setCode(
                      switch (refused.code()) {
                        case CONTEXT_LENGTH_EXCEEDED ->
                            EmbedRefused.Code.CODE_CONTEXT_LENGTH_EXCEEDED;
                        case INVALID -> EmbedRefused.Code.CODE_INVALID;
                        case EMPTY_PROMPT -> EmbedRefused.Code.CODE_EMPTY_PROMPT;
                        case NOT_AN_EMBEDDING_MODEL ->
                            EmbedRefused.Code.CODE_NOT_AN_EMBEDDING_MODEL;
                        case PROMPT_QUARANTINED -> EmbedRefused.Code.CODE_PROMPT_QUARANTINED;
                      })
                  .setMessage(refused.message())
                  .setIndex(refused.index())
                  .setPromptTokens(refused.promptTokens())
                  .setContextLength(refused.contextLength()));
    }
    return proto.build();
  }

  static EmbedReply fromProto(dev.bitfleet.proto.fleet.v1.EmbedReply proto) {
    return switch (proto.getReplyCase()) {
      case EMBEDDED ->
          new EmbedReply.Embedded(
              proto.getEmbedded().getEmbeddingsList().stream()
                  .map(one -> new Embedding(values(one), one.getPromptTokens()))
                  .toList(),
              proto.getEmbedded().getFingerprint());
      case BUSY -> new EmbedReply.Busy(proto.getBusy().getReason());
      case REFUSED -> {
        EmbedRefused refused = proto.getRefused();
        yield new EmbedReply.Refused(
            switch (refused.getCode()) {
              case CODE_CONTEXT_LENGTH_EXCEEDED -> EmbedReply.Code.CONTEXT_LENGTH_EXCEEDED;
              case CODE_EMPTY_PROMPT -> EmbedReply.Code.EMPTY_PROMPT;
              case CODE_NOT_AN_EMBEDDING_MODEL -> EmbedReply.Code.NOT_AN_EMBEDDING_MODEL;
              case CODE_PROMPT_QUARANTINED -> EmbedReply.Code.PROMPT_QUARANTINED;
              // A reason from a newer worker: the request is at fault, which is all that is known.
              case CODE_INVALID, CODE_UNSPECIFIED, UNRECOGNIZED -> EmbedReply.Code.INVALID;
            },
            refused.getMessage(),
            refused.getIndex(),
            refused.getPromptTokens(),
            refused.getContextLength());
      }
      case REPLY_NOT_SET -> throw new IllegalArgumentException("a reply without a body");
    };
  }

  private static float[] values(dev.bitfleet.proto.fleet.v1.Embedding one) {
    float[] values = new float[one.getValuesCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = one.getValues(i);
    }
    return values;
  }
}
