package dev.bitfleet.app.cluster;

import org.jspecify.annotations.Nullable;

/** A node cannot take its place in the cluster. The message says why, and what would help. */
public final class ClusterException extends Exception {
  private static final long serialVersionUID = 1;

  private final boolean unavailable;

  ClusterException(String message) {
    super(message);
    unavailable = false;
  }

  ClusterException(String message, Throwable cause) {
    super(message, cause);
    unavailable = false;
  }

  private ClusterException(@Nullable Throwable cause, String message) {
    super(message, cause);
    unavailable = true;
  }

  /** Its ports cannot be had. */
  static ClusterException unavailable(String message, Throwable cause) {
    return new ClusterException(cause, message);
  }

  /** Its address is not this machine's. */
  static ClusterException unavailable(String message) {
    return new ClusterException(null, message);
  }

  /** Whether another try may succeed with nothing changed here. */
  public boolean unavailable() {
    return unavailable;
  }
}
