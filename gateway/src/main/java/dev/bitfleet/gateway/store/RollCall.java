package dev.bitfleet.gateway.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds back who asks for what is kept until the fleet has it. Nodes that were all dead come back
 * one after the other, and what only a later one's journal has would seem never to have been: a
 * client that is told 404 does not come again.
 *
 * <p>A node remembers, in a file beside its journal, with whom it was in a fleet. Those are waited
 * for, but not for ever: a fleet may have become smaller.
 */
final class RollCall implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RollCall.class);

  /** File of the nodes' names, a line each. */
  static final String NAME = "nodes";

  private static final Duration PAUSE = Duration.ofMillis(200);

  /** Whoever waits longer may better ask another time. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Grid grid;
  private final BooleanSupplier behind;
  private final Path file;
  private final String node;
  private final long endNanos;
  private final CountDownLatch whole = new CountDownLatch(1);
  private final Rhythm rhythm;

  // Of the rhythm's thread, once that runs.
  private Set<String> known;
  private Set<String> settled = Set.of();

  private RollCall(Grid grid, BooleanSupplier behind, Path folder, Membership cluster)
      throws JournalException {
    this.grid = grid;
    this.behind = behind;
    this.file = folder.resolve(NAME);
    this.node = cluster.node();
    this.endNanos = System.nanoTime() + cluster.rejoin().toNanos();
    this.known = read(file);
    look();
    this.rhythm = Rhythm.start("store-roll", PAUSE, this::look);
  }

  /**
   * Says that this node's journal is in the maps, and begins to look who else's is.
   *
   * @param behind whether the maps have changed, and this node's journal is yet to be put into them
   *     again
   * @param folder of the journal
   * @throws JournalException when the file cannot be read
   */
  static RollCall start(Grid grid, BooleanSupplier behind, Path folder, Membership cluster)
      throws JournalException {
    return new RollCall(grid, behind, folder, cluster);
  }

  private static Set<String> read(Path file) throws JournalException {
    try {
      return new TreeSet<>(Files.readAllLines(file));
    } catch (NoSuchFileException e) {
      return new TreeSet<>();
    } catch (IOException e) {
      throw new JournalException(file + " cannot be read: " + e, e);
    }
  }

  /**
   * Returns when the maps have everything.
   *
   * @throws dev.bitfleet.gateway.contract.ApiException when that takes too long
   */
  void await() throws InterruptedException {
    if (!whole.await(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
      throw StoreErrors.rejoining();
    }
  }

  private void look() {
    Set<String> members = grid.rollMembers();
    // Another half's maps, which this node has just come to, do not have what it brings: under its
    // new name it has said nothing there, so that whoever waits for it goes on waiting.
    if (members.equals(settled) || behind.getAsBoolean()) {
      return;
    }
    say();
    Map<String, Roll> said = new HashMap<>();
    grid.roll().forEach((name, text) -> said.put(name, Roll.of(text)));
    Map<String, Roll> there = Roll.there(said, members);
    if (known.addAll(there.keySet())) {
      write();
    }
    Set<String> missing = Roll.missing(there, members);
    if (whole.getCount() > 0) {
      if (missing.isEmpty()) {
        forget(there);
        become("nodes that have put back what they kept: " + members.size());
      } else if (System.nanoTime() - endNanos > 0) {
        known.removeAll(missing);
        write();
        log.warn(
            "what nodes kept that have not come back is missing, and no longer waited for: {}",
            String.join(", ", missing));
        become("going on without them");
      }
    } else if (there.values().stream().map(Roll::member).toList().containsAll(members)) {
      // Until somebody comes or goes there is nothing to learn.
      settled = members;
    }
  }

  /** Those whom a fleet that was whole before has long given up are given up here too. */
  private void forget(Map<String, Roll> there) {
    List<Roll> others = there.values().stream().filter(Roll::whole).toList();
    if (others.isEmpty()) {
      return;
    }
    Set<String> current = new TreeSet<>(there.keySet());
    others.forEach(each -> current.addAll(each.known()));
    if (known.retainAll(current)) {
      write();
    }
  }

  private void become(String how) {
    whole.countDown();
    say();
    log.info("the fleet's store is whole: {}", how);
  }

  private void say() {
    grid.roll().set(node, new Roll(grid.member(), whole.getCount() == 0, known).text());
  }

  private void write() {
    try {
      Path beside = file.resolveSibling(NAME + ".new");
      Files.write(beside, known);
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      // A full disk: then the next start does not wait for the newcomer.
      log.warn("{} cannot be written: {}", file, e.toString());
    }
  }

  @Override
  public void close() {
    rhythm.close();
    whole.countDown();
  }
}
