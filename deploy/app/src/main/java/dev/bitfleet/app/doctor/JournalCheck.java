package dev.bitfleet.app.doctor;

import dev.bitfleet.gateway.store.JournalDatabase;
import dev.bitfleet.gateway.store.JournalException;
import java.util.List;
import java.util.Map;

/** Whether the journal's database answers, and is for this cluster. */
record JournalCheck(JournalDatabase database) implements Check {
  @Override
  public List<Finding> look() {
    Map<String, Object> facts = Map.of("url", database.place());
    try {
      return List.of(Finding.ok("journal", database.look(), facts));
    } catch (JournalException e) {
      return List.of(
          Finding.warn(
              "journal",
              e.getMessage() + "; requests that keep something would be answered 503",
              "see journal-url, journal-user and journal-password-file",
              facts));
    }
  }
}
