package dev.bitfleet.proto;

/** Every event bus address of the fleet. The protocol's major version is part of each. */
public final class BusAddresses {
  private static final String PREFIX = "bitfleet.v" + ProtocolVersion.FLEET.major() + ".";

  /** Published by every worker about once a second and on every change: {@link WorkerHeartbeat}. */
  public static final String HEARTBEATS = PREFIX + "heartbeats";

  /** Published within one node alone when another has left the cluster: that node's id. */
  public static final String NODE_LEFT = PREFIX + "node-left";

  /** Published by workers when an engine has died, and after: {@link PromptNote}. */
  public static final String PROMPTS = PREFIX + "prompts";

  /**
   * Published by a gateway when a background response is to be called off that another one runs:
   * the response's id, a space, and whose it is.
   */
  public static final String CALL_OFFS = PREFIX + "call-offs";

  /**
   * Published by a gateway, from time to time, while a client reads a response there that another
   * one runs: the response's id, a space, and whose it is.
   */
  public static final String READINGS = PREFIX + "readings";

  private BusAddresses() {}

  /** Request/reply: {@link GenerationRequest} → {@link OpenReply}. */
  public static String open(String workerId) {
    return PREFIX + "worker." + workerId + ".open";
  }

  /** Point to point, unanswered: {@link CancelGeneration}. */
  public static String cancel(String workerId) {
    return PREFIX + "worker." + workerId + ".cancel";
  }

  /** Request/reply: {@link EmbedRequest} → {@link EmbedReply}. */
  public static String embed(String workerId) {
    return PREFIX + "worker." + workerId + ".embed";
  }

  /** Request/reply: {@link TextRequest} → {@link TextReply}. */
  public static String text(String workerId) {
    return PREFIX + "worker." + workerId + ".text";
  }

  /** Request/reply: {@link WorkerCall} → the same, when it is done. */
  public static String call(String workerId) {
    return PREFIX + "worker." + workerId + ".call";
  }

  /** Request/reply: {@link ModelCommand} → {@link ModelReply}. */
  public static String models(String nodeId) {
    return PREFIX + "node." + nodeId + ".models";
  }

  /** Request/reply: {@link RolloutCommand} → {@link RolloutReply}. Nodes of 1.0 do not listen. */
  public static String rollout(String nodeId) {
    return PREFIX + "node." + nodeId + ".rollout";
  }

  /** Point to point: {@link GenerationEvent}s of what a node asks its own workers. */
  public static String canary(String nodeId) {
    return PREFIX + "node." + nodeId + ".canary";
  }

  /** Point to point, in order for each worker: {@link GenerationEvent}. */
  public static String inbox(String gatewayId) {
    return PREFIX + "gateway." + gatewayId + ".inbox";
  }
}
