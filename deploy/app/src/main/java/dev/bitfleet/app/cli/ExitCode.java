package dev.bitfleet.app.cli;

/**
 * How a command ended. The numbers from 64 are those of {@code sysexits.h}, which systemd names in
 * its log.
 */
public enum ExitCode {
  /** Done; for {@code serve}: stopped on request, every stream ended by itself. */
  OK(0),
  /** {@code doctor} found something that keeps Bitfleet from serving. */
  BLOCKED(1),
  /** The command line makes no sense. */
  USAGE(64),
  /** The model file is broken, or of a kind the engine does not know. */
  BAD_MODEL(65),
  /** There is no such model. */
  NO_MODEL(66),
  /**
   * A port is taken or the address is not this machine's; for {@code chat}, the server does not
   * answer or not well.
   */
  UNAVAILABLE(69),
  /** The engine cannot be started, or something that should not happen. */
  SOFTWARE(70),
  /** {@code pull}: the disk is full or cannot be written. */
  DISK(73),
  /** {@code pull}: the hub cannot be reached, or fails; later may be better. */
  UNREACHABLE(75),
  /** {@code pull}: the repository takes a token, or another one. */
  FORBIDDEN(77),
  /** File, environment or flags hold a value that cannot be used. */
  CONFIGURATION(78),
  /** Stopped by SIGINT or SIGTERM with streams still running when the drain time was over. */
  CUT_SHORT(143);

  private final int number;

  ExitCode(int number) {
    this.number = number;
  }

  /** What the shell sees. */
  public int number() {
    return number;
  }
}
