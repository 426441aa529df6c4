package dev.bitfleet.gateway.http;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which web pages may call. By default those of this very machine: a page from elsewhere that a
 * browser on it has open must not be able to use, or read from, a server that asks for no key.
 */
final class Cors {
  private static final Pattern LOOPBACK =
      Pattern.compile("https?://(localhost|127\\.0\\.0\\.1|\\[::1])(:\\d{1,5})?");

  /** Names of header fields, separated by commas; no longer than any real client needs. */
  private static final Pattern HEADER_NAMES = Pattern.compile("[A-Za-z0-9_, -]{1,1024}");

  private final boolean any;
  private final boolean loopback;
  private final Set<String> exact;

  /**
   * @param origins exact origins, {@code loopback}, or {@code *}
   */
  Cors(List<String> origins) {
    any = origins.contains("*");
    loopback = origins.contains("loopback");
    exact = Set.copyOf(origins);
  }

  boolean allows(String origin) {
    return any || exact.contains(origin) || (loopback && LOOPBACK.matcher(origin).matches());
  }

  /** What goes into Access-Control-Allow-Headers for what a preflight asks. */
  static String allowedHeaders(String requested) {
    return HEADER_NAMES.matcher(requested).matches() ? requested : "authorization, content-type";
  }
}
