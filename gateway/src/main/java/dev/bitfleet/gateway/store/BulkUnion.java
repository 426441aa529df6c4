package dev.bitfleet.gateway.store;

import com.hazelcast.map.IMap;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BinaryOperator;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Puts many rows into a map, each joined with what is there. One after the other, each would wait
 * for the network twice; and of most rows of a journal the map has what it would get anyway.
 */
final class BulkUnion<V> implements AutoCloseable {
  /** Rows asked for at once. */
  static final int BATCH = 512;

  /** What the rows of a batch may have; one row may be larger. */
  private static final long BATCH_BYTES = 8L << 20;

  /** Rows on their way at once: more would wait at the other members, which serve meanwhile. */
  private static final int IN_FLIGHT = 64;

  private final IMap<String, V> map;
  private final BinaryOperator<V> union;
  private final ToIntFunction<V> size;
  private final ExecutorService threads =
      Executors.newFixedThreadPool(IN_FLIGHT, Thread.ofVirtual().name("store-union").factory());

  private final Map<String, V> batch = new HashMap<>();
  private long bytes;

  private BulkUnion(IMap<String, V> map, BinaryOperator<V> union, ToIntFunction<V> size) {
    this.map = map;
    this.union = union;
    this.size = size;
  }

  /** Blocks until all are there. */
  static <V> void join(
      IMap<String, V> map, Map<String, V> rows, BinaryOperator<V> union, ToIntFunction<V> size) {
    try (BulkUnion<V> bulk = new BulkUnion<>(map, union, size)) {
      rows.forEach(bulk::add);
      bulk.flush();
    }
  }

  private void add(String key, V value) {
    batch.put(key, value);
    bytes += size.applyAsInt(value);
    if (batch.size() == BATCH || bytes >= BATCH_BYTES) {
      flush();
    }
  }

  private void flush() {
    // A row that changes nothing is joined in the moment in which it is read.
    map.getAll(batch.keySet())
        .forEach((key, there) -> batch.computeIfPresent(key, (same, own) -> news(there, own)));
    CompletableFuture<?>[] joins =
        batch.entrySet().stream()
            .map(
                row ->
                    CompletableFuture.runAsync(
                        () -> Union.join(map, row.getKey(), row.getValue(), union), threads))
            .toArray(CompletableFuture<?>[]::new);
    batch.clear();
    bytes = 0;
    try {
      CompletableFuture.allOf(joins).join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  @SuppressWarnings("ReferenceEquality") // A union gives what is there, itself, when that holds.
  private @Nullable V news(V there, V own) {
    return union.apply(there, own) == there ? null : own;
  }

  @Override
  public void close() {
    threads.close();
  }
}
