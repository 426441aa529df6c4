package dev.bitfleet.gateway.store;

import java.util.List;
import java.util.Set;

/** Where the journal's rows are. One thread at a time; all of it blocks. */
interface JournalStorage extends AutoCloseable {

  /** What reading gives row after row. */
  interface Reader {
    void row(Shelf shelf, String owner, int place, long touched, byte[] value)
        throws JournalException;
  }

  /** Where it is, for people; nothing secret. */
  String name();

  /**
   * Whether all nodes of the fleet write here: then it has what any of them has acknowledged, and
   * what it has may be changed by others at any time.
   */
  boolean shared();

  /**
   * All rows that were touched since, Unix milliseconds; shelf after shelf, and as they stood at
   * one moment.
   */
  void read(List<Shelf> order, long since, Reader reader) throws JournalException;

  /** Writes all of it or nothing; durable when this returns. */
  void write(List<Change> changes) throws JournalException;

  /** Owners with a row that was touched last before that time, Unix milliseconds. */
  List<String> untouchedSince(Shelf shelf, long time, int atMost) throws JournalException;

  /** Those of the owners that have a row on that shelf. */
  List<String> have(Shelf shelf, Set<String> owners) throws JournalException;

  /** Gives up to so many free pages back, where that is ours to do. */
  void shrink(int pages) throws JournalException;

  @Override
  void close();
}
