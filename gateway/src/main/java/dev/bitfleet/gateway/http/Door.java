package dev.bitfleet.gateway.http;

import dev.bitfleet.gateway.contract.ApiError;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Sends away what is not for this server, before anything else is looked at: a page that had its
 * own name resolve to this machine (Host), or one of another origin that just calls (Origin).
 */
public final class Door {
  /** The absolute form (RFC 9112, 3.2.2), which every server must take. */
  private static final Pattern ABSOLUTE =
      Pattern.compile("https?://([^/?#@\\s]+)(?:[/?].*)?", Pattern.CASE_INSENSITIVE);

  private final HostNames hosts;
  private final Cors cors;

  /**
   * @param hosts see {@link AccessRules}
   * @param origins see {@link AccessRules}
   */
  public Door(List<String> hosts, List<String> origins) {
    this.hosts = new HostNames(hosts);
    this.cors = new Cors(origins);
  }

  Cors cors() {
    return cors;
  }

  /** What a request is sent away with; empty when it may come in. */
  public Optional<ApiError> refuses(HttpServerRequest request) {
    List<String> headers = request.headers().getAll("host");
    if (headers.size() > 1 || (headers.isEmpty() && request.version() == HttpVersion.HTTP_1_1)) {
      return malformed("A request has exactly one Host header.");
    }
    String host = headers.isEmpty() ? null : headers.getFirst();
    String target = request.uri();
    if (target != null && !target.startsWith("/") && !target.equals("*")) {
      Matcher absolute = ABSOLUTE.matcher(target);
      if (!absolute.matches()) {
        return malformed("The request's target is neither a path nor a URI of http.");
      }
      // What it says counts, and the header must be passed over (RFC 9112, 3.2.2).
      host = absolute.group(1);
    }
    if (!hosts.answersTo(host)) {
      return Optional.of(
          ApiError.invalid(
              421,
              "host_not_allowed",
              Optional.empty(),
              "This server does not answer to that host name; allowed-hosts lists those it does."));
    }
    String origin = request.getHeader("origin");
    if (origin != null && !cors.allows(origin) && !isOwn(origin, host)) {
      return Optional.of(
          ApiError.invalid(
              403,
              "origin_not_allowed",
              Optional.empty(),
              "Pages of that origin may not call; cors-origins lists those that may."));
    }
    return Optional.empty();
  }

  private static Optional<ApiError> malformed(String message) {
    return Optional.of(ApiError.invalid(400, "malformed_request", Optional.empty(), message));
  }

  /** A page that this very server, or the proxy before it, has delivered. */
  private static boolean isOwn(String origin, @Nullable String host) {
    int scheme = origin.indexOf("://");
    return host != null && scheme > 0 && origin.substring(scheme + 3).equalsIgnoreCase(host);
  }
}
