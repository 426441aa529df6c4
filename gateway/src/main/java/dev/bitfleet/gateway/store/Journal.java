package dev.bitfleet.gateway.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node has acknowledged, where it lasts. Thread-safe.
 *
 * <p>One thread writes. Everything that came while it waited for the disk goes into the next
 * transaction together, so that the price of a sync is shared (group commit): at one client a write
 * costs one sync, at a hundred some dozens share it.
 *
 * <p>After an error of the disk nothing more is acknowledged until the process is started again:
 * what a failed sync leaves behind cannot be known. What is {@linkplain JournalException#passing()
 * passing}, such as a full disk or a database that is away, is different: the next write tries
 * again.
 */
final class Journal implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Journal.class);
  private static final int QUEUE = 4096;
  private static final int GROUP = 1024;
  private static final long GROUP_BYTES = 16L << 20;
  private static final long COMPLAIN_EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** What the thread does in its turn. */
  private interface Step {
    void run(JournalStorage storage) throws JournalException;
  }

  private record Entry(List<Change> changes, @Nullable Step step, CompletableFuture<Void> done) {
    long bytes() {
      long bytes = 0;
      for (Change change : changes) {
        if (change instanceof Change.Put put) {
          bytes += put.value().length;
        }
      }
      return bytes;
    }
  }

  private final JournalStorage storage;
  private final StoreMetrics metrics;
  private final BlockingQueue<Entry> queue = new ArrayBlockingQueue<>(QUEUE);
  private final Thread writer;
  private final AtomicLong complainedNanos =
      new AtomicLong(System.nanoTime() - COMPLAIN_EVERY_NANOS);
  private volatile boolean closing;
  private volatile @Nullable JournalException broken;

  private Journal(JournalStorage storage, StoreMetrics metrics) {
    this.storage = storage;
    this.metrics = metrics;
    this.writer = Thread.ofPlatform().name("store-journal").daemon().unstarted(this::work);
  }

  /**
   * Gives all rows to the reader, shelf after shelf, and begins to write.
   *
   * @param storage closed with the journal, also when it cannot be read
   */
  static Journal open(
      JournalStorage storage, List<Shelf> order, JournalStorage.Reader reader, StoreMetrics metrics)
      throws JournalException {
    try {
      storage.read(order, 0, reader);
    } catch (JournalException | RuntimeException e) {
      storage.close();
      throw e;
    }
    Journal journal = new Journal(storage, metrics);
    journal.writer.start();
    return journal;
  }

  /** Where it is, for people. */
  String name() {
    return storage.name();
  }

  /** Whether all nodes of the fleet have this one journal. */
  boolean shared() {
    return storage.shared();
  }

  /**
   * Writes all of it or nothing. Done when it is durable; fails with {@link JournalException} when
   * it is not.
   */
  CompletableFuture<Void> write(List<Change> changes) {
    return submit(new Entry(changes, null, new CompletableFuture<>()));
  }

  /** Gives the rows that were touched since, Unix milliseconds. Blocks; writes wait meanwhile. */
  void read(List<Shelf> order, long since, JournalStorage.Reader reader) {
    submit(
            new Entry(
                List.of(),
                journal -> journal.read(order, since, reader),
                new CompletableFuture<>()))
        .join();
  }

  /** Those of the owners that have a row on that shelf. Blocks. */
  List<String> have(Shelf shelf, Set<String> owners) {
    List<String> found = new ArrayList<>();
    if (!owners.isEmpty()) {
      submit(
              new Entry(
                  List.of(),
                  journal -> found.addAll(journal.have(shelf, owners)),
                  new CompletableFuture<>()))
          .join();
    }
    return found;
  }

  /** Owners with rows that were last touched before that time. */
  List<String> untouchedSince(Shelf shelf, long time, int atMost) {
    List<String> owners = new ArrayList<>();
    submit(
            new Entry(
                List.of(),
                journal -> owners.addAll(journal.untouchedSince(shelf, time, atMost)),
                new CompletableFuture<>()))
        .join();
    return owners;
  }

  /** Gives free pages back to the file system, some at a time. */
  CompletableFuture<Void> shrink(int pages) {
    return submit(
        new Entry(List.of(), journal -> journal.shrink(pages), new CompletableFuture<>()));
  }

  private CompletableFuture<Void> submit(Entry entry) {
    JournalException reason = broken;
    if (reason != null) {
      return CompletableFuture.failedFuture(reason);
    }
    try {
      // A queue of some thousand writes is seconds of work for the disk: whoever comes then waits.
      if (closing || !queue.offer(entry, 10, TimeUnit.SECONDS)) {
        return CompletableFuture.failedFuture(new JournalException("the journal takes no more"));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return CompletableFuture.failedFuture(new JournalException("interrupted", e));
    }
    if (closing && !writer.isAlive()) {
      entry.done().completeExceptionally(new JournalException("the journal is closed"));
    }
    return entry.done();
  }

  private void work() {
    List<Entry> group = new ArrayList<>();
    while (true) {
      try {
        Entry first = queue.poll(closing ? 0 : 100, TimeUnit.MILLISECONDS);
        if (first == null) {
          if (closing) {
            return;
          }
          continue;
        }
        gather(first, group);
      } catch (InterruptedException e) {
        // Only close() ends this thread, and it does not interrupt.
        continue;
      }
      try {
        for (Entry entry : group) {
          if (entry.step() != null) {
            step(entry, entry.step());
          }
        }
        group.removeIf(entry -> entry.step() != null);
        if (!group.isEmpty()) {
          commit(group);
        }
      } catch (RuntimeException | Error e) {
        // Without an answer their writers would wait, and hold their leases, for ever.
        log.error("the journal could not carry out a group of writes", e);
        group.forEach(
            entry ->
                entry.done().completeExceptionally(new JournalException("the journal failed", e)));
      }
      group.clear();
    }
  }

  private void gather(Entry first, List<Entry> group) {
    group.add(first);
    long bytes = first.bytes();
    while (group.size() < GROUP && bytes < GROUP_BYTES) {
      Entry next = queue.poll();
      if (next == null) {
        return;
      }
      group.add(next);
      bytes += next.bytes();
    }
  }

  private void step(Entry entry, Step step) {
    try {
      step.run(storage);
      entry.done().complete(null);
    } catch (JournalException e) {
      failed(e);
      entry.done().completeExceptionally(e);
    }
  }

  private void commit(List<Entry> group) {
    List<Change> changes = new ArrayList<>();
    for (Entry entry : group) {
      changes.addAll(entry.changes());
    }
    JournalException reason = broken;
    long began = System.nanoTime();
    try {
      if (reason != null) {
        throw reason;
      }
      storage.write(changes);
    } catch (JournalException e) {
      failed(e);
      // What passes knows itself whether anything was changed, and a broken one was not tried.
      JournalException told = reason != null || e.passing() ? e : JournalException.inTheMiddle(e);
      for (Entry entry : group) {
        entry.done().completeExceptionally(told);
      }
      return;
    }
    metrics.committed(group.size(), System.nanoTime() - began);
    for (Entry entry : group) {
      entry.done().complete(null);
    }
  }

  private void failed(JournalException e) {
    metrics.failed();
    if (!e.passing()) {
      broken = e;
    }
    long now = System.nanoTime();
    long last = complainedNanos.get();
    if (now - last >= COMPLAIN_EVERY_NANOS && complainedNanos.compareAndSet(last, now)) {
      log.error(
          "nothing can be kept, and requests that ask for it are answered 503: {}{}",
          e.getMessage(),
          e.passing() ? "" : "; start again once that is mended");
    }
  }

  /** Writes what has been taken, then closes. Blocks. */
  @Override
  public void close() {
    closing = true;
    try {
      writer.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Entry late;
    while ((late = queue.poll()) != null) {
      late.done().completeExceptionally(new JournalException("the journal is closed"));
    }
    storage.close();
  }
}
