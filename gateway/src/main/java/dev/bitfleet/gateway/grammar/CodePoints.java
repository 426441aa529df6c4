package dev.bitfleet.gateway.grammar;

import java.util.Arrays;

/** An immutable set of Unicode scalar values, held as ascending, disjoint, inclusive ranges. */
final class CodePoints {
  static final CodePoints NONE = new CodePoints(new int[0]);

  /** Every scalar value: surrogates are no characters. */
  static final CodePoints ALL = new CodePoints(new int[] {0, 0xD7FF, 0xE000, 0x10FFFF});

  /** {@code lo, hi, lo, hi, …}. */
  private final int[] bounds;

  private CodePoints(int[] bounds) {
    this.bounds = bounds;
  }

  /** The union of inclusive ranges {@code lo, hi, lo, hi, …} in any order, less the surrogates. */
  static CodePoints of(int... ranges) {
    int n = ranges.length / 2;
    long[] sorted = new long[n];
    for (int i = 0; i < n; i++) {
      sorted[i] = ((long) ranges[2 * i] << 32) | ranges[2 * i + 1];
    }
    Arrays.sort(sorted);
    int[] merged = new int[ranges.length];
    int size = 0;
    for (long range : sorted) {
      int lo = (int) (range >>> 32);
      int hi = (int) range;
      if (size > 0 && lo <= merged[size - 1] + 1) {
        merged[size - 1] = Math.max(merged[size - 1], hi);
      } else {
        merged[size++] = lo;
        merged[size++] = hi;
      }
    }
    return new CodePoints(Arrays.copyOf(merged, size)).and(ALL);
  }

  /** Each character of a text on its own. */
  static CodePoints anyOf(String characters) {
    return of(characters.codePoints().flatMap(c -> java.util.stream.IntStream.of(c, c)).toArray());
  }

  int ranges() {
    return bounds.length / 2;
  }

  int low(int range) {
    return bounds[2 * range];
  }

  int high(int range) {
    return bounds[2 * range + 1];
  }

  boolean isEmpty() {
    return bounds.length == 0;
  }

  boolean contains(int codePoint) {
    int lo = 0;
    int hi = ranges() - 1;
    while (lo <= hi) {
      int mid = (lo + hi) >>> 1;
      if (codePoint < low(mid)) {
        hi = mid - 1;
      } else if (codePoint > high(mid)) {
        lo = mid + 1;
      } else {
        return true;
      }
    }
    return false;
  }

  CodePoints or(CodePoints other) {
    int[] both = Arrays.copyOf(bounds, bounds.length + other.bounds.length);
    System.arraycopy(other.bounds, 0, both, bounds.length, other.bounds.length);
    return of(both);
  }

  CodePoints and(CodePoints other) {
    int[] out = new int[bounds.length + other.bounds.length + 2];
    int size = 0;
    int i = 0;
    int j = 0;
    while (i < ranges() && j < other.ranges()) {
      int lo = Math.max(low(i), other.low(j));
      int hi = Math.min(high(i), other.high(j));
      if (lo <= hi) {
        out[size++] = lo;
        out[size++] = hi;
      }
      if (high(i) < other.high(j)) {
        i++;
      } else {
        j++;
      }
    }
    return new CodePoints(Arrays.copyOf(out, size));
  }

  CodePoints not() {
    int[] out = new int[bounds.length + 2];
    int size = 0;
    int next = 0;
    for (int i = 0; i < ranges(); i++) {
      if (low(i) > next) {
        out[size++] = next;
        out[size++] = low(i) - 1;
      }
      next = high(i) + 1;
    }
    if (next <= Character.MAX_CODE_POINT) {
      out[size++] = next;
      out[size++] = Character.MAX_CODE_POINT;
    }
    return new CodePoints(Arrays.copyOf(out, size)).and(ALL);
  }

  CodePoints less(CodePoints other) {
    return and(other.not());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CodePoints that && Arrays.equals(bounds, that.bounds);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bounds);
  }
}
