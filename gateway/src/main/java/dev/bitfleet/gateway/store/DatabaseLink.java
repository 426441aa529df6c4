package dev.bitfleet.gateway.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashSet;
import java.util.Properties;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one connection to the journal's database: made when it is needed, and anew when it was lost.
 * Nothing waits for ever: not for a host that is not there, nor for a server that stands still. One
 * thread.
 */
final class DatabaseLink implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DatabaseLink.class);

  private static final String CONNECT_SECONDS = "3";
  private static final String LOGIN_SECONDS = "6";

  /** For any answer of the server, once it has let us in. */
  private static final Duration ANSWER = Duration.ofSeconds(5);

  /** A session that was cut off ends within moments of being told to. */
  private static final int LOOKS = 20;

  private static final Duration PAUSE = Duration.ofMillis(100);

  /** Marks our advisory locks: "bflt". */
  static final int MARK = 0x62666c74;

  /**
   * The server gives up before we do, so that we are told why; and it frees what a node holds that
   * was cut off or has stopped. Set where the server knows the setting.
   */
  private static final String SETTINGS =
      "SELECT set_config(name, wanted, false) FROM pg_settings JOIN (VALUES"
          + " ('lock_timeout', '2s'), ('statement_timeout', '4s'),"
          + " ('idle_in_transaction_session_timeout', '10s'), ('tcp_keepalives_idle', '5'),"
          + " ('tcp_keepalives_interval', '2'), ('tcp_keepalives_count', '3'),"
          + " ('tcp_user_timeout', '10s')) AS ours(name, wanted) USING (name)";

  private static final String SYNC =
      "SELECT set_config('synchronous_commit', 'on', false)"
          + " WHERE current_setting('synchronous_commit') IN ('off', 'local')";

  private static final String SERVER =
      "SELECT pg_is_in_recovery(), current_setting('fsync') = 'off', pg_backend_pid(),"
          + " (SELECT extract(epoch FROM backend_start)::text FROM pg_stat_activity"
          + " WHERE pid = pg_backend_pid())";

  private static final String END =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
          + " WHERE pid = ? AND extract(epoch FROM backend_start)::text = ?";

  private final JournalDatabase database;
  private final boolean alone;
  private final Set<Session> former = new HashSet<>();
  private @Nullable Connection connection;
  private @Nullable Session session;
  private boolean warned;

  /** The server's side of a connection. */
  private record Session(int pid, String began) {}

  /**
   * @param alone whether this node shares its maps with nobody, and the journal neither
   */
  DatabaseLink(JournalDatabase database, boolean alone) {
    this.database = database;
    this.alone = alone;
  }

  /** In no transaction, each of which is to be ended; connects if need be. */
  Connection connection() throws SQLException, JournalException {
    Connection open = connection;
    if (open != null) {
      return open;
    }
    Connection made = connect(database);
    try {
      prepare(made);
    } catch (SQLException | JournalException | RuntimeException e) {
      abort(made);
      throw e;
    }
    connection = made;
    return made;
  }

  /** The same if there is one. */
  @Nullable Connection open() {
    return connection;
  }

  /** As the driver connects, with bounds to all waiting. */
  static Connection connect(JournalDatabase database) throws SQLException, JournalException {
    Properties properties = new Properties();
    database.user().ifPresent(user -> properties.setProperty("user", user));
    database.password().ifPresent(password -> properties.setProperty("password", password));
    properties.setProperty("connectTimeout", CONNECT_SECONDS);
    properties.setProperty("socketTimeout", CONNECT_SECONDS);
    properties.setProperty("loginTimeout", LOGIN_SECONDS);
    properties.setProperty("tcpKeepAlive", "true");
    // Details of errors can have what was to be written in them.
    properties.setProperty("logServerErrorDetail", "false");
    // Defaults, which the URL may change. Of several hosts it is the one that can be written to.
    properties.setProperty("ApplicationName", "bitfleet");
    properties.setProperty("targetServerType", "primary");
    Connection made = new Driver().connect(database.url(), properties);
    if (made == null) {
      throw new JournalException("journal-url: the driver does not know " + database.place());
    }
    made.setNetworkTimeout(Runnable::run, Math.toIntExact(ANSWER.toMillis()));
    return made;
  }

  private void prepare(Connection made) throws SQLException, JournalException {
    made.setAutoCommit(false);
    made.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    try (Statement statement = made.createStatement()) {
      statement.execute(SETTINGS);
      statement.execute(SYNC);
      look(statement);
    }
    made.commit();
    endFormer(made);
    JournalSchema.prepare(made, database);
    share(made);
  }

  private void look(Statement statement) throws SQLException {
    try (ResultSet server = statement.executeQuery(SERVER)) {
      server.next();
      if (server.getBoolean(1)) {
        throw new SQLException("it is a standby and takes no writes", "25006");
      }
      if (server.getBoolean(2) && !warned) {
        log.warn(
            "{} runs with fsync=off: a crash of its machine can lose what was acknowledged",
            database.place());
        warned = true;
      }
      session = new Session(server.getInt(3), server.getString(4));
    }
  }

  /**
   * Ends what the server still has of connections that are lost to us, and waits for that: a
   * transaction that came through at last must not do so after what we write from now on.
   */
  private void endFormer(Connection made) throws SQLException {
    for (int look = 0; !former.isEmpty(); look++) {
      if (look == LOOKS) {
        throw new SQLException("an earlier session of this node has not ended yet", "57P03");
      }
      if (look > 0) {
        pause(PAUSE);
      }
      try (PreparedStatement end = made.prepareStatement(END)) {
        for (Session each : Set.copyOf(former)) {
          end.setInt(1, each.pid());
          end.setString(2, each.began());
          try (ResultSet there = end.executeQuery()) {
            if (!there.next()) {
              former.remove(each);
            }
          }
        }
      }
      made.commit();
    }
  }

  /**
   * Nodes that share their maps share the journal. One that serves alone has it to itself: what
   * others wrote there it would not see. A node that was killed is still on the server for a
   * moment.
   */
  private void share(Connection made) throws SQLException, JournalException {
    String lock = alone ? "pg_try_advisory_lock" : "pg_try_advisory_lock_shared";
    for (int look = 0; look < LOOKS; look++) {
      if (look > 0) {
        pause(PAUSE);
      }
      try (PreparedStatement statement =
          made.prepareStatement("SELECT " + lock + "(?, to_regclass(?)::oid::integer)")) {
        statement.setInt(1, MARK);
        statement.setString(2, JournalSchema.JOURNAL);
        try (ResultSet taken = statement.executeQuery()) {
          taken.next();
          if (taken.getBoolean(1)) {
            made.commit();
            return;
          }
        }
      }
      made.commit();
    }
    throw JournalException.passing(
        database.place()
            + (alone
                ? " is the journal of nodes that are running; give this one a cluster-port, so"
                    + " that it is one of them"
                : " is the journal of a node that serves alone, without a cluster-port"),
        null);
  }

  static void pause(Duration pause) throws SQLException {
    try {
      Thread.sleep(pause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SQLException("interrupted", "57014", e);
    }
  }

  /** It does not answer any more: the next one is another. */
  void drop() {
    Connection lost = connection;
    connection = null;
    if (lost != null) {
      abort(lost);
    }
  }

  private void abort(Connection lost) {
    Session there = session;
    session = null;
    if (there != null) {
      former.add(there);
    }
    try {
      // Says nothing to a server that may not listen.
      lost.abort(Runnable::run);
    } catch (SQLException e) {
      log.debug("a lost connection could not be closed", e);
    }
  }

  @Override
  public void close() {
    Connection open = connection;
    connection = null;
    if (open != null) {
      try {
        open.close();
      } catch (SQLException e) {
        // What was acknowledged is committed.
        log.debug("the connection to the journal's database did not close well", e);
      }
    }
  }
}
