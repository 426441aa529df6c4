package dev.bitfleet.app.chat;

import java.net.URI;
import java.util.Optional;

/**
 * Where a server's API begins. People write the host with or without {@code /v1}; OpenAI's own
 * clients take it with.
 *
 * @param base without a slash at its end, with {@code /v1} or whatever stands in its place
 */
record ServerAddress(URI base) {

  static ServerAddress of(String text) throws ChatException {
    String written = text.contains("://") ? text : "http://" + text;
    URI uri;
    try {
      uri = URI.create(written.replaceAll("/+$", ""));
    } catch (IllegalArgumentException e) {
      throw new ChatException("'" + text + "' is not a URL", e);
    }
    String scheme = Optional.ofNullable(uri.getScheme()).orElse("");
    if (!(scheme.equals("http") || scheme.equals("https")) || uri.getHost() == null) {
      throw new ChatException("'" + text + "' is not the http(s) URL of a server");
    }
    boolean bare = uri.getPath() == null || uri.getPath().isEmpty();
    return new ServerAddress(bare ? URI.create(uri + "/v1") : uri);
  }

  URI path(String below) {
    return URI.create(base + below);
  }
}
