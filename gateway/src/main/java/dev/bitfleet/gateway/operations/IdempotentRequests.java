package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.store.Attempt;
import dev.bitfleet.gateway.store.Idempotency;
import dev.bitfleet.gateway.store.StoreErrors;
import dev.bitfleet.gateway.store.StoredAnswer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Lets a POST that comes twice be carried out once. It is known again by its {@code
 * Idempotency-Key}; without one, by what it says, if its sender is an SDK that counts its retries
 * ({@code x-stainless-retry-count}) and did not get the first answer.
 *
 * <p>Repeats that come to this node while the first is being carried out wait here for its {@link
 * Claim}; those that come to another node wait in the store. What was answered is in the store when
 * the request keeps something, and in memory, for some minutes, when it does not. Event loop only.
 */
public final class IdempotentRequests {
  static final String REPLAYED = "idempotent-replayed";

  private static final String EVENTS = "text/event-stream";
  private static final String JSON = "application/json";
  private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e]{1,255}");
  private static final Pattern COUNT = Pattern.compile("[0-9]{1,4}");

  /** Longer bodies are hashed on a worker thread. */
  private static final int INLINE_BYTES = 64 << 10;

  private final Vertx vertx;
  private final Idempotency idempotency;
  private final Map<Repeatable.Name, Claim> claims = new HashMap<>();
  private final RecentAnswers<Repeatable.Name> recent = new RecentAnswers<>();

  public IdempotentRequests(Vertx vertx, Idempotency idempotency) {
    this.vertx = vertx;
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
   * Begins a request that keeps something. One that was carried out before is answered here; one
   * that is being carried out waits for its end, or joins it; one with the key of another is
   * refused.
   *
   * @param then gets what it is carried out under. Not called when the exchange was answered, or
   *     its client has gone
   */
  public void begin(Exchange exchange, byte[] body, Consumer<Claim> then) {
    begin(exchange, body, true, then, IdempotentRequests::replay);
  }

  /** The same for a request that keeps nothing: known again by a key only, and for some minutes. */
  public void beginPassing(Exchange exchange, byte[] body, Consumer<Claim> then) {
    begin(exchange, body, false, then, IdempotentRequests::replay);
  }

  /**
   * The same for either.
   *
   * @param lasting whether it keeps something
   * @param replaying answers a repeat with what was answered before
   */
  public void begin(
      Exchange exchange,
      byte[] body,
      boolean lasting,
      Consumer<Claim> then,
      BiConsumer<Exchange, StoredAnswer> replaying) {
    String key = exchange.request().getHeader("idempotency-key");
    String retries = exchange.request().getHeader("x-stainless-retry-count");
    boolean counted = lasting && retries != null && COUNT.matcher(retries).matches();
    if (key == null && !counted) {
      then.accept(Claim.ofUnknown());
      return;
    }
    if (key != null && !KEY.matcher(key).matches()) {
      throw new ApiException(
          ApiError.invalidParameter(
              "Idempotency-Key",
              "Invalid 'Idempotency-Key': expected 1 to 255 visible ASCII characters."));
    }
    boolean again = counted && Integer.parseInt(retries) > 0;
    String tenant = exchange.caller().tenant();
    exchange.settling(
        fingerprint(exchange, body, lasting),
        print ->
            enter(
                new Repeatable(
                    exchange,
                    new Repeatable.Name(
                        tenant, key != null, key != null ? key : HexFormat.of().formatHex(print)),
                    print,
                    again,
                    lasting,
                    then,
                    replaying)));
  }

  /** Takes a request, or takes it again after the one that it waited for. */
  void enter(Repeatable request) {
    if (request.exchange().settled()) {
      return;
    }
    boolean keyed = request.name().keyed();
    Claim there = claims.get(request.name());
    if (there != null && (keyed || request.again() && there.deserted())) {
      there.repeated(request);
      return;
    }
    Optional<RecentAnswers.Recent> before = keyed ? recent.find(request.name()) : Optional.empty();
    if (before.isPresent()) {
      if (request.says(before.get().fingerprint())) {
        request.replaying().accept(request.exchange(), before.get().answer());
      } else {
        request.exchange().fail(StoreErrors.keyReused());
      }
      return;
    }
    Claim claim = Claim.of(this, request);
    if (keyed) {
      claims.put(request.name(), claim);
    }
    if (request.lasting()) {
      lasting(request, claim);
    } else {
      carryOut(request, claim);
    }
  }

  private void lasting(Repeatable request, Claim claim) {
    String tenant = request.name().tenant();
    Future<Attempt> attempt =
        request.name().keyed()
            ? idempotency.begin(tenant, request.name().text(), request.fingerprint())
            : idempotency.begin(tenant, request.fingerprint(), request.again());
    request
        .exchange()
        .settling(
            attempt,
            begun -> {
              switch (begun) {
                case Attempt.Replay replay -> {
                  claim.over();
                  if (!request.exchange().settled()) {
                    request.replaying().accept(request.exchange(), replay.answer());
                  }
                }
                case Attempt.Fresh fresh -> {
                  claim.lasting(fresh);
                  carryOut(request, claim);
                }
              }
            },
            refused -> {
              claim.over();
              request.exchange().fail(refused);
            });
  }

  private static void carryOut(Repeatable request, Claim claim) {
    Exchange exchange = request.exchange();
    if (exchange.settled()) {
      claim.over();
      return;
    }
    exchange.atEnd(() -> claim.settled(exchange));
    try {
      request.then().accept(claim);
    } catch (RuntimeException e) {
      exchange.fail(e);
    }
  }

  /** Others may find it now, also without a key. */
  void outlives(Claim claim, Repeatable request) {
    claims.putIfAbsent(request.name(), claim);
  }

  void over(Claim claim, Repeatable request) {
    claims.remove(request.name(), claim);
  }

  void remember(Repeatable request, StoredAnswer answer) {
    if (request.name().keyed()) {
      recent.put(request.name(), request.fingerprint(), answer);
    }
  }

  /** An SDK that got its answer does not try again. */
  void delivered(Repeatable request, Attempt.Fresh attempt) {
    if (!request.name().keyed()) {
      idempotency.delivered(attempt);
    }
  }

  /** Answers with what was answered before. */
  public static void replay(Exchange exchange, StoredAnswer answer) {
    sayReplayed(exchange);
    if (answer.contentType().equals(EVENTS)) {
      exchange.beginEvents();
      exchange.end(Buffer.buffer(answer.body()));
    } else {
      exchange.json(answer.status(), answer.body());
    }
  }

  /** Marks an answer as one that was given before. */
  public static void sayReplayed(Exchange exchange) {
    exchange.response().putHeader(REPLAYED, "true");
  }

  /**
   * Of the operation, where it goes, what it says, and whether something is kept of it: the same
   * words from a key that may keep and from one that may not ask for different things.
   */
  private Future<byte[]> fingerprint(Exchange exchange, byte[] body, boolean lasting) {
    String operation = exchange.operation().id();
    String uri = exchange.request().uri();
    String to = uri == null ? "" : uri;
    return body.length <= INLINE_BYTES
        ? Future.succeededFuture(fingerprint(operation, to, lasting, body))
        : vertx.executeBlocking(() -> fingerprint(operation, to, lasting, body), false);
  }

  private static byte[] fingerprint(String operation, String uri, boolean lasting, byte[] body) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(operation.getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
      digest.update(uri.getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
      digest.update((byte) (lasting ? 1 : 0));
      return digest.digest(body);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
