package dev.bitfleet.proto;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.MessageCodec;
import java.util.List;
import java.util.function.Function;

/** Puts the records of the fleet protocol on the event bus. */
public final class FleetCodecs {
  private static final List<Codec<?, ?>> ALL =
      List.of(
          new Codec<>(
              GenerationRequest.class,
              RequestMapping::toProto,
              dev.bitfleet.proto.fleet.v1.OpenGeneration.parser(),
              RequestMapping::fromProto),
          new Codec<>(
              CancelGeneration.class,
              RequestMapping::toProto,
              dev.bitfleet.proto.fleet.v1.CancelGeneration.parser(),
              RequestMapping::fromProto),
          new Codec<>(
              OpenReply.class,
              ReplyMapping::toProto,
              dev.bitfleet.proto.fleet.v1.OpenReply.parser(),
              ReplyMapping::fromProto),
          new Codec<>(
              EmbedRequest.class,
              EmbedMapping::toProto,
              dev.bitfleet.proto.fleet.v1.EmbedTexts.parser(),
              EmbedMapping::fromProto),
          new Codec<>(
              EmbedReply.class,
              EmbedMapping::toProto,
              dev.bitfleet.proto.fleet.v1.EmbedReply.parser(),
              EmbedMapping::fromProto),
          new Codec<>(
              GenerationEvent.class,
              EventMapping::toProto,
              dev.bitfleet.proto.fleet.v1.GenerationEvent.parser(),
              EventMapping::fromProto),
          new Codec<>(
              TextRequest.class,
              TextMapping::toProto,
              dev.bitfleet.proto.fleet.v1.TextRequest.parser(),
              TextMapping::fromProto),
          new Codec<>(
              TextReply.class,
              TextMapping::toProto,
              dev.bitfleet.proto.fleet.v1.TextReply.parser(),
              TextMapping::fromProto),
          new Codec<>(
              WorkerHeartbeat.class,
              HeartbeatMapping::toProto,
              dev.bitfleet.proto.fleet.v1.WorkerHeartbeat.parser(),
              HeartbeatMapping::fromProto),
          new Codec<>(
              WorkerCall.class,
              ModelMapping::toProto,
              dev.bitfleet.proto.fleet.v1.WorkerCall.parser(),
              ModelMapping::fromProto),
          new Codec<>(
              PromptNote.class,
              NoteMapping::toProto,
              dev.bitfleet.proto.fleet.v1.PromptNote.parser(),
              NoteMapping::fromProto),
          new Codec<>(
              ModelCommand.class,
              ModelMapping::toProto,
              dev.bitfleet.proto.fleet.v1.ModelCommand.parser(),
              ModelMapping::fromProto),
          new Codec<>(
              ModelReply.class,
              ModelMapping::toProto,
              dev.bitfleet.proto.fleet.v1.ModelReply.parser(),
              ModelMapping::fromProto),
          new Codec<>(
              RolloutCommand.class,
              RolloutMapping::toProto,
              dev.bitfleet.proto.fleet.v1.RolloutCommand.parser(),
              RolloutMapping::fromProto),
          new Codec<>(
              RolloutReply.class,
              RolloutMapping::toProto,
              dev.bitfleet.proto.fleet.v1.RolloutReply.parser(),
              RolloutMapping::fromProto));

  private FleetCodecs() {}

  /**
   * Registers every codec and lets {@code send}, {@code publish} and {@code reply} take the records
   * as they are. Call it once on each Vert.x, before anything is sent.
   */
  public static void register(EventBus bus) {
    for (Codec<?, ?> codec : ALL) {
      bus.registerCodec(codec);
    }
    bus.codecSelector(
        body ->
            switch (body) {
              case GenerationRequest ignored -> GenerationRequest.class.getName();
              case CancelGeneration ignored -> CancelGeneration.class.getName();
              case OpenReply ignored -> OpenReply.class.getName();
              case EmbedRequest ignored -> EmbedRequest.class.getName();
              case EmbedReply ignored -> EmbedReply.class.getName();
              case GenerationEvent ignored -> GenerationEvent.class.getName();
              case TextRequest ignored -> TextRequest.class.getName();
              case TextReply ignored -> TextReply.class.getName();
              case WorkerHeartbeat ignored -> WorkerHeartbeat.class.getName();
              case WorkerCall ignored -> WorkerCall.class.getName();
              case PromptNote ignored -> PromptNote.class.getName();
              case ModelCommand ignored -> ModelCommand.class.getName();
              case ModelReply ignored -> ModelReply.class.getName();
              case RolloutCommand ignored -> RolloutCommand.class.getName();
              case RolloutReply ignored -> RolloutReply.class.getName();
              case null, default -> null;
            });
  }

  /** The codec of that record or sealed interface, for tests of the wire form. */
  @SuppressWarnings("unchecked") // ALL pairs each class with the codec of that very class.
  static <T> MessageCodec<T, T> of(Class<T> type) {
    return ALL.stream()
        .filter(codec -> codec.type == type)
        .map(codec -> (MessageCodec<T, T>) codec)
        .findFirst()
        .orElseThrow();
  }

  /** Within a JVM the record itself is handed over; between nodes its protobuf, length first. */
  private record Codec<T, P extends MessageLite>(
      Class<T> type, Function<T, P> toProto, Parser<P> parser, Function<P, T> fromProto)
      implements MessageCodec<T, T> {

    @Override
    public void encodeToWire(Buffer buffer, T value) {
      byte[] bytes = toProto.apply(value).toByteArray();
      buffer.appendInt(bytes.length).appendBytes(bytes);
    }

    @Override
    public T decodeFromWire(int position, Buffer buffer) {
      int length = buffer.getInt(position);
      int start = position + Integer.BYTES;
      try {
        return fromProto.apply(parser.parseFrom(buffer.getBytes(start, start + length)));
      } catch (InvalidProtocolBufferException e) {
        throw new IllegalArgumentException("not a " + type.getSimpleName() + " message", e);
      }
    }

    @Override
    public T transform(T value) {
      return value;
    }

    @Override
    public String name() {
      return type.getName();
    }

    @Override
    public byte systemCodecID() {
      return -1;
    }
  }
}
