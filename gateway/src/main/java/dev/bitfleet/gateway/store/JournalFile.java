package dev.bitfleet.gateway.store;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import org.sqlite.JDBC;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * The journal's SQLite file. One thread at a time.
 *
 * <p>A write-ahead log with synchronous=FULL: a commit has returned when it is on the disk. The
 * file is locked for as long as it is open, so two processes never write one journal. Every row
 * carries a checksum of its value, which SQLite does not have for its pages.
 */
final class JournalFile implements JournalStorage {
  static final String NAME = "store.db";

  /** Marks the file as ours: "bflt". */
  private static final int APPLICATION = 0x62666c74;

  private static final int SCHEMA_VERSION = 1;
  private static final int SQLITE_CORRUPT = SQLiteErrorCode.SQLITE_CORRUPT.code;
  private static final String PUT =
      "INSERT OR REPLACE INTO entry(shelf, owner, place, touched, checksum, value)"
          + " VALUES (?, ?, ?, ?, ?, ?)";
  private static final String VALUE =
      "SELECT value FROM entry WHERE shelf = ? AND owner = ? AND place = ?";
  private static final String REMOVE = "DELETE FROM entry WHERE shelf = ? AND owner = ?";

  private final Path path;
  private final Connection connection;

  private JournalFile(Path path, Connection connection) {
    this.path = path;
    this.connection = connection;
  }

  /**
   * Opens the journal of a folder, or makes it.
   *
   * @throws JournalException when it cannot be used; the message names the file and what to do
   */
  static JournalFile open(Path folder) throws JournalException {
    Path path = folder.resolve(NAME);
    Connection connection = null;
    try {
      Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      if (System.getProperty("org.sqlite.tmpdir") == null) {
        // The driver unpacks its native half; /tmp may forbid to run what lies there.
        System.setProperty("org.sqlite.tmpdir", folder.toString());
      }
      makePrivate(folder, path);
      connection = new JDBC().connect("jdbc:sqlite:" + path, new Properties());
      prepare(path, connection);
      removeUnpacked(folder);
      return new JournalFile(path, connection);
    } catch (IOException e) {
      throw new JournalException("cannot make " + path + " for ourselves alone: " + e, e);
    } catch (SQLException | JournalException e) {
      if (connection != null) {
        try {
          connection.close();
        } catch (SQLException suppressed) {
          e.addSuppressed(suppressed);
        }
      }
      throw e instanceof JournalException journal ? journal : described(path, (SQLException) e);
    }
  }

  /**
   * What it holds is for nobody else on the machine, whatever the umask and the folder say. SQLite
   * gives the files that it puts beside it the same rights.
   */
  private static void makePrivate(Path folder, Path path) throws IOException {
    Set<PosixFilePermission> ours = PosixFilePermissions.fromString("rw-------");
    if (Files.notExists(path)) {
      // Empty is a new database to SQLite. There is no moment in which others may open it.
      Files.createFile(path, PosixFilePermissions.asFileAttribute(ours));
    }
    for (String suffix : List.of("", "-wal", "-shm", "-journal")) {
      Path file = folder.resolve(NAME + suffix);
      if (Files.exists(file) && !Files.getPosixFilePermissions(file).equals(ours)) {
        Files.setPosixFilePermissions(file, ours);
      }
    }
  }

  /**
   * The driver's native half is loaded and needs no name any more, and the file is ours alone: what
   * killed processes have left goes too.
   */
  private static void removeUnpacked(Path folder) throws IOException {
    try (DirectoryStream<Path> left =
        Files.newDirectoryStream(folder, "sqlite-*-libsqlitejdbc.so*")) {
      for (Path each : left) {
        Files.deleteIfExists(each);
      }
    }
  }

  private static void prepare(Path path, Connection connection)
      throws SQLException, JournalException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA busy_timeout = 0");
      statement.execute("PRAGMA locking_mode = EXCLUSIVE");
      int application = number(statement, "PRAGMA application_id");
      int version = number(statement, "PRAGMA user_version");
      boolean fresh = number(statement, "SELECT count(*) FROM sqlite_master") == 0;
      if (!fresh && application != APPLICATION) {
        throw new JournalException(path + " is a database of another program: move it away");
      }
      if (version > SCHEMA_VERSION) {
        throw new JournalException(
            path
                + " was written by a newer Bitfleet (version "
                + version
                + " of the file, this one knows "
                + SCHEMA_VERSION
                + "): run that one, or another --data-dir");
      }
      if (fresh) {
        statement.execute("PRAGMA auto_vacuum = INCREMENTAL");
        statement.execute("PRAGMA application_id = " + APPLICATION);
      }
      statement.execute("PRAGMA journal_mode = WAL");
      statement.execute("PRAGMA synchronous = FULL");
      statement.execute("PRAGMA cell_size_check = ON");
      statement.execute("PRAGMA journal_size_limit = " + (16 << 20));
      if (fresh) {
        statement.execute(
            "CREATE TABLE entry(shelf INTEGER NOT NULL, owner TEXT NOT NULL, place INTEGER NOT"
                + " NULL, touched INTEGER NOT NULL, checksum INTEGER NOT NULL, value BLOB NOT"
                + " NULL, PRIMARY KEY (shelf, owner, place)) WITHOUT ROWID");
        statement.execute("PRAGMA user_version = " + SCHEMA_VERSION);
      }
    }
  }

  private static int number(Statement statement, String query) throws SQLException {
    try (ResultSet result = statement.executeQuery(query)) {
      return result.next() ? result.getInt(1) : 0;
    }
  }

  @Override
  public String name() {
    return path.toString();
  }

  @Override
  public boolean shared() {
    return false;
  }

  @Override
  public void read(List<Shelf> order, long since, Reader reader) throws JournalException {
    for (Shelf shelf : order) {
      read(shelf, since, reader);
    }
  }

  /** By owner and place. */
  private void read(Shelf shelf, long since, Reader reader) throws JournalException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "SELECT owner, place, touched, checksum, value FROM entry WHERE shelf = ?"
                + " AND touched >= ? ORDER BY owner, place")) {
      select.setInt(1, shelf.number());
      select.setLong(2, since);
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          byte[] value = rows.getBytes(5);
          if (Checksum.of(value) != rows.getLong(4)) {
            throw new JournalException(
                path
                    + " is damaged: a row of "
                    + shelf
                    + " does not have its checksum. Move the file away, or bring back a copy");
          }
          reader.row(shelf, rows.getString(1), rows.getInt(2), rows.getLong(3), value);
        }
      }
    } catch (SQLException e) {
      throw described(path, e);
    }
  }

  @Override
  public void write(List<Change> changes) throws JournalException {
    // Statements of its own for each group: the driver closes one that has met a full disk.
    try (PreparedStatement put = connection.prepareStatement(PUT);
        PreparedStatement there = connection.prepareStatement(VALUE);
        PreparedStatement remove = connection.prepareStatement(REMOVE)) {
      execute("BEGIN IMMEDIATE");
      for (Change change : changes) {
        carryOut(change, put, there, remove);
      }
      execute("COMMIT");
    } catch (SQLException e) {
      try {
        // A full disk has done it already. The driver's own transactions lose count then, and
        // write the next rows one by one; these do not.
        execute("ROLLBACK");
      } catch (SQLException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw described(path, e);
    }
  }

  private static void carryOut(
      Change change, PreparedStatement put, PreparedStatement there, PreparedStatement remove)
      throws SQLException {
    switch (change) {
      case Change.Put row -> {
        byte[] value = joined(row, there);
        put.setInt(1, row.shelf().number());
        put.setString(2, row.owner());
        put.setInt(3, row.place());
        put.setLong(4, row.touched());
        put.setLong(5, Checksum.of(value));
        put.setBytes(6, value);
        put.executeUpdate();
      }
      case Change.Remove gone -> remove(gone.shelf(), gone.owner(), remove);
      case Change.Expire over -> {
        if (!kept(over, there)) {
          remove(over.shelf(), over.owner(), remove);
          if (over.shelf() == Shelf.CONVERSATIONS) {
            remove(Shelf.PLACES, over.owner(), remove);
          }
        }
      }
    }
  }

  private static void remove(Shelf shelf, String owner, PreparedStatement remove)
      throws SQLException {
    remove.setInt(1, shelf.number());
    remove.setString(2, owner);
    remove.executeUpdate();
  }

  private static boolean kept(Change.Expire over, PreparedStatement there) throws SQLException {
    there.setInt(1, over.shelf().number());
    there.setString(2, over.owner());
    there.setInt(3, 0);
    try (ResultSet row = there.executeQuery()) {
      return row.next() && Filed.of(row.getBytes(1)).expires() > over.now();
    } catch (InvalidProtocolBufferException e) {
      throw new SQLException("what stands there is no document", "", SQLITE_CORRUPT, e);
    }
  }

  /**
   * What is to stand there. A place's turns are added to: whoever writes one may not see, in the
   * moment in which two halves of a fleet join, that this node had put another there.
   */
  private static byte[] joined(Change.Put row, PreparedStatement there) throws SQLException {
    if (row.shelf() != Shelf.PLACES) {
      return row.value();
    }
    there.setInt(1, row.shelf().number());
    there.setString(2, row.owner());
    there.setInt(3, row.place());
    try (ResultSet before = there.executeQuery()) {
      return before.next() ? Union.ofPlaces(before.getBytes(1), row.value()) : row.value();
    } catch (IllegalStateException e) {
      throw new SQLException("what stands at a place is no place", "", SQLITE_CORRUPT, e);
    }
  }

  private void execute(String statement) throws SQLException {
    try (Statement once = connection.createStatement()) {
      once.execute(statement);
    }
  }

  /** Lets the file have so many pages of 4 KiB, as if the disk were full then. */
  void limit(int pages) throws SQLException {
    execute("PRAGMA max_page_count = " + pages);
  }

  @Override
  public List<String> untouchedSince(Shelf shelf, long time, int atMost) throws JournalException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "SELECT DISTINCT owner FROM entry WHERE shelf = ? AND touched < ? LIMIT ?")) {
      select.setInt(1, shelf.number());
      select.setLong(2, time);
      select.setInt(3, atMost);
      List<String> owners = new java.util.ArrayList<>();
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          owners.add(rows.getString(1));
        }
      }
      return owners;
    } catch (SQLException e) {
      throw described(path, e);
    }
  }

  @Override
  public List<String> have(Shelf shelf, Set<String> owners) throws JournalException {
    List<String> found = new java.util.ArrayList<>();
    try (PreparedStatement select =
        connection.prepareStatement("SELECT 1 FROM entry WHERE shelf = ? AND owner = ? LIMIT 1")) {
      for (String owner : owners) {
        select.setInt(1, shelf.number());
        select.setString(2, owner);
        try (ResultSet row = select.executeQuery()) {
          if (row.next()) {
            found.add(owner);
          }
        }
      }
      return found;
    } catch (SQLException e) {
      throw described(path, e);
    }
  }

  @Override
  public void shrink(int pages) throws JournalException {
    try {
      try (Statement statement = connection.createStatement()) {
        // There is no result where there is nothing to give back, and the driver's executeQuery
        // takes that for an error, after which nothing more would be kept.
        if (statement.execute("PRAGMA incremental_vacuum(" + pages + ")")) {
          // Steps through the pages only as far as its rows are asked for.
          try (ResultSet freed = statement.getResultSet()) {
            while (freed.next()) {}
          }
        }
      }
    } catch (SQLException e) {
      throw described(path, e);
    }
  }

  private static JournalException described(Path path, SQLException e) {
    SQLiteErrorCode code =
        e instanceof SQLiteException sqlite
            ? sqlite.getResultCode()
            : SQLiteErrorCode.getErrorCode(e.getErrorCode());
    String what =
        switch (code) {
          case SQLITE_BUSY, SQLITE_LOCKED -> " is in use by another process";
          case SQLITE_FULL -> " cannot grow: the disk is full";
          case SQLITE_NOTADB -> " is not a database: move it away, or bring back a copy";
          case SQLITE_READONLY -> " must not be written by this user";
          case SQLITE_CANTOPEN -> " cannot be opened by this user";
          default ->
              code.name().startsWith("SQLITE_CORRUPT")
                  ? " is damaged: move it away, or bring back a copy"
                  : " cannot be used (" + code.name() + ")";
        };
    // It is noticed before anything has been changed.
    return code == SQLiteErrorCode.SQLITE_FULL
        ? JournalException.passing(path + what, e)
        : new JournalException(path + what, e);
  }

  @Override
  public void close() {
    try {
      // Folds the log into the file.
      connection.close();
    } catch (SQLException e) {
      // What was acknowledged is on the disk; a log that was not folded in is read at the next
      // start.
      org.slf4j.LoggerFactory.getLogger(JournalFile.class)
          .warn("{}", described(path, e).getMessage());
    }
  }
}
