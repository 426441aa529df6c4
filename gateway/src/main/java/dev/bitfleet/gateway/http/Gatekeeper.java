package dev.bitfleet.gateway.http;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.keys.Allowance;
import dev.bitfleet.gateway.keys.ApiKey;
import dev.bitfleet.gateway.keys.KeyRing;
import dev.bitfleet.gateway.keys.Scope;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Lets requests in or sends them away, before a byte of their body is read: the name they call us
 * by, the page they come from, their key and what it may, and what it has left. Event loop only.
 */
final class Gatekeeper {
  private static final String BEARER = "bearer ";

  /** Text has about four bytes a token; only an estimate until the request has ended. */
  private static final int BYTES_PER_TOKEN = 4;

  private final Door door;
  private final Optional<Supplier<KeyRing>> keys;
  private final Map<String, Allowance> allowances = new HashMap<>();

  Gatekeeper(AccessRules rules) {
    this.door = new Door(rules.hosts(), rules.origins());
    this.keys = rules.keys();
  }

  Cors cors() {
    return door.cors();
  }

  /** Whether the request may be for us, and its page may call; before routes are looked at. */
  Optional<ApiError> atTheDoor(HttpServerRequest request) {
    return door.refuses(request);
  }

  /** Whether the caller may have the operation done; notes in the exchange who it is. */
  Optional<ApiError> admit(Exchange exchange, Operation operation) {
    return admit(exchange, RequiredScope.of(operation));
  }

  /**
   * The same for any route.
   *
   * @param required all of them; empty when everybody may
   */
  Optional<ApiError> admit(Exchange exchange, Set<Scope> required) {
    if (keys.isEmpty() || required.isEmpty()) {
      return Optional.empty();
    }
    Optional<String> secret = secret(exchange.request());
    if (secret.isEmpty()) {
      exchange.response().putHeader("www-authenticate", "Bearer");
      return Optional.of(
          ApiError.invalid(
              401,
              "missing_api_key",
              Optional.empty(),
              "You didn't provide an API key. Send it as 'Authorization: Bearer YOUR_KEY'."));
    }
    Optional<ApiKey> found = keys.get().get().find(secret.get());
    if (found.isEmpty()) {
      exchange.response().putHeader("www-authenticate", "Bearer error=\"invalid_token\"");
      return Optional.of(
          ApiError.invalid(
              401, "invalid_api_key", Optional.empty(), "Incorrect API key provided."));
    }
    ApiKey key = found.get();
    for (Scope scope : required) {
      if (!key.scopes().contains(scope)) {
        return Optional.of(Caller.lacks(scope, Optional.empty()));
      }
    }
    exchange.askedBy(new Caller(key.tenant(), key.cacheScope(), key.scopes()));
    return spend(exchange, key);
  }

  private Optional<ApiError> spend(Exchange exchange, ApiKey key) {
    long now = System.nanoTime();
    Allowance allowance =
        allowances.compute(
            key.sha256(),
            (hash, there) ->
                there != null && there.limits().equals(key.limits())
                    ? there
                    : new Allowance(key.limits(), now));
    long estimate = bodyBytes(exchange.request()) / BYTES_PER_TOKEN;
    Optional<Allowance.Refusal> refusal = allowance.refusal(estimate, now);
    if (refusal.isPresent()) {
      show(allowance, exchange.response());
      exchange.metrics().rejected("key_" + name(refusal.get().kind()));
      return refusal.map(Gatekeeper::describe);
    }
    Allowance.Use use = allowance.begin(estimate, now);
    show(allowance, exchange.response());
    exchange.metered(tokens -> use.used(tokens, System.nanoTime()));
    exchange.atEnd(() -> use.end(System.nanoTime()));
    return Optional.empty();
  }

  private static ApiError describe(Allowance.Refusal refusal) {
    String what =
        switch (refusal.kind()) {
          case REQUESTS -> "requests a minute";
          case TOKENS -> "tokens a minute";
          case CONCURRENT -> "requests at once";
        };
    return new ApiError(
        429,
        name(refusal.kind()),
        "rate_limit_exceeded",
        Optional.empty(),
        "Rate limit reached: this key has " + refusal.limit() + " " + what + ".",
        Optional.of(refusal.retryAfter()));
  }

  private static String name(Allowance.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  private static void show(Allowance allowance, HttpServerResponse response) {
    allowance.requestRate().ifPresent(rate -> show("requests", rate, response));
    allowance.tokenRate().ifPresent(rate -> show("tokens", rate, response));
  }

  private static void show(String what, Allowance.Rate rate, HttpServerResponse response) {
    response
        .putHeader("x-ratelimit-limit-" + what, Long.toString(rate.limit()))
        .putHeader("x-ratelimit-remaining-" + what, Long.toString(rate.remaining()))
        .putHeader("x-ratelimit-reset-" + what, written(rate.reset()));
  }

  /** As OpenAI writes it: 17ms, 1.5s, 1m0s. */
  static String written(Duration reset) {
    long millis = reset.toMillis();
    if (millis < 1000) {
      return millis + "ms";
    }
    if (millis < 60_000) {
      return (millis % 1000 == 0 ? Long.toString(millis / 1000) : Double.toString(millis / 1000.0))
          + "s";
    }
    return millis / 60_000 + "m" + millis % 60_000 / 1000 + "s";
  }

  private static long bodyBytes(HttpServerRequest request) {
    String length = request.getHeader("content-length");
    try {
      return length == null ? 0 : Math.clamp(Long.parseLong(length.trim()), 0, Integer.MAX_VALUE);
    } catch (NumberFormatException e) {
      return 0; // BodyReader will refuse it
    }
  }

  /** OpenAI's header, or Azure's and Anthropic's for clients that were made for those. */
  private static Optional<String> secret(HttpServerRequest request) {
    String authorization = request.getHeader("authorization");
    if (authorization != null
        && authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())
        && authorization.length() > BEARER.length()) {
      return Optional.of(authorization.substring(BEARER.length()).trim());
    }
    return Optional.ofNullable(request.getHeader("api-key"))
        .or(() -> Optional.ofNullable(request.getHeader("x-api-key")));
  }
}
