package dev.bitfleet.gateway.store;

import java.util.Objects;
import java.util.Optional;

/**
 * Which part of a list is wanted.
 *
 * @param limit at most so many
 * @param ascending oldest first
 * @param after begins behind the one with this id
 */
public record PageRequest(int limit, boolean ascending, Optional<String> after) {
  public PageRequest {
    Objects.requireNonNull(after);
    if (limit < 1) {
      throw new IllegalArgumentException("a page has at least one entry");
    }
  }
}
