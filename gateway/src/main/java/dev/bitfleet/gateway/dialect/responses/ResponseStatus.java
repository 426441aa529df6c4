package dev.bitfleet.gateway.dialect.responses;

import java.util.Locale;

/** What has become of a response. */
public enum ResponseStatus {
  QUEUED,
  IN_PROGRESS,
  COMPLETED,
  INCOMPLETE,
  FAILED,
  CANCELLED;

  /** Whether nothing will happen to it any more. */
  public boolean terminal() {
    return switch (this) {
      case QUEUED, IN_PROGRESS -> false;
      case COMPLETED, INCOMPLETE, FAILED, CANCELLED -> true;
    };
  }

  /** As JSON has it. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
