package dev.bitfleet.gateway.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** The tables of a journal in PostgreSQL, in the schema where the connection makes its tables. */
final class JournalSchema {
  static final String ENTRY = "bitfleet_entry";
  static final String JOURNAL = "bitfleet_journal";

  private static final int VERSION = 1;

  /** Not to_regclass: while it waits for a lock, what a session remembers of tables grows old. */
  private static final String THERE =
      "SELECT 1 FROM pg_tables WHERE tablename = ? AND schemaname = ANY(current_schemas(false))";

  private JournalSchema() {}

  /** Makes the tables, or sees that they are ours. */
  static void prepare(Connection connection, JournalDatabase database)
      throws SQLException, JournalException {
    if (!check(connection, database)) {
      try (Statement statement = connection.createStatement()) {
        // Nodes that start together: one makes them.
        statement.execute("SELECT pg_advisory_xact_lock(" + DatabaseLink.MARK + ", 0)");
      }
      if (!check(connection, database)) {
        make(connection, database);
      }
    }
    connection.commit();
  }

  /**
   * Whether they are there.
   *
   * @throws JournalException when they are not for this node
   */
  static boolean check(Connection connection, JournalDatabase database)
      throws SQLException, JournalException {
    try (PreparedStatement there = connection.prepareStatement(THERE)) {
      there.setString(1, JOURNAL);
      try (ResultSet found = there.executeQuery()) {
        if (!found.next()) {
          return false;
        }
      }
    }
    try (Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery("SELECT version, cluster FROM " + JOURNAL)) {
      if (!found.next()) {
        throw refused(database, "has a " + JOURNAL + " without a row: bring back a copy");
      }
      if (found.getInt(1) > VERSION) {
        throw refused(
            database,
            "was made by a newer Bitfleet (version "
                + found.getInt(1)
                + " of the tables, this one knows "
                + VERSION
                + "): run that one, or another journal-url");
      }
      String owner = found.getString(2);
      if (!owner.equals(database.cluster())) {
        throw refused(
            database,
            "is the journal of the cluster '"
                + owner
                + "', and this node is of '"
                + database.cluster()
                + "': give each its own database or schema (currentSchema in journal-url)");
      }
      return true;
    }
  }

  private static JournalException refused(JournalDatabase database, String why) {
    return JournalException.passing(database.place() + " " + why, null);
  }

  private static void make(Connection connection, JournalDatabase database)
      throws SQLException, JournalException {
    try (Statement statement = connection.createStatement()) {
      try (ResultSet schema = statement.executeQuery("SELECT current_schema() IS NULL")) {
        if (schema.next() && schema.getBoolean(1)) {
          throw refused(
              database, "has no schema to make tables in: name one with currentSchema in it");
        }
      }
      // Ids are compared as bytes: no change of the server's languages can disorder the index.
      statement.execute(
          "CREATE TABLE "
              + ENTRY
              + "(shelf smallint NOT NULL, owner text COLLATE \"C\" NOT NULL, place integer NOT"
              + " NULL, touched bigint NOT NULL, checksum bigint NOT NULL, value bytea NOT NULL,"
              + " PRIMARY KEY (shelf, owner, place))");
      statement.execute("CREATE INDEX " + ENTRY + "_touched ON " + ENTRY + "(shelf, touched)");
      statement.execute(
          "CREATE TABLE " + JOURNAL + "(version integer NOT NULL, cluster text NOT NULL)");
    }
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT INTO " + JOURNAL + " VALUES (?, ?)")) {
      insert.setInt(1, VERSION);
      insert.setString(2, database.cluster());
      insert.executeUpdate();
    }
  }
}
