package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.store.Attempt;
import dev.bitfleet.gateway.store.Idempotency;
import dev.bitfleet.gateway.store.StoredAnswer;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Lets a POST that comes twice be carried out once. It is known again by its {@code
 * Idempotency-Key}; without one, by what it says, if its sender is an SDK that counts its retries
 * ({@code x-stainless-retry-count}) and did not get the first answer. Event loop only.
 */
public final class IdempotentRequests {
  private static final String EVENTS = "text/event-stream";
  private static final String JSON = "application/json";
  private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e]{1,255}");
  private static final Pattern COUNT = Pattern.compile("[0-9]{1,4}");

  private final Idempotency idempotency;

  public IdempotentRequests(Idempotency idempotency) {
    this.idempotency = idempotency;
  }

  /** What repeats of a request get that was answered with JSON. */
  public static StoredAnswer json(byte[] body) {
    return new StoredAnswer(200, JSON, body);
  }

  /** What repeats of a request get that was answered with server-sent events. */
  public static StoredAnswer events(byte[] body) {
    return new StoredAnswer(200, EVENTS, body);
  }

  /**
   * Begins a request. One that was carried out before is answered here; one that is being carried
   * out waits for its end; one with the key of another is refused.
   *
   * @param then gets what is to be committed with the answer; empty when the request cannot be
   *     known again. Not called when the exchange was answered, or its client has gone. An attempt
   *     that is not committed is abandoned when the exchange is settled.
   */
  public void begin(Exchange exchange, byte[] body, Consumer<Optional<Attempt.Fresh>> then) {
    String key = exchange.request().getHeader("idempotency-key");
    String retries = exchange.request().getHeader("x-stainless-retry-count");
    if (key == null && (retries == null || !COUNT.matcher(retries).matches())) {
      then.accept(Optional.empty());
      return;
    }
    if (key != null && !KEY.matcher(key).matches()) {
      throw new ApiException(
          ApiError.invalidParameter(
              "Idempotency-Key",
              "Invalid 'Idempotency-Key': expected 1 to 255 visible ASCII characters."));
    }
    String tenant = exchange.caller().tenant();
    byte[] fingerprint = fingerprint(exchange, body);
    Future<Attempt> attempt =
        key == null
            ? idempotency.begin(tenant, fingerprint, Integer.parseInt(retries) > 0)
            : idempotency.begin(tenant, key, fingerprint);
    attempt.onComplete(begun -> begun(exchange, begun, key == null, then), exchange::fail);
  }

  private void begun(
      Exchange exchange, Attempt attempt, boolean unkeyed, Consumer<Optional<Attempt.Fresh>> then) {
    switch (attempt) {
      case Attempt.Replay replay -> {
        if (!exchange.settled()) {
          replay(exchange, replay.answer());
        }
      }
      case Attempt.Fresh fresh -> {
        if (exchange.settled()) {
          fresh.abandon();
          return;
        }
        exchange.atEnd(
            () -> {
              fresh.abandon();
              if (unkeyed && exchange.delivered()) {
                idempotency.delivered(fresh);
              }
            });
        try {
          then.accept(Optional.of(fresh));
        } catch (RuntimeException e) {
          exchange.fail(e);
        }
      }
    }
  }

  private static void replay(Exchange exchange, StoredAnswer answer) {
    exchange.response().putHeader("idempotent-replayed", "true");
    if (answer.contentType().equals(EVENTS)) {
      exchange.beginEvents();
      exchange.end(Buffer.buffer(answer.body()));
    } else {
      exchange.json(answer.status(), answer.body());
    }
  }

  /** The operation, where it goes, and what it says. */
  private static byte[] fingerprint(Exchange exchange, byte[] body) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      String uri = exchange.request().uri();
      digest.update(exchange.operation().id().getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
      digest.update((uri == null ? "" : uri).getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
      return digest.digest(body);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
