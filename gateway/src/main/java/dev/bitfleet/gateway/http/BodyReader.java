package dev.bitfleet.gateway.http;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.Operation;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Gathers a JSON body under limits: declared type, size, the budget of all bodies, and a pace. A
 * body may take as long as it likes as long as it keeps coming: {@link #SLOWEST_BYTES_PER_SECOND}
 * on top of the client timeout. Event loop only.
 */
final class BodyReader {
  private static final long SLOWEST_BYTES_PER_SECOND = 16 << 10;

  private final Exchange exchange;
  private final HttpLimits limits;
  private final BodyBudget budget;
  private final Operation.Body kind;
  private final Consumer<byte[]> whole;
  private final long beganNanos = System.nanoTime();
  private Buffer body = Buffer.buffer();
  private long taken;
  private boolean done;

  /**
   * @param whole gets the body once; not called when the exchange was answered with an error
   */
  BodyReader(
      Exchange exchange,
      HttpLimits limits,
      BodyBudget budget,
      Operation.Body kind,
      Consumer<byte[]> whole) {
    this.kind = kind;
    this.exchange = exchange;
    this.limits = limits;
    this.budget = budget;
    this.whole = whole;
  }

  void read() {
    HttpServerRequest request = exchange.request();
    exchange.atEnd(
        () -> {
          done = true;
          body = Buffer.buffer();
          budget.give(taken);
          taken = 0;
        });
    Optional<ApiError> unfit = unfit(request);
    if (unfit.isPresent()) {
      refuse(unfit.get());
      return;
    }
    if (request.headers().contains("expect", "100-continue", true)) {
      request.response().writeContinue();
    }
    request.handler(this::chunk);
    request.endHandler(end -> end());
    request.exceptionHandler(failure -> broken());
  }

  /** Gives up on a body that comes too slowly. */
  void checkPace(long now) {
    Duration elapsed = Duration.ofNanos(now - beganNanos);
    Duration allowed = limits.clientTimeout().plusMillis(1000L * taken / SLOWEST_BYTES_PER_SECOND);
    if (!done && elapsed.compareTo(allowed) > 0) {
      refuse(
          ApiError.invalid(
              408, "request_timeout", Optional.empty(), "The body took too long to arrive."));
    }
  }

  private void chunk(Buffer chunk) {
    if (done) {
      return;
    }
    if (body.length() + chunk.length() > limits.maxBodyBytes()) {
      refuse(tooLarge());
    } else if (!budget.take(chunk.length())) {
      refuse(
          ApiError.server(
              503,
              "overloaded",
              "Too many large requests are being read. Please try again later.",
              Duration.ofSeconds(2)));
    } else {
      taken += chunk.length();
      body.appendBuffer(chunk);
    }
  }

  private void end() {
    if (!done) {
      done = true;
      byte[] bytes = body.getBytes();
      body = Buffer.buffer();
      whole.accept(bytes);
    }
  }

  /** A chunked body that cannot be decoded; a client that has gone is settled by the exchange. */
  void broken() {
    if (!done) {
      refuse(
          ApiError.invalid(
              400, "malformed_request", Optional.empty(), "The body broke off or is malformed."));
    }
  }

  private void refuse(ApiError error) {
    done = true;
    body = Buffer.buffer();
    // What is still on its way is thrown away, so that the client gets to read the answer.
    exchange.request().handler(ignored -> {});
    exchange.errorAndClose(error);
  }

  private static boolean bodiless(HttpServerRequest request) {
    String length = request.getHeader("content-length");
    return request.getHeader("transfer-encoding") == null
        && (length == null || length.trim().equals("0"));
  }

  private Optional<ApiError> unfit(HttpServerRequest request) {
    if (kind != Operation.Body.REQUIRED && bodiless(request)) {
      return Optional.empty();
    }
    String encoding = request.getHeader("content-encoding");
    if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
      return Optional.of(unsupported("Content-Encoding must be identity."));
    }
    Optional<ApiError> type = checkType(request.getHeader("content-type"));
    if (type.isPresent() && kind != Operation.Body.ANYTHING) {
      return type;
    }
    String length = request.getHeader("content-length");
    return length != null && declared(length) > limits.maxBodyBytes()
        ? Optional.of(tooLarge())
        : Optional.empty();
  }

  private static long declared(String length) {
    try {
      return Long.parseLong(length.trim());
    } catch (NumberFormatException e) {
      return Long.MAX_VALUE;
    }
  }

  /**
   * A body of no type is refused too. Browsers send such, and those that HTML forms can make, to
   * any server without asking; JSON they ask about first.
   */
  private static Optional<ApiError> checkType(@Nullable String header) {
    if (header == null) {
      return Optional.of(
          unsupported("Content-Type is missing; send 'Content-Type: application/json'."));
    }
    String[] parts = header.toLowerCase(Locale.ROOT).split(";", -1);
    String type = parts[0].trim();
    if (!type.equals("application/json")) {
      String hint =
          type.equals("application/x-www-form-urlencoded")
              ? " (curl sends this type unless told otherwise: add -H 'Content-Type:"
                  + " application/json')"
              : "";
      return Optional.of(unsupported("Content-Type must be application/json" + hint + "."));
    }
    for (int i = 1; i < parts.length; i++) {
      String parameter = parts[i].trim().replace("\"", "");
      if (parameter.startsWith("charset=")
          && !parameter.equals("charset=utf-8")
          && !parameter.equals("charset=utf8")
          && !parameter.equals("charset=us-ascii")) {
        return Optional.of(unsupported("The charset of application/json must be utf-8."));
      }
    }
    return Optional.empty();
  }

  private static ApiError unsupported(String message) {
    return ApiError.invalid(415, "unsupported_media_type", Optional.empty(), message);
  }

  private ApiError tooLarge() {
    return ApiError.invalid(
        413,
        "request_too_large",
        Optional.empty(),
        "The body is larger than " + limits.maxBodyBytes() + " bytes.");
  }
}
