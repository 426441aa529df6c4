package dev.bitfleet.worker;

import dev.bitfleet.worker.engine.Pooling;
import dev.bitfleet.worker.engine.SchedulingOptions;
import dev.bitfleet.worker.engine.WeightOptions;
import dev.bitfleet.worker.supervise.SupervisionSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What one worker runs.
 *
 * @param workerId unique in the fleet; part of its bus addresses
 * @param nodeId of the machine or container it runs on
 * @param modelId name clients use
 * @param modelFile GGUF file
 * @param engineBinary the engine's program; empty = the bundled one, which only {@link
 *     EngineChoice#BUILTIN} has
 * @param cores CPU numbers to pin the engine to; empty = all this process may use
 * @param threads of one engine step; 0 = one per physical core
 * @param slots sequences that can be open at once
 * @param contextLength tokens of one sequence; 0 = the model's own, at most {@value
 *     #MAX_DEFAULT_CONTEXT}
 * @param dataDir where the bundled engine is unpacked
 * @param heartbeatInterval between heartbeats when nothing changes
 * @param drainTimeout for which open streams may go on when the worker stops
 * @param supervision how patient it is with its engine
 * @param weights what is made of the model's weights
 * @param offer how the model is offered to clients
 * @param scheduling how its sequences share memory and steps; of the built-in engine alone
 */
public record WorkerOptions(
    String workerId,
    String nodeId,
    String modelId,
    Path modelFile,
    EngineChoice engine,
    Optional<Path> engineBinary,
    List<Integer> cores,
    int threads,
    int slots,
    int contextLength,
    Path dataDir,
    Duration heartbeatInterval,
    Duration drainTimeout,
    SupervisionSettings supervision,
    WeightOptions weights,
    Offer offer,
    SchedulingOptions scheduling) {

  /** The context of a sequence when nobody asked for one: KV memory grows with it. */
  public static final int MAX_DEFAULT_CONTEXT = 8192;

  public static final Duration DEFAULT_HEARTBEAT_INTERVAL = Duration.ofSeconds(1);
  public static final Duration DEFAULT_DRAIN_TIMEOUT = Duration.ofSeconds(10);

  public static final int MAX_SLOTS = 1024;

  public WorkerOptions {
    Objects.requireNonNull(modelFile);
    Objects.requireNonNull(engine);
    Objects.requireNonNull(engineBinary);
    Objects.requireNonNull(dataDir);
    Objects.requireNonNull(heartbeatInterval);
    Objects.requireNonNull(drainTimeout);
    Objects.requireNonNull(supervision);
    Objects.requireNonNull(weights);
    Objects.requireNonNull(offer);
    Objects.requireNonNull(scheduling);
    cores = List.copyOf(cores);
    if (workerId.isBlank() || nodeId.isBlank() || modelId.isBlank()) {
      throw new IllegalArgumentException("a worker has an id, a node and a model id");
    }
    if (slots < 1 || slots > MAX_SLOTS) {
      throw new IllegalArgumentException("slots is not within 1.." + MAX_SLOTS + ": " + slots);
    }
    if (threads < 0 || contextLength < 0) {
      throw new IllegalArgumentException("threads and contextLength are not negative");
    }
    if (engine == EngineChoice.LLAMA_SERVER && engineBinary.isEmpty()) {
      throw new IllegalArgumentException("llama-server needs the path of its program");
    }
    if (engine == EngineChoice.LLAMA_SERVER && weights.rounds()) {
      throw new IllegalArgumentException("llama-server rounds no weights when it loads them");
    }
    if (engine == EngineChoice.LLAMA_SERVER
        && weights.pooling().filter(pooling -> pooling != Pooling.NONE).isPresent()) {
      throw new IllegalArgumentException("llama-server makes no embeddings here");
    }
  }

  /** One that takes the model's weights as they are, and whose model is offered plainly. */
  public WorkerOptions(
      String workerId,
      String nodeId,
      String modelId,
      Path modelFile,
      EngineChoice engine,
      Optional<Path> engineBinary,
      List<Integer> cores,
      int threads,
      int slots,
      int contextLength,
      Path dataDir,
      Duration heartbeatInterval,
      Duration drainTimeout,
      SupervisionSettings supervision) {
    this(
        workerId,
        nodeId,
        modelId,
        modelFile,
        engine,
        engineBinary,
        cores,
        threads,
        slots,
        contextLength,
        dataDir,
        heartbeatInterval,
        drainTimeout,
        supervision,
        WeightOptions.PLAIN,
        Offer.PLAIN,
        SchedulingOptions.DEFAULTS);
  }

  /** The same with other weights. */
  public WorkerOptions with(WeightOptions other) {
    return new WorkerOptions(
        workerId,
        nodeId,
        modelId,
        modelFile,
        engine,
        engineBinary,
        cores,
        threads,
        slots,
        contextLength,
        dataDir,
        heartbeatInterval,
        drainTimeout,
        supervision,
        other,
        offer,
        scheduling);
  }

  /** Whether that is its model, by id or alias; an empty name means whatever there is. */
  boolean answersTo(String model) {
    return model.isEmpty() || model.equals(modelId) || offer.aliases().contains(model);
  }

  /** Everything as by default, for that model. */
  public static WorkerOptions of(
      String workerId, String nodeId, String modelId, Path modelFile, Path dataDir) {
    return new WorkerOptions(
        workerId,
        nodeId,
        modelId,
        modelFile,
        EngineChoice.BUILTIN,
        Optional.empty(),
        List.of(),
        0,
        4,
        0,
        dataDir,
        DEFAULT_HEARTBEAT_INTERVAL,
        DEFAULT_DRAIN_TIMEOUT,
        SupervisionSettings.DEFAULTS);
  }
}
