package dev.bitfleet.proto;

import java.util.Arrays;
import java.util.Collection;

/**
 * Which beginnings of prompts a worker may still hold, in a few hundred bytes: a Bloom filter
 * (Bloom 1970) of {@link PromptChain} links. It never denies what is there, and hardly ever claims
 * what is not. Immutable.
 */
public final class PrefixSummary {
  /**
   * With twelve probes seven wrong claims in a hundred thousand: a fleet has many workers to ask.
   */
  private static final int BITS_PER_LINK = 20;

  private static final int PROBES = 12;
  private static final int SMALLEST_BYTES = 8;

  /** More than any worker would say; what comes over the wire is not trusted. */
  private static final int LARGEST_BYTES = 1 << 16;

  /** Nothing is held. */
  public static final PrefixSummary NONE = new PrefixSummary(new byte[0]);

  private final byte[] bits;

  private PrefixSummary(byte[] bits) {
    this.bits = bits;
  }

  /** Of those links. */
  public static PrefixSummary of(Collection<Long> links) {
    if (links.isEmpty()) {
      return NONE;
    }
    int bytes = SMALLEST_BYTES;
    while (bytes * 8L < (long) links.size() * BITS_PER_LINK && bytes < LARGEST_BYTES) {
      bytes *= 2;
    }
    byte[] bits = new byte[bytes];
    for (long link : links) {
      for (int probe = 0; probe < PROBES; probe++) {
        int bit = bit(link, probe, bytes);
        bits[bit >>> 3] |= (byte) (1 << (bit & 7));
      }
    }
    return new PrefixSummary(bits);
  }

  /**
   * As {@link #bytes} gave it.
   *
   * @return {@link #NONE} for what cannot be one, as a newer version's form might be
   */
  public static PrefixSummary ofBytes(byte[] bytes) {
    boolean form =
        bytes.length >= SMALLEST_BYTES
            && bytes.length <= LARGEST_BYTES
            && Integer.bitCount(bytes.length) == 1;
    return form ? new PrefixSummary(bytes.clone()) : NONE;
  }

  /** For the wire; empty for {@link #NONE}. */
  public byte[] bytes() {
    return bits.clone();
  }

  /** Whether that beginning may be held. */
  public boolean mayHold(long link) {
    if (bits.length == 0) {
      return false;
    }
    for (int probe = 0; probe < PROBES; probe++) {
      int bit = bit(link, probe, bits.length);
      if ((bits[bit >>> 3] & (1 << (bit & 7))) == 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Each probe has bits of its own: two numbers for all of them would coincide in small filters.
   */
  private static int bit(long link, int probe, int bytes) {
    return (int) SplitMix64.at(link, probe + 1) & (bytes * 8 - 1);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PrefixSummary summary && Arrays.equals(bits, summary.bits);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bits);
  }

  @Override
  public String toString() {
    return "PrefixSummary[" + bits.length + " bytes]";
  }
}
