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
                  .setFingerprint(accepted.fingerprint()));
      case OpenReply.Busy busy -> proto.setBusy(OpenBusy.newBuilder().setReason(busy.reason()));
      case OpenReply.Refused refused ->
          proto.setRefused(
              OpenRefused.newBuilder()
                  .setCode(refused.code().name().toLowerCase(Locale.ROOT))
                  .setMessage(refused.message())
                  .setParam(refused.param())
                  .setPromptTokens(refused.promptTokens())
                  .setContextLength(refused.contextLength()));
    }
    return proto.build();
  }

  static OpenReply fromProto(dev.bitfleet.proto.fleet.v1.OpenReply proto) {
    return switch (proto.getReplyCase()) {
      case ACCEPTED ->
          new OpenReply.Accepted(
              proto.getAccepted().getPromptTokens(),
              proto.getAccepted().getCachedTokens(),
              proto.getAccepted().getFingerprint());
      case BUSY -> new OpenReply.Busy(proto.getBusy().getReason());
      case REFUSED ->
          new OpenReply.Refused(
              OpenReply.Code.valueOf(proto.getRefused().getCode().toUpperCase(Locale.ROOT)),
              proto.getRefused().getMessage(),
              proto.getRefused().getParam(),
              proto.getRefused().getPromptTokens(),
              proto.getRefused().getContextLength());
      case REPLY_NOT_SET -> throw new IllegalArgumentException("an empty reply");
    };
  }
}
