package dev.bitfleet.gateway.http;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The names this server answers to. */
final class HostNames {
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[::1]|\\[0:0:0:0:0:0:0:1]");

  private final boolean any;
  private final boolean loopback;
  private final Set<String> exact;

  HostNames(List<String> names) {
    any = names.contains("*");
    loopback = names.contains("loopback");
    exact = names.stream().map(n -> n.toLowerCase(Locale.ROOT)).collect(Collectors.toSet());
  }

  /**
   * Whether a request under that name is meant for us.
   *
   * @param header the Host header, with or without a port; HTTP/1.0 has none
   */
  boolean answersTo(@Nullable String header) {
    if (any || header == null) {
      return true;
    }
    String name = withoutPort(header).toLowerCase(Locale.ROOT);
    return exact.contains(name) || (loopback && LOOPBACK.matcher(name).matches());
  }

  private static String withoutPort(String header) {
    int colon = header.lastIndexOf(':');
    return colon > header.lastIndexOf(']') ? header.substring(0, colon) : header;
  }
}
