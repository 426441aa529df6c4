package dev.bitfleet.proto;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A worker's own account of itself, published about once a second and on every change.
 *
 * @param number grows with every heartbeat of this worker's life; an older one is dropped
 * @param model absent until an engine has been ready once
 * @param slots sequences that can be open at once
 * @param engine builtin or llama-server
 * @param engineRestarts since the worker started
 * @param cores CPU numbers the engine is pinned to
 * @param enginePid 0 while no process runs
 * @param detail why, in {@link State#FAILED} and {@link State#RESTARTING}
 * @param prefixes the beginnings of prompts it may still hold
 */
public record WorkerHeartbeat(
    String workerId,
    String nodeId,
    long number,
    ProtocolVersion protocol,
    State state,
    Optional<ModelDescription> model,
    int slots,
    int openSequences,
    String engine,
    String engineVersion,
    String kernel,
    int engineRestarts,
    List<Integer> cores,
    long enginePid,
    String detail,
    PrefixSummary prefixes) {

  /** What can be asked of a worker now. */
  public enum State {
    STARTING,
    READY,
    RESTARTING,
    DRAINING,
    /** Gave up: the model cannot be loaded or the engine crashes without end. */
    FAILED,
    /** Unused for its keep-alive time: no engine runs until {@link WorkerCall#WAKE}. */
    IDLE,
    /** Has made a token, and is not for gateways to use until {@link WorkerCall#OFFER}. */
    PREPARED
  }

  public WorkerHeartbeat {
    Objects.requireNonNull(workerId);
    Objects.requireNonNull(nodeId);
    Objects.requireNonNull(protocol);
    Objects.requireNonNull(state);
    Objects.requireNonNull(model);
    Objects.requireNonNull(engine);
    Objects.requireNonNull(engineVersion);
    Objects.requireNonNull(kernel);
    Objects.requireNonNull(detail);
    Objects.requireNonNull(prefixes);
    cores = List.copyOf(cores);
  }
}
