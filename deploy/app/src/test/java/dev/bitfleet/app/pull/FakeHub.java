package dev.bitfleet.app.pull;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A server that behaves as Hugging Face's does: an API, {@code resolve} URLs that redirect large
 * files to another host, ranges, etags, error codes, gates. Its faults are public fields.
 */
final class FakeHub implements AutoCloseable {
  static final String COMMIT = "c".repeat(40);

  private final HttpServer hub;
  private final HttpServer cdn;
  private final Map<String, byte[]> large = new TreeMap<>();
  private final Map<String, byte[]> small = new TreeMap<>();

  /** What the CDN was asked: "range|if-range|authorization", "-" for what was absent. */
  final List<String> cdnRequests = new CopyOnWriteArrayList<>();

  final List<String> hubAuthorizations = new CopyOnWriteArrayList<>();
  final AtomicInteger hubFailures = new AtomicInteger();
  final AtomicInteger drops = new AtomicInteger();
  volatile int dropAfter = 1000;
  volatile boolean ranges = true;
  volatile boolean answers416;
  volatile boolean spoil;
  volatile boolean hang;
  volatile String etag = "\"one\"";
  volatile Optional<String> tokenNeeded = Optional.empty();
  volatile String gate = "";
  volatile String card = "\"license\":\"mit\"";
  volatile Optional<String> redirectTo = Optional.empty();

  FakeHub() throws IOException {
    hub = server(this::hub);
    cdn = server(this::cdn);
  }

  private static HttpServer server(com.sun.net.httpserver.HttpHandler handler) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", handler);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.start();
    return server;
  }

  String url() {
    return "http://127.0.0.1:" + hub.getAddress().getPort();
  }

  void large(String path, byte[] bytes) {
    large.put(path, bytes);
  }

  void small(String path, String text) {
    small.put(path, text.getBytes(StandardCharsets.UTF_8));
  }

  private void hub(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    hubAuthorizations.add(header(exchange, "Authorization"));
    if (hubFailures.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
      answer(exchange, 503, "busy");
      return;
    }
    if (tokenNeeded.isPresent()
        && !header(exchange, "Authorization").equals("Bearer " + tokenNeeded.get())) {
      exchange.getResponseHeaders().add("X-Error-Code", gate.isEmpty() ? "RepoNotFound" : gate);
      boolean without = header(exchange, "Authorization").equals("-");
      answer(exchange, without ? 401 : 403, "no");
      return;
    }
    if (path.equals("/api/models/me/model/revision/main")) {
      answer(exchange, 200, describe());
    } else if (path.startsWith("/api/models/me/model/revision/")) {
      exchange.getResponseHeaders().add("X-Error-Code", "RevisionNotFound");
      answer(exchange, 404, "no");
    } else if (path.startsWith("/me/model/resolve/" + COMMIT + "/")) {
      resolve(exchange, path.substring(("/me/model/resolve/" + COMMIT + "/").length()));
    } else {
      exchange.getResponseHeaders().add("X-Error-Code", "RepoNotFound");
      answer(exchange, 404, "no");
    }
  }

  private void resolve(HttpExchange exchange, String file) throws IOException {
    if (large.containsKey(file)) {
      exchange.getResponseHeaders().add("X-Linked-Etag", '"' + sha256(large.get(file)) + '"');
      exchange
          .getResponseHeaders()
          .add(
              "Location",
              redirectTo.orElse("http://127.0.0.1:" + cdn.getAddress().getPort() + "/" + file));
      answer(exchange, 302, "");
    } else if (small.containsKey(file)) {
      exchange.getResponseHeaders().add("Location", "/cache/" + file);
      if (exchange.getRequestURI().getPath().startsWith("/me/")) {
        answer(exchange, 200, new String(small.get(file), StandardCharsets.UTF_8));
      }
    } else {
      exchange.getResponseHeaders().add("X-Error-Code", "EntryNotFound");
      answer(exchange, 404, "no");
    }
  }

  private void cdn(HttpExchange exchange) throws IOException {
    String range = header(exchange, "Range");
    cdnRequests.add(
        range + "|" + header(exchange, "If-Range") + "|" + header(exchange, "Authorization"));
    byte[] bytes =
        large.getOrDefault(exchange.getRequestURI().getPath().substring(1), new byte[0]).clone();
    if (spoil) {
      bytes[bytes.length / 2] ^= 1;
    }
    boolean same =
        header(exchange, "If-Range").equals("-") || header(exchange, "If-Range").equals(etag);
    int from = 0;
    exchange.getResponseHeaders().add("ETag", etag);
    if (!range.equals("-") && answers416) {
      answers416 = false;
      exchange.getResponseHeaders().add("Content-Range", "bytes */" + bytes.length);
      answer(exchange, 416, "");
      return;
    }
    if (!range.equals("-") && ranges && same) {
      from = Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
      exchange
          .getResponseHeaders()
          .add("Content-Range", "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
    }
    exchange.sendResponseHeaders(from > 0 ? 206 : 200, bytes.length - from);
    try (OutputStream out = exchange.getResponseBody()) {
      if (drops.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
        out.write(bytes, from, Math.min(dropAfter, bytes.length - from));
        out.flush();
        if (hang) {
          LockSupport.parkNanos(3_000_000_000L);
        }
        throw new IOException("drop");
      }
      out.write(bytes, from, bytes.length - from);
    }
  }

  private String describe() {
    var siblings = new StringBuilder();
    large.forEach(
        (path, bytes) ->
            siblings.append(
                "{\"rfilename\":\"%s\",\"size\":%d,\"blobId\":\"%s\",\"lfs\":{\"sha256\":\"%s\",\"size\":%d}},"
                    .formatted(path, bytes.length, "0".repeat(40), sha256(bytes), bytes.length)));
    small.forEach(
        (path, bytes) ->
            siblings.append(
                "{\"rfilename\":\"%s\",\"size\":%d,\"blobId\":\"%s\"},"
                    .formatted(path, bytes.length, gitBlob(bytes))));
    String list = siblings.isEmpty() ? "" : siblings.substring(0, siblings.length() - 1);
    return "{\"id\":\"me/model\",\"sha\":\""
        + COMMIT
        + "\",\"cardData\":{"
        + card
        + "},\"siblings\":["
        + list
        + "]}";
  }

  private static String header(HttpExchange exchange, String name) {
    String value = exchange.getRequestHeaders().getFirst(name);
    return value == null ? "-" : value;
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(bytes);
    }
  }

  static String sha256(byte[] bytes) {
    return digest("SHA-256", bytes);
  }

  private static String gitBlob(byte[] bytes) {
    byte[] head = ("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII);
    byte[] all = new byte[head.length + bytes.length];
    System.arraycopy(head, 0, all, 0, head.length);
    System.arraycopy(bytes, 0, all, head.length, bytes.length);
    return digest("SHA-1", all);
  }

  private static String digest(String algorithm, byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    hub.stop(0);
    cdn.stop(0);
  }
}
