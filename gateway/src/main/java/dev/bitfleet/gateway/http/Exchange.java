package dev.bitfleet.gateway.http;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ErrorJson;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.telemetry.GatewayMetrics;
import dev.bitfleet.proto.Usage;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request and its answer. It is answered once; whatever ends it first (the answer is out, the
 * client is gone, the client is cut) settles it, and it is counted and logged then. Event loop
 * only.
 */
final class Exchange {
  private static final Logger access = LoggerFactory.getLogger("dev.bitfleet.access");

  /** What nginx logs when a client leaves before its answer. */
  private static final int CLIENT_LEFT = 499;

  private final HttpServerRequest request;
  private final HttpServerResponse response;
  private final GatewayMetrics metrics;
  private final String requestId;
  private final long beganNanos = System.nanoTime();
  private final List<Runnable> atEnd = new ArrayList<>();
  private @Nullable Operation operation;
  private @Nullable Runnable whenGone;
  private @Nullable Usage usage;
  private boolean settled;
  private long answeredNanos;

  Exchange(HttpServerRequest request, GatewayMetrics metrics, String requestId) {
    this.request = request;
    this.response = request.response();
    this.metrics = metrics;
    this.requestId = requestId;
    metrics.requestBegan();
    response.putHeader("x-request-id", requestId).putHeader("openai-version", "2020-10-01");
    response.closeHandler(closed -> clientGone());
    response.exceptionHandler(failure -> clientGone());
  }

  HttpServerRequest request() {
    return request;
  }

  HttpServerResponse response() {
    return response;
  }

  GatewayMetrics metrics() {
    return metrics;
  }

  long beganNanos() {
    return beganNanos;
  }

  /** The operation, once a route has matched. */
  Operation operation() {
    if (operation == null) {
      throw new IllegalStateException("no route has matched");
    }
    return operation;
  }

  void matched(Operation found) {
    operation = found;
  }

  /** Runs when the client leaves before it is answered in full. At most one. */
  void whenGone(Runnable action) {
    whenGone = action;
  }

  /** Runs when the exchange is settled, however. */
  void atEnd(Runnable action) {
    atEnd.add(action);
  }

  /** For the access log. */
  void used(Usage tokens) {
    usage = tokens;
  }

  boolean settled() {
    return settled;
  }

  /** When the last of the answer was handed to the socket; 0 before. */
  long answeredNanos() {
    return answeredNanos;
  }

  /** Answers with JSON. Nothing happens when it is answered or its client gone. */
  void json(int status, byte[] body) {
    if (settled || response.ended() || response.headWritten()) {
      return;
    }
    response.setStatusCode(status).putHeader("content-type", "application/json");
    timed();
    if (request.method().equals(HttpMethod.HEAD)) {
      response.putHeader("content-length", Integer.toString(body.length));
      end(Buffer.buffer());
    } else {
      end(Buffer.buffer(body));
    }
  }

  /** Answers with the error envelope. */
  void error(ApiError error) {
    if (!response.headWritten()) {
      error.retryAfter().ifPresent(this::retryAfter);
      if (error.code().equals("engine_failed")) {
        // Clients would retry a 5xx, and this one was retried here already.
        response.putHeader("x-should-retry", "false");
      }
      json(error.status(), ErrorJson.envelope(error));
    }
  }

  /** Answers with the error, then closes the connection: what else it carries is not to be read. */
  void errorAndClose(ApiError error) {
    if (!response.headWritten()) {
      response.putHeader("connection", "close");
    }
    error(error);
  }

  /** Both forms: SDKs read the milliseconds first. Rounded up, so that nobody comes too early. */
  void retryAfter(Duration pause) {
    long seconds = Math.clamp((pause.toMillis() + 999) / 1000, 1, 60);
    response.putHeader("retry-after", Long.toString(seconds));
    response.putHeader("retry-after-ms", Long.toString(Math.clamp(pause.toMillis(), 1, 60_000)));
  }

  /** Answers without a body. */
  void empty(int status) {
    response.setStatusCode(status);
    timed();
    end(Buffer.buffer());
  }

  /** Begins a stream of events. */
  void beginEvents() {
    response
        .setStatusCode(200)
        .setChunked(true)
        .putHeader("content-type", "text/event-stream; charset=utf-8")
        .putHeader("cache-control", "no-cache")
        .putHeader("x-accel-buffering", "no");
    timed();
  }

  /** Hands the last of the answer to the socket. */
  void end(Buffer last) {
    answeredNanos = System.nanoTime();
    response
        .end(last)
        .onComplete(
            written -> settle(written.succeeded() ? response.getStatusCode() : CLIENT_LEFT));
  }

  /** Closes the connection on a client that does not keep up. */
  void cut() {
    HardClose.close(request.connection());
    clientGone();
  }

  private void timed() {
    response.putHeader(
        "openai-processing-ms", Long.toString((System.nanoTime() - beganNanos) / 1_000_000));
  }

  private void clientGone() {
    if (!settled) {
      boolean cutShort = answeredNanos == 0;
      settle(CLIENT_LEFT);
      if (cutShort) {
        metrics.clientLeft();
        if (whenGone != null) {
          whenGone.run();
        }
      }
    }
  }

  private void settle(int status) {
    if (settled) {
      return;
    }
    settled = true;
    long nanos = System.nanoTime() - beganNanos;
    metrics.requestEnded(operation, status, nanos);
    atEnd.forEach(Runnable::run);
    if (access.isInfoEnabled()) {
      // No path, query, body or header: any of them may hold what nobody should read in a log.
      access.info(
          "{} {} {} {} ms{}",
          requestId,
          operation == null ? "-" : operation.id(),
          status,
          String.format(Locale.ROOT, "%.1f", nanos / 1e6),
          usage == null
              ? ""
              : " prompt=" + usage.promptTokens() + " completion=" + usage.completionTokens());
    }
  }
}
