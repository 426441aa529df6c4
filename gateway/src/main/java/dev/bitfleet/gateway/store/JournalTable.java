package dev.bitfleet.gateway.store;

import com.google.protobuf.InvalidProtocolBufferException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The journal of a whole fleet, in a table in PostgreSQL. One thread at a time.
 *
 * <p>What is written is joined with what is there, under a lock of the row, as the maps join what
 * two nodes bring ({@link Union}). So it does not matter which of two comes first, nor how often: a
 * transaction whose commit got no answer is carried out again until one says that it is kept. Only
 * where the database is away for longer than {@link #PATIENCE} it is {@linkplain
 * JournalException#uncertain() uncertain}. The next operation tries again.
 */
final class JournalTable implements JournalStorage {
  private static final Logger log = LoggerFactory.getLogger(JournalTable.class);

  /** Trouble with the database may last so long before who writes is told. */
  static final Duration PATIENCE = Duration.ofSeconds(5);

  private static final Duration PAUSE = Duration.ofMillis(150);

  /** Rows under way at once while all are read. */
  private static final int FETCH = 64;

  /** A row that is removed while it is looked at has to be looked for again, but not for ever. */
  private static final int LOOKS = 5;

  private static final String KEYS =
      "unnest(?::int[], ?::text[], ?::int[]) AS k(shelf, owner, place)";
  private static final String ROWS =
      "unnest(?::int[], ?::text[], ?::int[], ?::bigint[], ?::bigint[], ?::bytea[])"
          + " AS k(shelf, owner, place, touched, checksum, value)";
  private static final String OF_KEY =
      "e.shelf = k.shelf AND e.owner = k.owner AND e.place = k.place";

  private static final String INSERT =
      "INSERT INTO bitfleet_entry(shelf, owner, place, touched, checksum, value) SELECT k.* FROM "
          + ROWS
          + " ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING RETURNING shelf, owner, place";
  private static final String LOCK =
      "SELECT e.shelf, e.owner, e.place, e.touched, e.checksum, e.value FROM bitfleet_entry e JOIN "
          + KEYS
          + " ON "
          + OF_KEY
          + " ORDER BY 1, 2, 3 FOR UPDATE OF e";
  private static final String UPDATE =
      "UPDATE bitfleet_entry e SET touched = k.touched, checksum = k.checksum, value = k.value FROM "
          + ROWS
          + " WHERE "
          + OF_KEY;
  private static final String REMOVE =
      "DELETE FROM bitfleet_entry e USING unnest(?::int[], ?::text[]) AS k(shelf, owner)"
          + " WHERE e.shelf = k.shelf AND e.owner = k.owner";
  private static final String READ =
      "SELECT owner, place, touched, checksum, value FROM bitfleet_entry"
          + " WHERE shelf = ? AND touched >= ?";
  private static final String UNTOUCHED =
      "SELECT DISTINCT owner FROM bitfleet_entry WHERE shelf = ? AND touched < ? LIMIT ?";
  private static final String HAVE =
      "SELECT DISTINCT owner FROM bitfleet_entry WHERE shelf = ? AND owner = ANY(?)";

  private final JournalDatabase database;
  private final DatabaseLink link;

  /** When the trouble began that still lasts. */
  private @Nullable Long troubleNanos;

  /** Whether the database was lost in it. */
  private boolean lost;

  private JournalTable(JournalDatabase database, DatabaseLink link) {
    this.database = database;
    this.link = link;
  }

  /**
   * Connects, and makes the tables where there are none.
   *
   * @param alone whether this node shares its maps with nobody
   * @throws JournalException when it cannot be used; the message says why
   */
  static JournalTable open(JournalDatabase database, boolean alone) throws JournalException {
    JournalTable table = new JournalTable(database, new DatabaseLink(database, alone));
    try {
      table.link.connection();
      return table;
    } catch (SQLException e) {
      throw DatabaseFailure.described(database.place(), e);
    }
  }

  /** See {@link JournalDatabase#look}. */
  static String look(JournalDatabase database) throws JournalException {
    try (Connection connection = DatabaseLink.connect(database);
        Statement statement = connection.createStatement();
        ResultSet server =
            statement.executeQuery(
                "SELECT current_setting('server_version'), current_setting('fsync'),"
                    + " pg_is_in_recovery()")) {
      server.next();
      if (server.getBoolean(3)) {
        throw new JournalException(database.place() + " is a standby and takes no writes");
      }
      boolean made = JournalSchema.check(connection, database);
      return "PostgreSQL %s at %s, %s%s"
          .formatted(
              server.getString(1),
              database.place(),
              made ? "the journal of this cluster" : "no journal in it yet",
              server.getString(2).equals("off") ? "; with fsync=off a crash can lose of it" : "");
    } catch (SQLException e) {
      throw DatabaseFailure.described(database.place(), e);
    }
  }

  /** Something to do in a transaction. */
  private interface Work {
    void on(Connection connection)
        throws SQLException, JournalException, InvalidProtocolBufferException;
  }

  @Override
  public String name() {
    return database.place();
  }

  @Override
  public boolean shared() {
    return true;
  }

  /**
   * Carries it out until it is done, and committed; or until the trouble has lasted for so long
   * that nobody is to wait for its end.
   *
   * @param again whether it may be carried out twice
   */
  private void carryOut(boolean again, Work work) throws JournalException {
    boolean uncertain = false;
    while (true) {
      boolean committing = false;
      try {
        Connection connection = link.connection();
        work.on(connection);
        committing = true;
        commit(connection);
        wasWell();
        return;
      } catch (SQLException e) {
        DatabaseFailure failure = DatabaseFailure.of(e);
        uncertain |= committing && failure == DatabaseFailure.LOST;
        letGo(failure);
        if (!again || failure == DatabaseFailure.REFUSED || !patient()) {
          throw told(DatabaseFailure.described(database.place(), e), uncertain);
        }
        log.debug("tried again", e);
      } catch (InvalidProtocolBufferException e) {
        letGo(DatabaseFailure.REFUSED);
        throw told(
            JournalException.passing(
                database.place()
                    + " has a row that cannot be read although its checksum is right: was it"
                    + " written by a newer Bitfleet?",
                e),
            uncertain);
      } catch (JournalException e) {
        letGo(DatabaseFailure.REFUSED);
        throw told(e, uncertain);
      } catch (RuntimeException | Error e) {
        link.drop();
        throw e;
      }
    }
  }

  private static JournalException told(JournalException e, boolean uncertain) {
    return uncertain ? JournalException.inTheMiddle(e) : e;
  }

  /** Durable when this returns, on the standbys too that the server waits for. */
  private static void commit(Connection connection) throws SQLException {
    connection.clearWarnings();
    connection.commit();
    if (connection.getWarnings() != null) {
      // Committed here, and somebody has had the server not wait for its standbys.
      throw new SQLException(
          "a commit came with a warning: " + connection.getWarnings().getMessage(), "08007");
    }
  }

  private void letGo(DatabaseFailure failure) {
    lost |= failure == DatabaseFailure.LOST;
    Connection open = link.open();
    if (open == null) {
      return;
    }
    try {
      if (failure != DatabaseFailure.LOST) {
        open.rollback();
        return;
      }
    } catch (SQLException e) {
      log.debug("could not roll back", e);
    }
    link.drop();
  }

  /** Whether who waits may go on waiting; then some of that time is over. */
  private boolean patient() {
    long now = System.nanoTime();
    Long began = troubleNanos;
    if (began == null) {
      began = now;
      troubleNanos = now;
    }
    if (now - began > PATIENCE.toNanos()) {
      return false;
    }
    try {
      DatabaseLink.pause(PAUSE);
      return true;
    } catch (SQLException e) {
      return false;
    }
  }

  private void wasWell() {
    Long began = troubleNanos;
    if (began != null) {
      troubleNanos = null;
      if (lost) {
        lost = false;
        log.info(
            "{} answers again after {} ms",
            database.place(),
            (System.nanoTime() - began) / 1_000_000);
      }
    }
  }

  @Override
  public void write(List<Change> changes) throws JournalException {
    ChangeSet set;
    try {
      set = ChangeSet.of(changes);
    } catch (InvalidProtocolBufferException e) {
      throw JournalException.passing("what was to be written cannot be read", e);
    }
    if (!set.isEmpty()) {
      carryOut(
          true,
          connection -> {
            remove(connection, set);
            put(connection, set.puts());
          });
    }
  }

  private void remove(Connection connection, ChangeSet set)
      throws SQLException, JournalException, InvalidProtocolBufferException {
    TreeSet<ChangeSet.Key> gone = new TreeSet<>(set.removed());
    if (!set.expired().isEmpty()) {
      Map<ChangeSet.Key, ChangeSet.Row> there = lock(connection, set.expired().keySet());
      for (Map.Entry<ChangeSet.Key, Long> each : set.expired().entrySet()) {
        ChangeSet.Row row = there.get(each.getKey());
        if (row == null || Filed.of(row.value()).expires() <= each.getValue()) {
          gone.add(each.getKey());
          if (each.getKey().shelf() == Shelf.CONVERSATIONS) {
            gone.add(new ChangeSet.Key(Shelf.PLACES, each.getKey().owner(), 0));
          }
        }
      }
    }
    if (gone.isEmpty()) {
      return;
    }
    try (PreparedStatement remove = connection.prepareStatement(REMOVE)) {
      setKeys(connection, remove, gone, false);
      remove.executeUpdate();
    }
  }

  /** New rows first: what others insert meanwhile is waited for, and found by what follows. */
  private void put(Connection connection, SortedMap<ChangeSet.Key, ChangeSet.Row> puts)
      throws SQLException, JournalException, InvalidProtocolBufferException {
    TreeMap<ChangeSet.Key, ChangeSet.Row> left = new TreeMap<>(puts);
    for (int look = 0; !left.isEmpty(); look++) {
      if (look == LOOKS) {
        throw new SQLException("rows that come and go", "40001");
      }
      left.keySet().removeAll(insert(connection, left));
      if (left.isEmpty()) {
        return;
      }
      Map<ChangeSet.Key, ChangeSet.Row> there = lock(connection, left.keySet());
      TreeMap<ChangeSet.Key, ChangeSet.Row> other = new TreeMap<>();
      for (Map.Entry<ChangeSet.Key, ChangeSet.Row> each : left.entrySet()) {
        ChangeSet.Row row = there.get(each.getKey());
        if (row != null) {
          ChangeSet.Row joined = row.with(each.getKey().shelf(), each.getValue());
          if (joined != row) {
            other.put(each.getKey(), joined);
          }
        }
      }
      left.keySet().removeAll(there.keySet());
      if (!other.isEmpty()) {
        try (PreparedStatement update = connection.prepareStatement(UPDATE)) {
          setRows(connection, update, other);
          update.executeUpdate();
        }
      }
    }
  }

  private static Set<ChangeSet.Key> insert(
      Connection connection, SortedMap<ChangeSet.Key, ChangeSet.Row> rows) throws SQLException {
    Set<ChangeSet.Key> inserted = new TreeSet<>();
    try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
      setRows(connection, insert, rows);
      try (ResultSet fresh = insert.executeQuery()) {
        while (fresh.next()) {
          inserted.add(key(fresh));
        }
      }
    }
    return inserted;
  }

  /** Those that are there; nobody else changes them until the end of the transaction. */
  private Map<ChangeSet.Key, ChangeSet.Row> lock(
      Connection connection, Collection<ChangeSet.Key> keys) throws SQLException, JournalException {
    Map<ChangeSet.Key, ChangeSet.Row> there = new TreeMap<>();
    try (PreparedStatement lock = connection.prepareStatement(LOCK)) {
      setKeys(connection, lock, keys, true);
      try (ResultSet rows = lock.executeQuery()) {
        while (rows.next()) {
          ChangeSet.Key key = key(rows);
          there.put(
              key,
              new ChangeSet.Row(
                  rows.getLong(4), sound(key.shelf(), rows.getLong(5), rows.getBytes(6))));
        }
      }
    }
    return there;
  }

  private byte[] sound(Shelf shelf, long checksum, byte[] value) throws JournalException {
    if (Checksum.of(value) != checksum) {
      throw JournalException.passing(
          database.place()
              + " is damaged: a row of "
              + shelf
              + " does not have its checksum. Bring back a copy",
          null);
    }
    return value;
  }

  private static ChangeSet.Key key(ResultSet row) throws SQLException {
    return new ChangeSet.Key(Shelf.of(row.getInt(1)), row.getString(2), row.getInt(3));
  }

  private static void setKeys(
      Connection connection,
      PreparedStatement statement,
      Collection<ChangeSet.Key> keys,
      boolean places)
      throws SQLException {
    set(statement, 1, connection, "int4", keys.stream().map(key -> key.shelf().number()).toArray());
    set(statement, 2, connection, "text", keys.stream().map(ChangeSet.Key::owner).toArray());
    if (places) {
      set(statement, 3, connection, "int4", keys.stream().map(ChangeSet.Key::place).toArray());
    }
  }

  private static void setRows(
      Connection connection,
      PreparedStatement statement,
      SortedMap<ChangeSet.Key, ChangeSet.Row> rows)
      throws SQLException {
    setKeys(connection, statement, rows.keySet(), true);
    set(
        statement,
        4,
        connection,
        "int8",
        rows.values().stream().map(ChangeSet.Row::touched).toArray());
    set(
        statement,
        5,
        connection,
        "int8",
        rows.values().stream().map(row -> Checksum.of(row.value())).toArray());
    set(
        statement,
        6,
        connection,
        "bytea",
        rows.values().stream().map(ChangeSet.Row::value).toArray(byte[][]::new));
  }

  private static void set(
      PreparedStatement statement, int index, Connection connection, String type, Object[] values)
      throws SQLException {
    Array array = connection.createArrayOf(type, values);
    statement.setArray(index, array);
  }

  @Override
  public void read(List<Shelf> order, long since, Reader reader) throws JournalException {
    // What the reader has had it must not get again of another moment.
    carryOut(
        false,
        connection -> {
          try (Statement begin = connection.createStatement()) {
            begin.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
          }
          for (Shelf shelf : order) {
            read(connection, shelf, since, reader);
          }
        });
  }

  private void read(Connection connection, Shelf shelf, long since, Reader reader)
      throws SQLException, JournalException {
    try (PreparedStatement select = connection.prepareStatement(READ)) {
      select.setFetchSize(FETCH);
      select.setInt(1, shelf.number());
      select.setLong(2, since);
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          byte[] value = sound(shelf, rows.getLong(4), rows.getBytes(5));
          reader.row(shelf, rows.getString(1), rows.getInt(2), rows.getLong(3), value);
        }
      }
    }
  }

  @Override
  public List<String> untouchedSince(Shelf shelf, long time, int atMost) throws JournalException {
    List<String> owners = new ArrayList<>();
    carryOut(
        true,
        connection -> {
          try (PreparedStatement select = connection.prepareStatement(UNTOUCHED)) {
            select.setInt(1, shelf.number());
            select.setLong(2, time);
            select.setInt(3, atMost);
            owners.clear();
            strings(select, owners);
          }
        });
    return owners;
  }

  @Override
  public List<String> have(Shelf shelf, Set<String> owners) throws JournalException {
    List<String> found = new ArrayList<>();
    carryOut(
        true,
        connection -> {
          try (PreparedStatement select = connection.prepareStatement(HAVE)) {
            select.setInt(1, shelf.number());
            set(select, 2, connection, "text", owners.toArray());
            found.clear();
            strings(select, found);
          }
        });
    return found;
  }

  private static void strings(PreparedStatement select, List<String> into) throws SQLException {
    try (ResultSet rows = select.executeQuery()) {
      while (rows.next()) {
        into.add(rows.getString(1));
      }
    }
  }

  /** The server's own affair. */
  @Override
  public void shrink(int pages) {}

  @Override
  public void close() {
    link.close();
  }
}
