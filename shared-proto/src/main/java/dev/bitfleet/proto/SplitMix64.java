package dev.bitfleet.proto;

/**
 * Numbers that look drawn by lot and are a function of what they are made from. Source: SplitMix64
 * (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014). No cryptography.
 */
public final class SplitMix64 {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private SplitMix64() {}

  /** The n-th number from a seed; neighbours have nothing to do with each other. */
  public static long at(long seed, long n) {
    return mixed(seed + n * GOLDEN_GAMMA);
  }

  /** The finaliser alone: every bit of the value reaches every bit. Different values stay so. */
  public static long mixed(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
