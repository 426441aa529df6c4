package dev.bitfleet.gateway.store;

import java.sql.SQLException;
import java.util.Set;

/** What a failure of the journal's database means for whoever tried. */
enum DatabaseFailure {
  /** The connection is gone, or leads to a server that takes no writes: another one may do. */
  LOST,
  /** Somebody else was at the same rows: the same again may do. */
  IN_THE_WAY,
  /** The same again would fail alike. */
  REFUSED;

  private static final Set<String> LEADS_NOWHERE =
      Set.of(
          // Ended by an operator, by a crash, about to start, or without its database.
          "57P01",
          "57P02",
          "57P03",
          "57P04",
          // Idle in a transaction for too long, as after a pause of this process; idle too long.
          "25P03",
          "57P05",
          // A standby: where a fleet's database failed over, another host is the one to write to.
          "25006");

  private static final Set<String> OTHERS =
      Set.of(
          "40001", // serialization_failure
          "40P01", // deadlock_detected
          "55P03", // lock_not_available: lock_timeout
          "57014"); // query_canceled: statement_timeout

  static DatabaseFailure of(SQLException e) {
    String state = String.valueOf(e.getSQLState());
    if (state.startsWith("08") || LEADS_NOWHERE.contains(state)) {
      return LOST;
    }
    return OTHERS.contains(state) ? IN_THE_WAY : REFUSED;
  }

  /** The same for people: what the server said, and never what was being written. */
  static JournalException described(String name, SQLException e) {
    String state = String.valueOf(e.getSQLState());
    String what =
        switch (state) {
          case "28P01", "28000", "08004" -> " does not let this node in: ";
          case "3D000" -> " is not there: ";
          case "42501" -> " does not let this node do what it has to: ";
          case "53100" -> " cannot grow, its disk is full: ";
          default -> of(e) == LOST ? " cannot be reached: " : " failed (SQLSTATE " + state + "): ";
        };
    return JournalException.passing(name + what + e.getMessage(), e);
  }
}
