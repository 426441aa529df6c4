package dev.bitfleet.proto;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.bitfleet.proto.fleet.v1.GenerationDelta;
import dev.bitfleet.proto.fleet.v1.GenerationFailed;
import dev.bitfleet.proto.fleet.v1.GenerationFinished;
import dev.bitfleet.proto.fleet.v1.GenerationPromptScored;
import dev.bitfleet.proto.fleet.v1.TokenAlternative;
import java.util.OptionalDouble;

/** Events of a stream as protobuf and back. */
final class EventMapping {
  private EventMapping() {}

  static dev.bitfleet.proto.fleet.v1.GenerationEvent toProto(GenerationEvent event) {
    var proto =
        dev.bitfleet.proto.fleet.v1.GenerationEvent.newBuilder()
            .setStreamId(event.streamId())
            .setNumber(event.number());
    switch (event) {
      case GenerationEvent.Delta delta -> {
        GenerationDelta.Builder body =
            GenerationDelta.newBuilder().setText(delta.text()).setShortened(delta.shortened());
        delta.tokens().forEach(token -> body.addTokens(toProto(token)));
        proto.setDelta(body);
      }
      case GenerationEvent.PromptScored scored -> {
        GenerationPromptScored.Builder body = GenerationPromptScored.newBuilder();
        scored.tokens().forEach(token -> body.addTokens(toProto(token)));
        proto.setPromptScored(body);
      }
      case GenerationEvent.Finished finished ->
          proto.setFinished(
              GenerationFinished.newBuilder()
                  .setReason(
                      switch (finished.reason()) {
                        case STOP_TOKEN -> GenerationFinished.Reason.REASON_STOP_TOKEN;
                        case STOP_STRING -> GenerationFinished.Reason.REASON_STOP_STRING;
                        case LENGTH -> GenerationFinished.Reason.REASON_LENGTH;
                        case CANCELLED -> GenerationFinished.Reason.REASON_CANCELLED;
                      })
                  .setMatchedStop(finished.matchedStop())
                  .setPromptTokens(finished.usage().promptTokens())
                  .setCachedTokens(finished.usage().cachedTokens())
                  .setCompletionTokens(finished.usage().completionTokens())
                  .setPrefillMicros(finished.prefillMicros())
                  .setDecodeMicros(finished.decodeMicros()));
      case GenerationEvent.Failed failed ->
          proto.setFailed(
              GenerationFailed.newBuilder()
                  .setCause(
                      switch (failed.cause()) {
                        case ENGINE_LOST -> GenerationFailed.Cause.CAUSE_ENGINE_LOST;
                        case ENGINE_FAULT -> GenerationFailed.Cause.CAUSE_ENGINE_FAULT;
                        case WORKER_STOPPING -> GenerationFailed.Cause.CAUSE_WORKER_STOPPING;
                      })
                  .setMessage(failed.message()));
    }
    return proto.build();
  }

  static GenerationEvent fromProto(dev.bitfleet.proto.fleet.v1.GenerationEvent proto) {
    return switch (proto.getEventCase()) {
      case DELTA ->
          new GenerationEvent.Delta(
              proto.getStreamId(),
              proto.getNumber(),
              proto.getDelta().getText(),
              proto.getDelta().getTokensList().stream().map(EventMapping::fromProto).toList(),
              proto.getDelta().getShortened());
      case PROMPT_SCORED ->
          new GenerationEvent.PromptScored(
              proto.getStreamId(),
              proto.getNumber(),
              proto.getPromptScored().getTokensList().stream()
                  .map(EventMapping::fromProto)
                  .toList());
      case FINISHED -> {
        GenerationFinished body = proto.getFinished();
        yield new GenerationEvent.Finished(
            proto.getStreamId(),
            proto.getNumber(),
            switch (body.getReason()) {
              case REASON_STOP_TOKEN -> FinishReason.STOP_TOKEN;
              case REASON_STOP_STRING -> FinishReason.STOP_STRING;
              case REASON_LENGTH -> FinishReason.LENGTH;
              case REASON_CANCELLED -> FinishReason.CANCELLED;
              case REASON_UNSPECIFIED, UNRECOGNIZED ->
                  throw new IllegalArgumentException("an unknown reason: " + body.getReason());
            },
            body.getMatchedStop(),
            new Usage(body.getPromptTokens(), body.getCachedTokens(), body.getCompletionTokens()),
            body.getPrefillMicros(),
            body.getDecodeMicros());
      }
      case FAILED ->
          new GenerationEvent.Failed(
              proto.getStreamId(),
              proto.getNumber(),
              switch (proto.getFailed().getCause()) {
                case CAUSE_ENGINE_LOST -> FailureCause.ENGINE_LOST;
                case CAUSE_WORKER_STOPPING -> FailureCause.WORKER_STOPPING;
                // A cause from a newer worker: nothing is known of it, so it is not tried again.
                case CAUSE_ENGINE_FAULT, CAUSE_UNSPECIFIED, UNRECOGNIZED ->
                    FailureCause.ENGINE_FAULT;
              },
              proto.getFailed().getMessage());
      case EVENT_NOT_SET -> throw new IllegalArgumentException("an event without a body");
    };
  }

  private static dev.bitfleet.proto.fleet.v1.TokenDetail toProto(TokenDetail token) {
    var proto =
        dev.bitfleet.proto.fleet.v1.TokenDetail.newBuilder()
            .setId(token.id())
            .setText(bytes(token.bytes()));
    token.logprob().ifPresent(logprob -> proto.setLogprob((float) logprob));
    for (TokenDetail.Alternative alternative : token.top()) {
      proto.addTop(
          TokenAlternative.newBuilder()
              .setId(alternative.id())
              .setText(bytes(alternative.bytes()))
              .setLogprob((float) alternative.logprob()));
    }
    return proto.build();
  }

  private static TokenDetail fromProto(dev.bitfleet.proto.fleet.v1.TokenDetail proto) {
    return new TokenDetail(
        proto.getId(),
        proto.getText().toByteArray(),
        proto.hasLogprob() ? OptionalDouble.of(proto.getLogprob()) : OptionalDouble.empty(),
        proto.getTopList().stream()
            .map(
                top ->
                    new TokenDetail.Alternative(
                        top.getId(), top.getText().toByteArray(), top.getLogprob()))
            .toList());
  }

  private static ByteString bytes(byte[] bytes) {
    return UnsafeByteOperations.unsafeWrap(bytes);
  }
}
