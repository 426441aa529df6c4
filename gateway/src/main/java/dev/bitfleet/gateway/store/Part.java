package dev.bitfleet.gateway.store;

import dev.bitfleet.gateway.contract.ApiException;
import java.util.List;

/** One part of a change. Blocks; virtual threads only. */
interface Part {

  /** Ids of the documents that it changes. */
  List<String> ids();

  /**
   * Looks whether it can be done, and says how; changes nothing. Called while the documents are
   * held.
   *
   * @param now Unix milliseconds
   * @param rows gets what is to be journaled
   * @return what is to be done to the maps once that is on the disk
   * @throws ApiException when it cannot be done
   */
  Runnable prepare(Vault vault, long now, List<Change> rows);

  /** Whether it may take more room than it leaves; what only ends or removes is never refused. */
  default boolean grows() {
    return true;
  }

  /** Called when all is done. */
  default void done() {}
}
