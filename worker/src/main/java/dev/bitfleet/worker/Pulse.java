package dev.bitfleet.worker;

import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.PrefixSummary;
import dev.bitfleet.proto.ProtocolVersion;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.engine.EngineDescription;
import java.util.Optional;

/**
 * Tells the fleet how a worker is. What its model is like is remembered from one engine to the
 * next, and while it has none. One thread: its worker's.
 */
final class Pulse {
  private static final long BEATS_PER_MILLI = 1000;

  private final WorkerOptions options;
  private Optional<ModelDescription> described = Optional.empty();

  private long heartbeats;

  /**
   * @param bornMillis since 1970: a worker that comes back under its old name must be believed more
   *     than its former life
   */
  Pulse(WorkerOptions options, long bornMillis) {
    this.options = options;
    this.heartbeats = bornMillis * BEATS_PER_MILLI;
  }

  /**
   * The next heartbeat.
   *
   * @param shown whether the model is to be told of
   * @param chat whether chats can be laid out
   * @param openStreams slots that are taken
   * @param detail what there is to say of the state; may be empty
   * @param held beginnings of prompts the engine may still hold
   */
  WorkerHeartbeat next(
      WorkerHeartbeat.State state,
      Optional<Serving> serving,
      boolean shown,
      boolean chat,
      int openStreams,
      String detail,
      PrefixSummary held) {
    Optional<EngineDescription> engine = serving.flatMap(s -> s.supervisor().description());
    engine
        .flatMap(known -> serving.map(s -> model(known, s, chat)))
        .ifPresent(model -> described = Optional.of(model));
    return new WorkerHeartbeat(
        options.workerId(),
        options.nodeId(),
        ++heartbeats,
        ProtocolVersion.FLEET,
        state,
        shown ? described : Optional.empty(),
        options.slots(),
        openStreams,
        options.engine() == EngineChoice.BUILTIN ? "builtin" : "llama-server",
        engine.map(EngineDescription::version).orElse(""),
        engine.map(EngineDescription::kernel).orElse(""),
        serving.map(s -> s.supervisor().restarts()).orElse(0),
        options.cores(),
        serving.map(s -> s.supervisor().pid()).orElse(0L),
        detail,
        held);
  }

  private ModelDescription model(EngineDescription engine, Serving serving, boolean chat) {
    return new ModelDescription(
        options.modelId(),
        engine.architecture(),
        engine.fingerprint(),
        engine.contextLength(),
        engine.vocabularySize(),
        engine.parameters(),
        engine.modelBytes(),
        serving.model().modifiedSeconds(),
        chat && !engine.embeddings().only(),
        engine.embeddings().size(),
        engine.embeddings().pooling(),
        serving.quantization(),
        options.offer().aliases(),
        options.offer().rank());
  }
}
