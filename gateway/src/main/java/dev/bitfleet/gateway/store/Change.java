package dev.bitfleet.gateway.store;

/** One row of the journal, written or removed. */
sealed interface Change {

  /**
   * Writes a row, over an older one.
   *
   * @param owner id of the document that it is or belongs to
   * @param place 0 for documents
   * @param touched Unix milliseconds
   * @param value not to be changed
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Put(Shelf shelf, String owner, int place, long touched, byte[] value) implements Change {}

  /** Removes all rows of an owner. */
  record Remove(Shelf shelf, String owner) implements Change {}

  /**
   * Removes a document, a conversation with its places, unless its row says that it is still to be
   * kept: another node may have renewed it.
   *
   * @param now Unix milliseconds
   */
  record Expire(Shelf shelf, String owner, long now) implements Change {}
}
