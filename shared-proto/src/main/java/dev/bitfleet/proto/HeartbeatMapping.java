package dev.bitfleet.proto;

import com.google.protobuf.ByteString;
import java.util.Optional;

/** Heartbeats as protobuf and back. */
final class HeartbeatMapping {
  private HeartbeatMapping() {}

  static dev.bitfleet.proto.fleet.v1.WorkerHeartbeat toProto(WorkerHeartbeat heartbeat) {
    var proto =
        dev.bitfleet.proto.fleet.v1.WorkerHeartbeat.newBuilder()
            .setWorkerId(heartbeat.workerId())
            .setNodeId(heartbeat.nodeId())
            .setNumber(heartbeat.number())
            .setProtocolMajor(heartbeat.protocol().major())
            .setProtocolMinor(heartbeat.protocol().minor())
            .setState(
                switch (heartbeat.state()) {
                  case STARTING -> dev.bitfleet.proto.fleet.v1.WorkerHeartbeat.State.STATE_STARTING;
                  case READY -> dev.bitfleet.proto.fleet.v1.WorkerHeartbeat.State.STATE_READY;
                  case RESTARTING ->
                      dev.bitfleet.proto.fleet.v1.WorkerHeartbeat.State.STATE_RESTARTING;
                  case DRAINING -> dev.bitfleet.proto.fleet.v1.WorkerHeartbeat.State.STATE_DRAINING;
                  case FAILED -> dev.bitfleet.proto.fleet.v1.WorkerHeartbeat.State.STATE_FAILED;
                  case IDLE -> dev.bitfleet.proto.fleet.v1.WorkerHeartbeat.State.STATE_IDLE;
                  case PREPARED -> dev.bitfleet.proto.fleet.v1.WorkerHeartbeat.State.STATE_PREPARED;
                })
            .setSlots(heartbeat.slots())
            .setOpenSequences(heartbeat.openSequences())
            .setEngine(heartbeat.engine())
            .setEngineVersion(heartbeat.engineVersion())
            .setKernel(heartbeat.kernel())
            .setEngineRestarts(heartbeat.engineRestarts())
            .addAllCores(heartbeat.cores())
            .setEnginePid(heartbeat.enginePid())
            .setDetail(heartbeat.detail())
            .setPrefixes(ByteString.copyFrom(heartbeat.prefixes().bytes()));
    heartbeat.model().map(HeartbeatMapping::toProto).ifPresent(proto::setModel);
    return proto.build();
  }

  static WorkerHeartbeat fromProto(dev.bitfleet.proto.fleet.v1.WorkerHeartbeat proto) {
    return new WorkerHeartbeat(
        proto.getWorkerId(),
        proto.getNodeId(),
        proto.getNumber(),
        new ProtocolVersion(proto.getProtocolMajor(), proto.getProtocolMinor()),
        switch (proto.getState()) {
          case STATE_STARTING -> WorkerHeartbeat.State.STARTING;
          case STATE_READY -> WorkerHeartbeat.State.READY;
          case STATE_RESTARTING -> WorkerHeartbeat.State.RESTARTING;
          case STATE_DRAINING -> WorkerHeartbeat.State.DRAINING;
          case STATE_IDLE -> WorkerHeartbeat.State.IDLE;
          case STATE_PREPARED -> WorkerHeartbeat.State.PREPARED;
          // A state from a newer worker: not known to be ready, so nothing is sent there.
          case STATE_FAILED, STATE_UNSPECIFIED, UNRECOGNIZED -> WorkerHeartbeat.State.FAILED;
        },
        proto.hasModel() ? Optional.of(fromProto(proto.getModel())) : Optional.empty(),
        proto.getSlots(),
        proto.getOpenSequences(),
        proto.getEngine(),
        proto.getEngineVersion(),
        proto.getKernel(),
        proto.getEngineRestarts(),
        proto.getCoresList(),
        proto.getEnginePid(),
        proto.getDetail(),
        PrefixSummary.ofBytes(proto.getPrefixes().toByteArray()));
  }

  private static dev.bitfleet.proto.fleet.v1.ModelDescription toProto(ModelDescription model) {
    return dev.bitfleet.proto.fleet.v1.ModelDescription.newBuilder()
        .setId(model.id())
        .setArchitecture(model.architecture())
        .setFingerprint(model.fingerprint())
        .setContextLength(model.contextLength())
        .setVocabularySize(model.vocabularySize())
        .setParameters(model.parameters())
        .setBytes(model.bytes())
        .setCreated(model.created())
        .setChat(model.chat())
        .setEmbeddingSize(model.embeddingSize())
        .setPooling(model.pooling())
        .setQuantization(model.quantization())
        .addAllAliases(model.aliases())
        .setRank(model.rank())
        .build();
  }

  private static ModelDescription fromProto(dev.bitfleet.proto.fleet.v1.ModelDescription proto) {
    return new ModelDescription(
        proto.getId(),
        proto.getArchitecture(),
        proto.getFingerprint(),
        proto.getContextLength(),
        proto.getVocabularySize(),
        proto.getParameters(),
        proto.getBytes(),
        proto.getCreated(),
        proto.getChat(),
        proto.getEmbeddingSize(),
        proto.getPooling(),
        proto.getQuantization(),
        proto.getAliasesList(),
        proto.getRank());
  }
}
