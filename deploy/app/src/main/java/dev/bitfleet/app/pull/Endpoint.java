package dev.bitfleet.app.pull;

import dev.bitfleet.app.pull.PullException.Reason;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/**
 * Where the hub is, and who may hear our token.
 *
 * @param base without a slash at its end
 * @param token of the person who pulls; sent to the host of {@code base} and to no other
 */
public record Endpoint(URI base, Optional<String> token) {
  /** Hugging Face's own. */
  public static final String DEFAULT = "https://huggingface.co";

  /** Reads an endpoint; HTTPS, or HTTP on this machine. */
  public static Endpoint of(String text, Optional<String> token) throws PullException {
    URI uri;
    try {
      uri = URI.create(text.strip().replaceAll("/+$", ""));
    } catch (IllegalArgumentException e) {
      throw bad(text);
    }
    if (uri.getHost() == null || uri.getRawQuery() != null || uri.getRawFragment() != null) {
      throw bad(text);
    }
    var endpoint = new Endpoint(uri, token.map(String::strip).filter(each -> !each.isEmpty()));
    if (!endpoint.safe(uri)) {
      throw new PullException(
          Reason.UNCLEAR,
          "the endpoint " + uri + " is not https: anyone on the way could change what is pulled");
    }
    if (endpoint.token().filter(each -> !each.matches("[\\x21-\\x7e]{1,512}")).isPresent()) {
      throw new PullException(Reason.UNCLEAR, "the token holds characters no token has");
    }
    return endpoint;
  }

  private static PullException bad(String text) {
    return new PullException(Reason.UNCLEAR, "'" + text + "' is no endpoint such as " + DEFAULT);
  }

  /** A URI of the hub; every segment of the path is encoded. */
  URI at(String... segments) {
    var path = new StringBuilder();
    for (String segment : segments) {
      for (String part : segment.split("/")) {
        path.append('/').append(encoded(part));
      }
    }
    return URI.create(base + path.toString());
  }

  /** Whether a request to that URI may carry the token: the very same scheme, host and port. */
  boolean mayHearToken(URI uri) {
    return base.getScheme().equalsIgnoreCase(String.valueOf(uri.getScheme()))
        && base.getHost().equalsIgnoreCase(String.valueOf(uri.getHost()))
        && port(base) == port(uri);
  }

  /** Whether bytes may be taken from there: HTTPS, or HTTP that never leaves this machine. */
  boolean safe(URI uri) {
    String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
    if (scheme.equals("https")) {
      return uri.getHost() != null;
    }
    if (!scheme.equals("http") || uri.getHost() == null) {
      return false;
    }
    try {
      return InetAddress.getByName(uri.getHost()).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static int port(URI uri) {
    return uri.getPort() >= 0 ? uri.getPort() : "https".equals(uri.getScheme()) ? 443 : 80;
  }

  private static String encoded(String segment) {
    var text = new StringBuilder();
    for (byte b : segment.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      boolean plain = c < 0x80 && (Character.isLetterOrDigit(c) || "-._~".indexOf(c) >= 0);
      text.append(plain ? String.valueOf(c) : String.format(Locale.ROOT, "%%%02X", (int) c));
    }
    return text.toString();
  }
}
