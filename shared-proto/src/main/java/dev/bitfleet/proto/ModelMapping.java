package dev.bitfleet.proto;

import dev.bitfleet.proto.fleet.v1.LoadModel;
import dev.bitfleet.proto.fleet.v1.ModelDone;
import dev.bitfleet.proto.fleet.v1.ModelRefused;
import dev.bitfleet.proto.fleet.v1.UnloadModel;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/** Calls to workers and commands about models as protobuf and back. */
final class ModelMapping {
  private ModelMapping() {}

  static dev.bitfleet.proto.fleet.v1.WorkerCall toProto(WorkerCall call) {
    return dev.bitfleet.proto.fleet.v1.WorkerCall.newBuilder()
        .setKind(
            switch (call) {
              case WAKE -> dev.bitfleet.proto.fleet.v1.WorkerCall.Kind.KIND_WAKE;
              case DRAIN -> dev.bitfleet.proto.fleet.v1.WorkerCall.Kind.KIND_DRAIN;
              case OFFER -> dev.bitfleet.proto.fleet.v1.WorkerCall.Kind.KIND_OFFER;
            })
        .build();
  }

  static WorkerCall fromProto(dev.bitfleet.proto.fleet.v1.WorkerCall proto) {
    return switch (proto.getKind()) {
      case KIND_WAKE -> WorkerCall.WAKE;
      case KIND_DRAIN -> WorkerCall.DRAIN;
      case KIND_OFFER -> WorkerCall.OFFER;
      case KIND_UNSPECIFIED, UNRECOGNIZED -> throw new IllegalArgumentException("an unknown call");
    };
  }

  static dev.bitfleet.proto.fleet.v1.ModelCommand toProto(ModelCommand command) {
    var proto = dev.bitfleet.proto.fleet.v1.ModelCommand.newBuilder();
    return switch (command) {
      case ModelCommand.Load load -> proto.setLoad(toProto(load)).build();
      case ModelCommand.Unload unload ->
          proto.setUnload(UnloadModel.newBuilder().setModel(unload.model())).build();
    };
  }

  static LoadModel toProto(ModelCommand.Load load) {
    var proto =
        LoadModel.newBuilder()
            .setModel(load.model())
            .setId(load.id().orElse(""))
            .setReplace(load.replace())
            .setAdapterType(load.adapterType().orElse(""))
            .setHeadType(load.headType().orElse(""));
    load.adapter().ifPresent(proto::setAdapter);
    load.threads().ifPresent(proto::setThreads);
    load.slots().ifPresent(proto::setSlots);
    load.contextLength().ifPresent(proto::setContextLength);
    load.keepAlive()
        .ifPresent(
            keepAlive ->
                proto.setKeepAliveMillis(
                    switch (keepAlive) {
                      case ModelCommand.KeepAlive.Forever ignored -> -1;
                      case ModelCommand.KeepAlive.Of of -> of.time().toMillis();
                    }));
    return proto.build();
  }

  static ModelCommand fromProto(dev.bitfleet.proto.fleet.v1.ModelCommand proto) {
    return switch (proto.getCommandCase()) {
      case LOAD -> fromProto(proto.getLoad());
      case UNLOAD -> new ModelCommand.Unload(proto.getUnload().getModel());
      case COMMAND_NOT_SET -> throw new IllegalArgumentException("an empty command");
    };
  }

  static ModelCommand.Load fromProto(LoadModel proto) {
    return new ModelCommand.Load(
        proto.getModel(),
        proto.hasAdapter() ? Optional.of(proto.getAdapter()) : Optional.empty(),
        text(proto.getId()),
        proto.getReplace(),
        proto.hasThreads() ? OptionalInt.of(proto.getThreads()) : OptionalInt.empty(),
        proto.hasSlots() ? OptionalInt.of(proto.getSlots()) : OptionalInt.empty(),
        proto.hasContextLength() ? OptionalInt.of(proto.getContextLength()) : OptionalInt.empty(),
        proto.hasKeepAliveMillis()
            ? Optional.of(keepAlive(proto.getKeepAliveMillis()))
            : Optional.empty(),
        text(proto.getAdapterType()),
        text(proto.getHeadType()));
  }

  private static ModelCommand.KeepAlive keepAlive(long millis) {
    return millis < 0
        ? new ModelCommand.KeepAlive.Forever()
        : new ModelCommand.KeepAlive.Of(Duration.ofMillis(millis));
  }

  private static Optional<String> text(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }

  static dev.bitfleet.proto.fleet.v1.ModelReply toProto(ModelReply reply) {
    var proto = dev.bitfleet.proto.fleet.v1.ModelReply.newBuilder();
    return switch (reply) {
      case ModelReply.Done done ->
          proto
              .setDone(ModelDone.newBuilder().setModel(done.model()).setMessage(done.message()))
              .build();
      case ModelReply.Refused refused -> proto.setRefused(toProto(refused)).build();
    };
  }

  static ModelRefused toProto(ModelReply.Refused refused) {
    return ModelRefused.newBuilder()
        .setCode(refused.code().name().toLowerCase(Locale.ROOT))
        .setMessage(refused.message())
        .setParam(refused.param())
        .build();
  }

  static ModelReply fromProto(dev.bitfleet.proto.fleet.v1.ModelReply proto) {
    return switch (proto.getReplyCase()) {
      case DONE -> new ModelReply.Done(proto.getDone().getModel(), proto.getDone().getMessage());
      case REFUSED -> fromProto(proto.getRefused());
      case REPLY_NOT_SET -> throw new IllegalArgumentException("an empty reply");
    };
  }

  static ModelReply.Refused fromProto(ModelRefused proto) {
    return new ModelReply.Refused(code(proto.getCode()), proto.getMessage(), proto.getParam());
  }

  /** A code from a newer node is a failure all the same. */
  private static ModelReply.Code code(String name) {
    for (ModelReply.Code each : ModelReply.Code.values()) {
      if (each.name().equalsIgnoreCase(name)) {
        return each;
      }
    }
    return ModelReply.Code.FAILED;
  }
}
