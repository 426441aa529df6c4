package dev.bitfleet.gateway.http;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.contract.ErrorJson;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.telemetry.GatewayMetrics;
import dev.bitfleet.proto.Usage;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request and its answer. It is answered once; whatever ends it first (the answer is out, the
 * client is gone, the client is cut) settles it, and it is counted and logged then. Event loop
 * only.
 */
public final class Exchange {
  private static final Logger log = LoggerFactory.getLogger(Exchange.class);
  private static final Logger access = LoggerFactory.getLogger("dev.bitfleet.access");

  /** What nginx logs when a client leaves before its answer. */
  private static final int CLIENT_LEFT = 499;

  /** A larger body goes out in pieces of that size. */
  private static final int PIECE_BYTES = 16 << 10;

  /** Bytes per second that who gets a large body must take. */
  private static final long SLOWEST_RATE = 16 << 10;

  private static final String DROPPED_HEADER = "x-bitfleet-dropped-messages";

  private final HttpServerRequest request;
  private final HttpServerResponse response;
  private final GatewayMetrics metrics;
  private final String requestId;
  private final long beganNanos = System.nanoTime();
  private final List<Runnable> atEnd = new ArrayList<>();
  private @Nullable Operation operation;
  private Map<String, String> parameters = Map.of();
  private Caller caller = Caller.ANYONE;
  private LongConsumer meter = tokens -> {};
  private @Nullable Tended tended;
  private @Nullable Runnable whenGone;
  private @Nullable Usage usage;
  private boolean settled;
  private boolean delivered;
  private boolean refusesWith422;
  private long answeredNanos;

  /** Of an answer that is larger than the socket takes at once. */
  private byte[] whole = {};

  private int sent;
  private long unsent = -1;
  private long progressNanos;

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

  public HttpServerRequest request() {
    return request;
  }

  public HttpServerResponse response() {
    return response;
  }

  public GatewayMetrics metrics() {
    return metrics;
  }

  public long beganNanos() {
    return beganNanos;
  }

  /** The operation, once a route has matched. */
  public Operation operation() {
    if (operation == null) {
      throw new IllegalStateException("no route has matched");
    }
    return operation;
  }

  void matched(Operation found, Map<String, String> pathParameters) {
    operation = found;
    parameters = pathParameters;
  }

  /** A parameter of the path, decoded. */
  public String parameter(String name) {
    String value = parameters.get(name);
    if (value == null) {
      throw new IllegalArgumentException(operation + " has no parameter " + name);
    }
    return value;
  }

  /** A parameter of the query, decoded; the first when it is given twice. */
  public Optional<String> query(String name) {
    return Optional.ofNullable(request.getParam(name));
  }

  /** Who asks. */
  public Caller caller() {
    return caller;
  }

  void askedBy(Caller found) {
    caller = found;
  }

  /** From now on this is looked after until the exchange is answered. */
  public void tendedBy(Tended answer) {
    tended = answer;
  }

  @Nullable Tended tended() {
    return tended;
  }

  /** Runs when the client leaves before it is answered in full. At most one. */
  public void whenGone(Runnable action) {
    whenGone = action;
  }

  /** Runs when the exchange is settled, however. */
  public void atEnd(Runnable action) {
    atEnd.add(action);
  }

  /**
   * Tokens were used: for the access log, and for what the caller's key has left. Once for each
   * choice. Prompt tokens that came from the cache are not counted against the key.
   */
  public void used(Usage tokens) {
    Usage before = usage;
    usage =
        before == null
            ? tokens
            : new Usage(
                before.promptTokens() + tokens.promptTokens(),
                before.cachedTokens() + tokens.cachedTokens(),
                before.completionTokens() + tokens.completionTokens());
    meter.accept((long) tokens.promptTokens() - tokens.cachedTokens() + tokens.completionTokens());
  }

  /**
   * Counts tokens against the caller's key; goes on counting when the exchange is over, for what is
   * still done in its name.
   */
  public LongConsumer meter() {
    return meter;
  }

  void metered(LongConsumer counter) {
    meter = counter;
  }

  public boolean settled() {
    return settled;
  }

  /**
   * Goes on with what a future gives, or answers with what it failed with. What goes wrong on the
   * way is answered too: thrown into a future's handler it would be nobody's, and the client would
   * wait for ever.
   *
   * @param then called also when the exchange is settled: there may be something to give back
   */
  public <T> void settling(Future<T> future, Consumer<? super T> then) {
    settling(future, then, this::fail);
  }

  /** The same, with something else to do when the future fails. */
  public <T> void settling(
      Future<T> future, Consumer<? super T> then, Consumer<? super Throwable> failed) {
    future.onComplete(
        done -> {
          try {
            if (done.succeeded()) {
              then.accept(done.result());
            } else {
              failed.accept(done.cause());
            }
          } catch (RuntimeException e) {
            fail(e);
          }
        });
  }

  /** Says that messages of the prompt were left out; before the answer begins. */
  public void dropped(int messages) {
    if (messages > 0 && !response.headWritten()) {
      response.putHeader(DROPPED_HEADER, Integer.toString(messages));
    }
  }

  /** Whether all of the answer went out to a client that was still there. */
  public boolean delivered() {
    return delivered;
  }

  /** Since when nothing has to be done but send the answer; 0 before. */
  public long answeredNanos() {
    return answeredNanos;
  }

  /** Answers with JSON. Nothing happens when it is answered or its client gone. */
  public void json(int status, byte[] body) {
    body(status, "application/json", body);
  }

  private void body(int status, String contentType, byte[] body) {
    if (settled || response.ended() || response.headWritten()) {
      return;
    }
    response.setStatusCode(status).putHeader("content-type", contentType);
    timed();
    if (request.method().equals(HttpMethod.HEAD)) {
      response.putHeader("content-length", Integer.toString(body.length));
      end(Buffer.buffer());
    } else if (body.length <= PIECE_BYTES) {
      end(Buffer.buffer(body));
    } else {
      inPieces(body);
    }
  }

  /** Copies of it wait in the socket only as far as its client reads on. */
  private void inPieces(byte[] body) {
    response.putHeader("content-length", Integer.toString(body.length));
    answeredNanos = System.nanoTime();
    whole = body;
    response.drainHandler(ready -> sendOn());
    sendOn();
  }

  private void sendOn() {
    while (!settled && sent < whole.length && !response.writeQueueFull()) {
      int length = Math.min(PIECE_BYTES, whole.length - sent);
      Buffer piece = Buffer.buffer(length).appendBytes(whole, sent, length);
      sent += length;
      if (sent < whole.length) {
        response.write(piece);
      } else {
        last(piece);
      }
    }
  }

  /**
   * Whether the client of an answer that is whole has stopped reading it, or reads it so slowly
   * that it may be said to have stopped.
   *
   * @param patienceNanos longest it may take nothing
   */
  boolean unread(long now, long patienceNanos) {
    long left = whole.length - sent + HardClose.unsent(request.connection());
    if (left != unsent) {
      unsent = left;
      progressNanos = now;
    }
    return now - progressNanos > patienceNanos
        || now - answeredNanos > patienceNanos + whole.length * (1_000_000_000L / SLOWEST_RATE);
  }

  /** From now on a body that is not understood is answered 422 where it would be 400. */
  public void refuseWith422() {
    refusesWith422 = true;
  }

  void whole(RouteAnswer answer) {
    body(answer.status(), answer.contentType(), answer.body());
  }

  /** Answers with the error envelope. */
  public void error(ApiError error) {
    if (!response.headWritten()) {
      error.retryAfter().ifPresent(this::retryAfter);
      if (error.code().equals("engine_failed")) {
        // Clients would retry a 5xx, and this one was retried here already.
        response.putHeader("x-should-retry", "false");
      }
      json(statusOf(error), ErrorJson.envelope(error));
    }
  }

  private int statusOf(ApiError error) {
    return refusesWith422 && error.status() == 400 ? 422 : error.status();
  }

  /**
   * Answers with what went wrong: an {@link ApiException}'s error, or 500 for anything else. An
   * answer that has begun is cut instead.
   */
  public void fail(Throwable cause) {
    if (cause instanceof ApiException refusal) {
      error(refusal.error());
      return;
    }
    // The stack trace says where; the message could quote the request, so it stays out.
    log.error(
        "request {} failed with {}", requestId, cause.getClass().getName(), withoutMessage(cause));
    if (response.headWritten()) {
      cut();
    } else {
      error(ApiError.server(500, "internal_error", "The server failed unexpectedly."));
    }
  }

  private static Throwable withoutMessage(Throwable cause) {
    Throwable bare = new RuntimeException(cause.getClass().getName());
    bare.setStackTrace(cause.getStackTrace());
    return bare;
  }

  /** Answers with the error, then closes the connection: what else it carries is not to be read. */
  void errorAndClose(ApiError error) {
    if (!response.headWritten()) {
      response.putHeader("connection", "close");
    }
    error(error);
  }

  /** Both forms: SDKs read the milliseconds first. Rounded up, so that nobody comes too early. */
  public void retryAfter(Duration pause) {
    long seconds = Math.clamp((pause.toMillis() + 999) / 1000, 1, 60);
    response.putHeader("retry-after", Long.toString(seconds));
    response.putHeader("retry-after-ms", Long.toString(Math.clamp(pause.toMillis(), 1, 60_000)));
  }

  /** Answers without a body. */
  public void empty(int status) {
    response.setStatusCode(status);
    timed();
    end(Buffer.buffer());
  }

  /** Begins a stream of events. */
  public void beginEvents() {
    response
        .setStatusCode(200)
        .setChunked(true)
        .putHeader("content-type", "text/event-stream; charset=utf-8")
        .putHeader("cache-control", "no-cache")
        .putHeader("x-accel-buffering", "no");
    timed();
  }

  /** Hands the last of the answer to the socket. */
  public void end(Buffer last) {
    answeredNanos = System.nanoTime();
    last(last);
  }

  private void last(Buffer last) {
    response
        .end(last)
        .onComplete(
            written -> {
              delivered = written.succeeded() && !settled;
              settle(written.succeeded() ? response.getStatusCode() : CLIENT_LEFT);
            });
  }

  /** Closes the connection on a client that does not keep up. */
  public void cut() {
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

  /** One that fails must not keep the others from giving back what they hold. */
  private void last(Runnable action) {
    try {
      action.run();
    } catch (RuntimeException e) {
      log.error("request {} did not end well", requestId, withoutMessage(e));
    }
  }

  private void settle(int status) {
    if (settled) {
      return;
    }
    settled = true;
    long nanos = System.nanoTime() - beganNanos;
    metrics.requestEnded(operation, status, nanos);
    atEnd.forEach(this::last);
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
