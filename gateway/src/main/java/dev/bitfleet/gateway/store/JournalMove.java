package dev.bitfleet.gateway.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes what a node has in its file into the journal that its fleet shares from now on, and puts
 * the file aside. What two nodes bring is joined, so they may come in any order; one that died half
 * way begins again.
 */
final class JournalMove {
  private static final Logger log = LoggerFactory.getLogger(JournalMove.class);
  private static final int ROWS = 500;
  private static final long BYTES = 8L << 20;

  private final JournalStorage to;
  private final List<Change> changes = new ArrayList<>();
  private long bytes;
  private int rows;

  private JournalMove(JournalStorage to) {
    this.to = to;
  }

  /**
   * Does so if there is a file.
   *
   * @throws JournalException when it cannot be read or put aside, or the other not be written
   */
  static void fromFile(Path folder, JournalStorage to) throws JournalException {
    if (Files.notExists(folder.resolve(JournalFile.NAME))) {
      return;
    }
    JournalMove move = new JournalMove(to);
    try (JournalFile file = JournalFile.open(folder)) {
      file.read(Replay.ORDER, 0, move::row);
      move.flush();
    }
    String aside = JournalFile.NAME + ".moved-" + System.currentTimeMillis();
    try {
      // The log first: the file alone has everything once it was closed, a log alone nothing.
      for (String suffix : List.of("-wal", "-shm", "-journal", "")) {
        Path each = folder.resolve(JournalFile.NAME + suffix);
        if (Files.exists(each)) {
          Files.move(each, folder.resolve(aside + suffix));
        }
      }
    } catch (IOException e) {
      throw new JournalException(
          folder.resolve(JournalFile.NAME) + " cannot be put aside: " + e, e);
    }
    log.info(
        "{} rows of {} are in {} now; the file is {}",
        move.rows,
        folder.resolve(JournalFile.NAME),
        to.name(),
        aside);
  }

  private void row(Shelf shelf, String owner, int place, long touched, byte[] value)
      throws JournalException {
    changes.add(new Change.Put(shelf, owner, place, touched, value));
    bytes += value.length;
    rows++;
    if (changes.size() == ROWS || bytes >= BYTES) {
      flush();
    }
  }

  private void flush() throws JournalException {
    to.write(List.copyOf(changes));
    changes.clear();
    bytes = 0;
  }
}
