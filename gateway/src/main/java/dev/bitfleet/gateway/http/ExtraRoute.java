package dev.bitfleet.gateway.http;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A route of a program that has this server within it. It cannot stand in for one of the server's
 * own, and passes the same doors: host names, origins, keys, limits of bodies.
 *
 * @param method of HTTP, in capitals
 * @param path exact; no parameters
 * @param open whether it asks for no key on a server that does otherwise
 */
public record ExtraRoute(String method, String path, boolean open, Work work) {
  private static final Set<String> METHODS = Set.of("GET", "POST", "PUT", "PATCH", "DELETE");
  private static final Pattern PATH = Pattern.compile("(/[A-Za-z0-9._~%-]+)+|/");

  /** What the route does. Called on a virtual thread of its own, so it may block. */
  @FunctionalInterface
  public interface Work {
    /** What it throws is answered with 500, and logged. */
    RouteAnswer answer(RouteRequest request) throws Exception;
  }

  public ExtraRoute {
    if (!METHODS.contains(method.toUpperCase(Locale.ROOT)) || !PATH.matcher(path).matches()) {
      throw new IllegalArgumentException("not a route: " + method + " " + path);
    }
    method = method.toUpperCase(Locale.ROOT);
  }
}
