package dev.bitfleet.gateway.store;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/**
 * Digests of events in order, each of all that come before. A log may be written anew, by whoever
 * takes up what a node left: where the digests are the same, so is what has been read.
 */
final class EventChain {
  /** Before the first event. */
  static final byte[] START = new byte[32];

  private EventChain() {}

  /** The digest behind those events. */
  static byte[] after(byte[] before, List<byte[]> events) {
    MessageDigest digest = sha256();
    byte[] chain = before.clone();
    for (byte[] event : events) {
      digest.update(chain);
      chain = digest.digest(event);
    }
    return chain;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
