package dev.bitfleet.gateway.store;

import dev.bitfleet.gateway.contract.ApiException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

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

  /**
   * The page of a list.
   *
   * @param oldestFirst all of it
   * @throws ApiException when nothing in it has the id that the page is to begin behind
   */
  public <T> Page<T> of(List<T> oldestFirst, Function<T, String> idOf) {
    List<T> ordered = ascending ? oldestFirst : oldestFirst.reversed();
    int from = start(ordered, idOf);
    int to = Math.min(ordered.size(), from + limit);
    return new Page<>(ordered.subList(from, to), to < ordered.size());
  }

  /** Where it begins in a list that has its order already. */
  <T> int start(List<T> ordered, Function<T, String> idOf) {
    if (after.isEmpty()) {
      return 0;
    }
    for (int i = 0; i < ordered.size(); i++) {
      if (idOf.apply(ordered.get(i)).equals(after.get())) {
        return i + 1;
      }
    }
    throw StoreErrors.cursorNotFound(after.get());
  }
}
