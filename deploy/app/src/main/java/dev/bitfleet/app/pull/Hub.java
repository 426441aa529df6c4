package dev.bitfleet.app.pull;

import dev.bitfleet.app.pull.PullException.Reason;
import dev.bitfleet.app.pull.Repository.RemoteFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The few requests of Hugging Face's API that a pull needs, one attempt each. Redirects are
 * followed here and not by the HTTP client, which would carry the token along to wherever they
 * lead.
 *
 * <p>Source: the behaviour of the Hub's public HTTP API ({@code /api/models/…}, {@code
 * /OWNER/REPO/resolve/…}, {@code X-Error-Code}).
 */
final class Hub {
  private static final int MAX_REDIRECTS = 6;
  private static final int MAX_JSON_BYTES = 32 << 20;
  private static final int MAX_ERROR_BYTES = 4096;

  private final Endpoint endpoint;
  private final HttpClient http;
  private final Duration headTimeout;
  private final String userAgent;

  Hub(Endpoint endpoint, Duration headTimeout, String userAgent) {
    this.endpoint = endpoint;
    this.headTimeout = headTimeout;
    this.userAgent = userAgent;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(headTimeout)
            .build();
  }

  /** An answer that is none: the status tells whether trying again helps. */
  static final class Turned extends IOException {
    private static final long serialVersionUID = 1;
    private final Optional<Duration> retryAfter;

    Turned(String message, Optional<Duration> retryAfter) {
      super(message);
      this.retryAfter = retryAfter;
    }

    Optional<Duration> retryAfter() {
      return retryAfter;
    }
  }

  /** What the repository holds at that revision. */
  Repository repository(Wanted wanted) throws PullException, IOException, InterruptedException {
    // A branch may have slashes, which are not those of the path.
    URI uri =
        URI.create(
            endpoint.at("api", "models", wanted.name(), "revision")
                + "/"
                + wanted.revision().replace("/", "%2F")
                + "?blobs=true");
    HttpResponse<InputStream> response = get(uri, Optional.empty(), Optional.empty());
    try (InputStream body = response.body()) {
      if (response.statusCode() != 200) {
        throw refusal(response, body, wanted, "");
      }
      byte[] bytes = body.readNBytes(MAX_JSON_BYTES + 1);
      if (bytes.length > MAX_JSON_BYTES) {
        throw new PullException(Reason.UNREACHABLE, "the hub's answer is too long");
      }
      return read(JsonMapper.shared().readTree(bytes), wanted);
    } catch (JacksonException e) {
      throw new PullException(
          Reason.UNREACHABLE, endpoint.base() + " did not answer as a hub does: no JSON");
    }
  }

  private static Repository read(JsonNode tree, Wanted wanted) throws PullException {
    String commit = tree.path("sha").asString("");
    if (!commit.matches("[0-9a-f]{40}") || !tree.path("siblings").isArray()) {
      throw new PullException(
          Reason.UNREACHABLE, "the hub did not answer as a hub does: no commit or no files");
    }
    List<RemoteFile> files = new ArrayList<>();
    for (JsonNode each : tree.path("siblings")) {
      JsonNode large = each.path("lfs");
      JsonNode size = large.has("size") ? large.path("size") : each.path("size");
      files.add(
          new RemoteFile(
              each.path("rfilename").asString(""),
              size.isIntegralNumber() && size.canConvertToLong() ? size.asLong() : -1,
              hex(large.path("sha256"), 64).or(() -> hex(large.path("oid"), 64)),
              hex(each.path("blobId"), 40)));
    }
    JsonNode card = tree.path("cardData");
    JsonNode licence = card.path("license");
    return new Repository(
        wanted.name(),
        commit,
        text(card.path("license_name"))
            .or(() -> text(licence.isArray() ? licence.path(0) : licence)),
        text(card.path("license_link")),
        text(
            card.path("base_model").isArray()
                ? card.path("base_model").path(0)
                : card.path("base_model")),
        files);
  }

  private static Optional<String> hex(JsonNode node, int digits) {
    return Optional.of(node.asString("")).filter(text -> text.matches("[0-9a-f]{" + digits + "}"));
  }

  /** Shown to a person at a terminal: short, and nothing that moves the cursor. */
  private static Optional<String> text(JsonNode node) {
    return Optional.of(node.asString(""))
        .map(text -> text.replaceAll("\\p{Cntrl}", " ").strip())
        .map(text -> text.length() > 200 ? text.substring(0, 200) : text)
        .filter(text -> !text.isEmpty());
  }

  /**
   * Opens a file at a commit.
   *
   * @param from first byte that is wanted
   * @param ifRange the strong etag that the bytes before it had; without one the server may still
   *     answer with a part
   * @return status 200, 206 or 416; everything else is thrown
   */
  HttpResponse<InputStream> open(
      Wanted wanted, String commit, String path, long from, Optional<String> ifRange)
      throws PullException, IOException, InterruptedException {
    HttpResponse<InputStream> response =
        get(
            endpoint.at(wanted.name(), "resolve", commit, path),
            from > 0 ? Optional.of("bytes=" + from + "-") : Optional.empty(),
            ifRange);
    return switch (response.statusCode()) {
      case 200, 206, 416 -> response;
      default -> {
        try (InputStream body = response.body()) {
          throw refusal(response, body, wanted, path);
        }
      }
    };
  }

  private HttpResponse<InputStream> get(URI start, Optional<String> range, Optional<String> ifRange)
      throws PullException, IOException, InterruptedException {
    URI uri = start;
    for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
      var request =
          HttpRequest.newBuilder(uri)
              .timeout(headTimeout)
              .header("user-agent", userAgent)
              // A compressed body would have other ranges than the file.
              .header("accept-encoding", "identity");
      if (endpoint.mayHearToken(uri)) {
        endpoint.token().ifPresent(token -> request.header("authorization", "Bearer " + token));
      }
      range.ifPresent(bytes -> request.header("range", bytes));
      if (range.isPresent()) {
        ifRange.ifPresent(etag -> request.header("if-range", etag));
      }
      HttpResponse<InputStream> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
      int status = response.statusCode();
      if (status < 300 || status >= 400 || status == 304) {
        return response;
      }
      response.body().close();
      Optional<String> location = response.headers().firstValue("location");
      if (location.isEmpty()) {
        throw new PullException(Reason.UNREACHABLE, "the hub redirects to nowhere");
      }
      try {
        uri = uri.resolve(location.get());
      } catch (IllegalArgumentException e) {
        throw new PullException(Reason.UNREACHABLE, "the hub redirects to no address");
      }
      if (!endpoint.safe(uri)) {
        throw new PullException(
            Reason.UNREACHABLE, "the hub redirects to " + uri.getHost() + " without https");
      }
    }
    throw new PullException(Reason.UNREACHABLE, "the hub redirects without end");
  }

  private Exception refusalOf(
      HttpResponse<InputStream> response, InputStream body, Wanted wanted, String path)
      throws IOException {
    body.readNBytes(MAX_ERROR_BYTES);
    int status = response.statusCode();
    String code = response.headers().firstValue("x-error-code").orElse("");
    String page = endpoint.at(wanted.name()).toString();
    boolean token = endpoint.token().isPresent();
    if (status == 408 || status == 429 || status >= 500) {
      Optional<Duration> after =
          response
              .headers()
              .firstValue("retry-after")
              .filter(text -> text.matches("\\d{1,4}"))
              .map(text -> Duration.ofSeconds(Long.parseLong(text)));
      return new Turned("the hub answered " + status, after);
    }
    if (code.equals("GatedRepo")) {
      return new PullException(
          Reason.FORBIDDEN,
          token
              ? wanted.name()
                  + " is gated, and the account of this token has no access yet: ask for it at "
                  + page
              : wanted.name()
                  + " is gated: accept its terms at "
                  + page
                  + ", then pull with a token (HF_TOKEN or --token-file)");
    }
    return switch (status) {
      case 401 ->
          new PullException(
              Reason.FORBIDDEN,
              token && !code.equals("RepoNotFound")
                  ? "the hub does not accept this token"
                  : "there is no repository "
                      + wanted.name()
                      + ", or it is private"
                      + (token
                          ? " and this token may not see it"
                          : ": if so, pull with a token (HF_TOKEN or --token-file)"));
      case 403 ->
          new PullException(
              Reason.FORBIDDEN, "access to " + wanted.name() + " is denied; see " + page);
      case 404 ->
          new PullException(
              Reason.MISSING,
              switch (code) {
                case "RevisionNotFound" ->
                    wanted.name() + " has no revision '" + wanted.revision() + "'";
                case "EntryNotFound" -> wanted.name() + " has no file '" + path + "'";
                default -> "there is no repository " + wanted.name() + " at " + endpoint.base();
              });
      default -> new PullException(Reason.UNREACHABLE, "the hub answered " + status);
    };
  }

  private PullException refusal(
      HttpResponse<InputStream> response, InputStream body, Wanted wanted, String path)
      throws IOException {
    return switch (refusalOf(response, body, wanted, path)) {
      case PullException refused -> refused;
      case Turned turned -> throw turned;
      case Exception other -> throw new IOException(other);
    };
  }
}
