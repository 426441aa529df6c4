package dev.bitfleet.gateway.store;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * How a store is set up. {@link #in} gives the defaults.
 *
 * @param folder of the journal and of what a node remembers; made when it is not there
 * @param database of the journal; empty = a file in the folder
 * @param ttl how long a conversation, a response or a stored completion is kept after it was last
 *     changed
 * @param answerTtl how long the answer to a request with an idempotency key is kept
 * @param conversationsPerTenant conversations one tenant may have
 * @param itemsPerConversation items one conversation may have
 * @param bytesPerConversation of all its items together, as JSON
 * @param bytesPerItem of one item, as JSON
 * @param bytesPerDocument of one response or stored completion
 * @param totalBytes of everything in this node's memory together
 * @param turnWait longest wait for one's turn in a conversation
 * @param turnsWaiting requests that may wait for their turn in one conversation
 * @param sweepInterval between two searches for what has expired
 */
public record StoreOptions(
    Path folder,
    Optional<JournalDatabase> database,
    Duration ttl,
    Duration answerTtl,
    int conversationsPerTenant,
    int itemsPerConversation,
    long bytesPerConversation,
    int bytesPerItem,
    int bytesPerDocument,
    long totalBytes,
    Duration turnWait,
    int turnsWaiting,
    Duration sweepInterval) {

  public StoreOptions {
    Objects.requireNonNull(folder);
    if (ttl.isNegative() || ttl.isZero() || answerTtl.isNegative() || turnWait.isNegative()) {
      throw new IllegalArgumentException("durations of a store are positive");
    }
    if (conversationsPerTenant < 1
        || itemsPerConversation < 1
        || bytesPerConversation < 1
        || bytesPerItem < 1
        || bytesPerDocument < 1
        || totalBytes < 1
        || turnsWaiting < 0
        || !sweepInterval.isPositive()) {
      throw new IllegalArgumentException("limits of a store are positive");
    }
  }

  /** The defaults. */
  public static StoreOptions in(Path folder) {
    return new StoreOptions(
        folder,
        Optional.empty(),
        Duration.ofDays(30),
        Duration.ofHours(24),
        100_000,
        10_000,
        8L << 20,
        1 << 20,
        4 << 20,
        256L << 20,
        Duration.ofSeconds(60),
        16,
        Duration.ofMinutes(1));
  }

  /** The same with the journal in a database. */
  public StoreOptions journaledIn(JournalDatabase other) {
    return new StoreOptions(
        folder,
        Optional.of(other),
        ttl,
        answerTtl,
        conversationsPerTenant,
        itemsPerConversation,
        bytesPerConversation,
        bytesPerItem,
        bytesPerDocument,
        totalBytes,
        turnWait,
        turnsWaiting,
        sweepInterval);
  }

  /** The same with other times to live. */
  public StoreOptions keeping(Duration documents, Duration answers, Duration sweeps) {
    return new StoreOptions(
        folder,
        database,
        documents,
        answers,
        conversationsPerTenant,
        itemsPerConversation,
        bytesPerConversation,
        bytesPerItem,
        bytesPerDocument,
        totalBytes,
        turnWait,
        turnsWaiting,
        sweeps);
  }

  /** The same with other bounds. */
  public StoreOptions bounded(
      int conversations, int items, long conversationBytes, int itemBytes, long allBytes) {
    return new StoreOptions(
        folder,
        database,
        ttl,
        answerTtl,
        conversations,
        items,
        conversationBytes,
        itemBytes,
        bytesPerDocument,
        allBytes,
        turnWait,
        turnsWaiting,
        sweepInterval);
  }

  /** The same with another patience for one's turn. */
  public StoreOptions queueing(Duration wait, int waiting) {
    return new StoreOptions(
        folder,
        database,
        ttl,
        answerTtl,
        conversationsPerTenant,
        itemsPerConversation,
        bytesPerConversation,
        bytesPerItem,
        bytesPerDocument,
        totalBytes,
        wait,
        waiting,
        sweepInterval);
  }
}
