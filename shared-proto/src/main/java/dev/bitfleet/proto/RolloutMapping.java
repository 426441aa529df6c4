package dev.bitfleet.proto;

import dev.bitfleet.proto.fleet.v1.AbortRollout;
import dev.bitfleet.proto.fleet.v1.CommitRollout;
import dev.bitfleet.proto.fleet.v1.PrepareRollout;
import dev.bitfleet.proto.fleet.v1.RenewRollout;
import dev.bitfleet.proto.fleet.v1.RolloutAborted;
import dev.bitfleet.proto.fleet.v1.RolloutCommitted;
import dev.bitfleet.proto.fleet.v1.RolloutPrepared;
import dev.bitfleet.proto.fleet.v1.RolloutRenewed;
import java.time.Duration;

/** Rollouts as protobuf and back. */
final class RolloutMapping {
  private RolloutMapping() {}

  static dev.bitfleet.proto.fleet.v1.RolloutCommand toProto(RolloutCommand command) {
    var proto =
        dev.bitfleet.proto.fleet.v1.RolloutCommand.newBuilder().setRollout(command.rollout());
    switch (command) {
      case RolloutCommand.Prepare prepare ->
          proto.setPrepare(
              PrepareRollout.newBuilder()
                  .setLoad(ModelMapping.toProto(prepare.load()))
                  .addAllPeers(prepare.peers())
                  .setLeaseMillis(prepare.lease().toMillis()));
      case RolloutCommand.Renew ignored -> proto.setRenew(RenewRollout.getDefaultInstance());
      case RolloutCommand.Commit ignored -> proto.setCommit(CommitRollout.getDefaultInstance());
      case RolloutCommand.Abort ignored -> proto.setAbort(AbortRollout.getDefaultInstance());
    }
    return proto.build();
  }

  static RolloutCommand fromProto(dev.bitfleet.proto.fleet.v1.RolloutCommand proto) {
    String rollout = proto.getRollout();
    return switch (proto.getCommandCase()) {
      case PREPARE ->
          new RolloutCommand.Prepare(
              rollout,
              ModelMapping.fromProto(proto.getPrepare().getLoad()),
              proto.getPrepare().getPeersList(),
              Duration.ofMillis(proto.getPrepare().getLeaseMillis()));
      case RENEW -> new RolloutCommand.Renew(rollout);
      case COMMIT -> new RolloutCommand.Commit(rollout);
      case ABORT -> new RolloutCommand.Abort(rollout);
      case COMMAND_NOT_SET -> throw new IllegalArgumentException("an empty command");
    };
  }

  static dev.bitfleet.proto.fleet.v1.RolloutReply toProto(RolloutReply reply) {
    var proto = dev.bitfleet.proto.fleet.v1.RolloutReply.newBuilder();
    switch (reply) {
      case RolloutReply.Prepared prepared ->
          proto.setPrepared(
              RolloutPrepared.newBuilder()
                  .setModel(prepared.model())
                  .setFingerprint(prepared.fingerprint())
                  .addAllCanary(prepared.canary()));
      case RolloutReply.Renewed ignored -> proto.setRenewed(RolloutRenewed.getDefaultInstance());
      case RolloutReply.Committed ignored ->
          proto.setCommitted(RolloutCommitted.getDefaultInstance());
      case RolloutReply.Aborted ignored -> proto.setAborted(RolloutAborted.getDefaultInstance());
      case RolloutReply.Refused refused -> proto.setRefused(ModelMapping.toProto(refused.why()));
    }
    return proto.build();
  }

  static RolloutReply fromProto(dev.bitfleet.proto.fleet.v1.RolloutReply proto) {
    return switch (proto.getReplyCase()) {
      case PREPARED ->
          new RolloutReply.Prepared(
              proto.getPrepared().getModel(),
              proto.getPrepared().getFingerprint(),
              proto.getPrepared().getCanaryList());
      case RENEWED -> new RolloutReply.Renewed();
      case COMMITTED -> new RolloutReply.Committed();
      case ABORTED -> new RolloutReply.Aborted();
      case REFUSED -> new RolloutReply.Refused(ModelMapping.fromProto(proto.getRefused()));
      case REPLY_NOT_SET -> throw new IllegalArgumentException("an empty reply");
    };
  }
}
