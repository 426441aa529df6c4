package dev.bitfleet.worker.engine.llamaserver;

import dev.bitfleet.worker.engine.EngineEvent;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The three requests we make of a llama-server. Each has its own connection: the server keeps a
 * thread busy with every one that stays open, and closing it is the only way to cancel.
 */
final class LlamaServerClient {
  private static final Logger LOG = LoggerFactory.getLogger(LlamaServerClient.class);
  private static final Duration HEALTH_TIMEOUT = Duration.ofSeconds(1);
  private static final int MAX_CONNECTIONS = 2048;
  private static final int MAX_ERROR_BYTES = 4096;

  /** Hears of one completion, on the context it was asked from. */
  interface Listener {
    /** Status 200: the server has taken the request. */
    void begun();

    /** More of the event stream. */
    void bytes(Buffer bytes);

    /** Another status, with it and what the body says. */
    void refused(int status, String message);

    /** The response is over, or never came. */
    void ended(String how);
  }

  /** One completion under way. */
  static final class Streaming {
    private boolean closed;
    private @Nullable HttpClientRequest request;

    /** Closes its connection; nothing is heard of it any more. */
    void close() {
      closed = true;
      if (request != null) {
        request.reset();
      }
    }
  }

  private final HttpClient http;
  private final LlamaServerEngine.Endpoint endpoint;

  LlamaServerClient(Vertx vertx, LlamaServerEngine.Endpoint endpoint) {
    this.endpoint = endpoint;
    this.http =
        vertx
            .httpClientBuilder()
            .with(new HttpClientOptions().setKeepAlive(false).setConnectTimeout(1000))
            .with(new PoolOptions().setHttp1MaxSize(MAX_CONNECTIONS))
            // Requests hear of a broken connection too; by itself it is no error, servers die.
            .withConnectHandler(
                connection ->
                    connection.exceptionHandler(
                        problem -> LOG.debug("a connection to llama-server broke", problem)))
            .build();
  }

  /** Whether the model is loaded; fails while nobody listens. */
  Future<Boolean> healthy() {
    return request(HttpMethod.GET, "/health")
        .compose(
            request ->
                request
                    .send()
                    .compose(response -> response.body().map(response.statusCode() == 200)))
        .timeout(HEALTH_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Answered by the thread that steps the model, between two steps.
   *
   * @param timeout of silence, after which the connection is closed
   */
  Future<EngineEvent.Pong> metrics(Duration timeout) {
    return request(HttpMethod.GET, "/metrics")
        .compose(request -> request.idleTimeout(timeout.toMillis()).send())
        .compose(
            response ->
                response.statusCode() == 200
                    ? response.body()
                    : Future.failedFuture("status " + response.statusCode()))
        .map(
            body -> {
              String text = body.toString();
              return new EngineEvent.Pong(
                  metric(text, "n_decode_total"), (int) metric(text, "requests_processing"));
            });
  }

  /** Asks for a completion. */
  Streaming complete(String body, Listener listener) {
    Streaming streaming = new Streaming();
    request(HttpMethod.POST, "/completion")
        .onComplete(
            request -> {
              if (streaming.closed) {
                request.reset();
                return;
              }
              streaming.request = request;
              request.putHeader("content-type", "application/json");
              request
                  .send(Buffer.buffer(body))
                  .onComplete(
                      response -> respond(streaming, response, listener),
                      problem -> end(streaming, listener, String.valueOf(problem)));
            },
            problem -> end(streaming, listener, String.valueOf(problem)));
    return streaming;
  }

  void close() {
    http.close();
  }

  private static void respond(Streaming streaming, HttpClientResponse response, Listener listener) {
    if (streaming.closed) {
      return;
    }
    if (response.statusCode() != 200) {
      response
          .body()
          .onComplete(
              body ->
                  listener.refused(
                      response.statusCode(),
                      "status %d: %s"
                          .formatted(
                              response.statusCode(),
                              body.getString(0, Math.min(body.length(), MAX_ERROR_BYTES)))),
              problem -> end(streaming, listener, String.valueOf(problem)));
      return;
    }
    listener.begun();
    response.exceptionHandler(problem -> end(streaming, listener, String.valueOf(problem)));
    response.endHandler(ignored -> end(streaming, listener, "the server ended it"));
    response.handler(
        bytes -> {
          if (!streaming.closed) {
            listener.bytes(bytes);
          }
        });
  }

  private static void end(Streaming streaming, Listener listener, String how) {
    if (!streaming.closed) {
      streaming.closed = true;
      listener.ended(how);
    }
  }

  private Future<HttpClientRequest> request(HttpMethod method, String path) {
    return http.request(
        new RequestOptions()
            .setMethod(method)
            .setHost("127.0.0.1")
            .setPort(endpoint.port())
            .setURI(path)
            .putHeader("authorization", "Bearer " + endpoint.key()));
  }

  /** A value of the Prometheus text; 0 when it is absent, which other versions may leave it. */
  private static long metric(String text, String name) {
    return text.lines()
        .filter(line -> line.startsWith("llamacpp:" + name + " "))
        .map(line -> line.substring(line.indexOf(' ') + 1).strip())
        .mapToLong(LlamaServerClient::whole)
        .findFirst()
        .orElse(0);
  }

  private static long whole(String number) {
    try {
      return (long) Double.parseDouble(number);
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
