package dev.bitfleet.proto;

/**
 * Version of a protocol. Sides with different majors never meet; a higher minor only adds fields.
 *
 * @param major from 1
 * @param minor from 0
 */
public record ProtocolVersion(int major, int minor) {
  /** The fleet protocol this build speaks. */
  public static final ProtocolVersion FLEET = new ProtocolVersion(1, 1);

  /** The engine protocol this build speaks. */
  public static final ProtocolVersion ENGINE = new ProtocolVersion(1, 0);

  public ProtocolVersion {
    if (major < 1 || minor < 0) {
      throw new IllegalArgumentException("no such protocol version: " + major + "." + minor);
    }
  }

  @Override
  public String toString() {
    return major + "." + minor;
  }
}
