package dev.bitfleet.proto;

import dev.bitfleet.proto.fleet.v1.OpenAccepted;
import dev.bitfleet.proto.fleet.v1.OpenBusy;
import dev.bitfleet.proto.fleet.v1.OpenRefused;
import java.util.Locale;

/** Answers to an open as protobuf and back. */
final class ReplyMapping {
  private ReplyMapping() {}

  static dev.bitfleet.proto.fleet.v1.OpenReply toProto(OpenReply reply) {
    var proto = dev.bitfleet.proto.fleet.v1.OpenReply.newBuilder();
    switch (reply) {
      case OpenReply.Accepted accepted ->
          proto.setAccepted(
              OpenAccepted.newBuilder()
                  .setPromptTokens(accepted.promptTokens())
                  .setCachedTokens(accepted.cachedTokens())
                  .setFingerprint(accepted.fingerprint())
                  .setPromptHash(accepted.promptHash()));
      case OpenReply.Busy busy -> proto.setBusy(OpenBusy.newBuilder().setReason(busy.reason()));
      case OpenReply.Refused refused -> proto.setRefused(toProto(refused));
    }
    return proto.build();
  }

  static OpenReply fromProto(dev.bitfleet.proto.fleet.v1.OpenReply proto) {
    return switch (proto.getReplyCase()) {
      case ACCEPTED ->
          new OpenReply.Accepted(
              proto.getAccepted().getPromptTokens(),
              proto.getAccepted().getCachedTokens(),
              proto.getAccepted().getFingerprint(),
              proto.getAccepted().getPromptHash());
      case BUSY -> new OpenReply.Busy(proto.getBusy().getReason());
      case REFUSED -> fromProto(proto.getRefused());
      case REPLY_NOT_SET -> throw new IllegalArgumentException("an empty reply");
    };
  }

  static OpenRefused toProto(OpenReply.Refused refused) {
    return OpenRefused.newBuilder()
        .setCode(refused.code().name().toLowerCase(Locale.ROOT))
        .setMessage(refused.message())
        .setParam(refused.param())
        .setPromptTokens(refused.promptTokens())
        .setContextLength(refused.contextLength())
        .build();
  }

  static OpenReply.Refused fromProto(OpenRefused refused) {
    return new OpenReply.Refused(
        OpenReply.Code.valueOf(refused.getCode().toUpperCase(Locale.ROOT)),
        refused.getMessage(),
        refused.getParam(),
        refused.getPromptTokens(),
        refused.getContextLength());
  }
}
