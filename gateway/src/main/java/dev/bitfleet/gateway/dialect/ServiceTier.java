package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.proto.Priority;

/**
 * What a request's {@code service_tier} means here: {@code flex} may wait for the others, and all
 * else is served as everybody is. The answer names the tier it was served in, which is not
 * necessarily the one asked for.
 */
public enum ServiceTier {
  DEFAULT("default", Priority.INTERACTIVE),
  FLEX("flex", Priority.BACKGROUND);

  private final String wireName;
  private final Priority priority;

  ServiceTier(String wireName, Priority priority) {
    this.wireName = wireName;
    this.priority = priority;
  }

  /** The tier that a request is served in. */
  public static ServiceTier of(Fields fields) {
    return fields.text("service_tier").filter(FLEX.wireName::equals).isPresent() ? FLEX : DEFAULT;
  }

  /** As answers name it. */
  public String wireName() {
    return wireName;
  }

  public Priority priority() {
    return priority;
  }
}
