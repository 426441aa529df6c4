package dev.bitfleet.gateway.store;

import dev.bitfleet.gateway.contract.ApiException;
import java.util.List;

/** One part of a change. Blocks; virtual threads only. */
interface Part {

  /** Ids of the documents that it changes. */
  List<String> ids();

  /** Ids of what an answer tells of that is kept together with this. */
  default List<String> tellsOf() {
    return List.of();
  }

  /** Called first, before anything else is done with it, by the thread that commits. */
  default void taken() {}

  /**
   * Looks whether it can be done, and says how; changes nothing. Called while the documents are
   * held.
   *
   * @param now Unix milliseconds; when it was asked for, which may be seconds ago
   * @param rows gets what is to be journaled
   * @return what is to be done to the maps once that is on the disk
   * @throws ApiException when it cannot be done
   */
  Runnable prepare(Vault vault, long now, List<Change> rows);

  /** Whether it may take more room than it leaves; what only ends or removes is never refused. */
  default boolean grows() {
    return true;
  }

  /** Called last: it has been carried out, or never will be. */
  default void over() {}
}
