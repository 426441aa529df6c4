package dev.bitfleet.gateway.store;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a row of changes comes to: each key once, and in the order of keys, in which all nodes lock
 * them. First what is removed goes, then what is put is joined with what is there.
 */
final class ChangeSet {

  /** What a row is found by. */
  record Key(Shelf shelf, String owner, int place) implements Comparable<Key> {
    private static final Comparator<Key> ORDER =
        Comparator.<Key>comparingInt(key -> key.shelf().number())
            .thenComparing(Key::owner)
            .thenComparingInt(Key::place);

    @Override
    public int compareTo(Key other) {
      return ORDER.compare(this, other);
    }

    /** That of the document which decides whether this one is kept. */
    Key document() {
      return new Key(shelf == Shelf.PLACES ? Shelf.CONVERSATIONS : shelf, owner, 0);
    }
  }

  /** What stands there. */
  @SuppressWarnings("ArrayRecordComponent")
  record Row(long touched, byte[] value) {

    /** Both in one; this one itself when the other brings nothing new. */
    Row with(Shelf shelf, Row other) throws InvalidProtocolBufferException {
      byte[] joined = Union.ofRows(shelf, value, other.value);
      return joined == value && touched >= other.touched
          ? this
          : new Row(Math.max(touched, other.touched), joined);
    }
  }

  private final TreeMap<Key, Row> puts = new TreeMap<>();
  private final TreeSet<Key> removed = new TreeSet<>();
  private final TreeMap<Key, Long> expired = new TreeMap<>();

  private ChangeSet() {}

  static ChangeSet of(List<Change> changes) throws InvalidProtocolBufferException {
    ChangeSet set = new ChangeSet();
    for (Change change : changes) {
      set.add(change);
    }
    return set;
  }

  private void add(Change change) throws InvalidProtocolBufferException {
    switch (change) {
      case Change.Put put -> {
        Key key = new Key(put.shelf(), put.owner(), put.place());
        Row row = new Row(put.touched(), put.value());
        Row before = puts.get(key);
        puts.put(key, before == null ? row : before.with(put.shelf(), row));
        // Whoever writes in it keeps it; a sweep comes again.
        expired.remove(key.document());
      }
      case Change.Remove gone -> {
        of(gone.shelf(), gone.owner()).clear();
        removed.add(new Key(gone.shelf(), gone.owner(), 0));
      }
      case Change.Expire over -> {
        if (of(over.shelf(), over.owner()).isEmpty()
            && (over.shelf() != Shelf.CONVERSATIONS || of(Shelf.PLACES, over.owner()).isEmpty())) {
          expired.put(new Key(over.shelf(), over.owner(), 0), over.now());
        }
      }
    }
  }

  private SortedMap<Key, Row> of(Shelf shelf, String owner) {
    return puts.subMap(
        new Key(shelf, owner, 0), true, new Key(shelf, owner, Integer.MAX_VALUE), true);
  }

  /** Rows to be there afterwards. */
  SortedMap<Key, Row> puts() {
    return puts;
  }

  /** Of each owner that loses all its rows on a shelf, the first. */
  SortedSet<Key> removed() {
    return removed;
  }

  /** Documents that go if they have expired by then, Unix milliseconds. */
  SortedMap<Key, Long> expired() {
    return expired;
  }

  boolean isEmpty() {
    return puts.isEmpty() && removed.isEmpty() && expired.isEmpty();
  }
}
