package dev.bitfleet.app.pull;

import java.util.Locale;

/** Bytes for people, in powers of ten as disks are sold. */
final class Sizes {
  private Sizes() {}

  static String write(long bytes) {
    if (bytes >= 1_000_000_000L) {
      return String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
    }
    return bytes >= 1_000_000
        ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
        : String.format(Locale.ROOT, "%.1f kB", bytes / 1e3);
  }
}
