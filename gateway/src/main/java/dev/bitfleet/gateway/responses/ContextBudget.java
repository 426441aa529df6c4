package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * What the items of one context may weigh together. A few bytes of request can name megabytes of
 * items, so they are weighed as they are gathered, not when they are all there. One thread.
 */
final class ContextBudget {
  /** In characters, and {@link #NODE} for each node: several times the largest context there is. */
  static final long MOST = 16L << 20;

  /** What a node of a tree costs beside its text. */
  private static final int NODE = 32;

  private final long most;
  private long weight;

  ContextBudget(long most) {
    this.most = most;
  }

  /** One more item. */
  void add(JsonNode item, String param) {
    add(weightOf(item), param);
  }

  void add(Iterable<? extends JsonNode> items, String param) {
    items.forEach(item -> add(item, param));
  }

  /**
   * So much more.
   *
   * @param param what is refused when it is too much
   */
  void add(long more, String param) {
    weight += more;
    if (weight > most) {
      throw new ApiException(
          ApiError.invalid(
              400,
              "context_length_exceeded",
              Optional.of(param),
              "With '"
                  + param
                  + "' the context is larger than "
                  + (most >> 20)
                  + " MiB, which no model here could read."));
    }
  }

  /** Of what has been added. */
  long weight() {
    return weight;
  }

  static long weightOf(JsonNode node) {
    long weight = NODE;
    if (node.isString()) {
      weight += node.stringValue().length();
    }
    for (JsonNode child : node) {
      weight += weightOf(child);
    }
    return weight;
  }
}
