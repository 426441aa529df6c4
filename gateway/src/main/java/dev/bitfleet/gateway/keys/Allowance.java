package dev.bitfleet.gateway.keys;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What one key has used of its limits. Both rates are token buckets that hold a minute's worth and
 * fill evenly. How many tokens a request costs is known when it ends; until then its prompt is
 * estimated, and what a request costs beyond the bucket becomes a debt that the next ones wait for.
 * Not thread-safe; time is {@link System#nanoTime}'s.
 */
public final class Allowance {
  private static final double NANOS_PER_MINUTE = 60e9;

  /** A limit that a request ran into. */
  public enum Kind {
    REQUESTS,
    TOKENS,
    CONCURRENT
  }

  /** Why a request may not begin. */
  public record Refusal(Kind kind, long limit, Duration retryAfter) {}

  /** One rate as headers tell it. */
  public record Rate(long limit, long remaining, Duration reset) {}

  /** A request that may run; to be ended once. */
  public final class Use {
    private long estimate;

    private Use(long estimate) {
      this.estimate = estimate;
    }

    /** Tokens that were used; may be called several times, and after the end. */
    public void used(long count, long now) {
      if (tokens != null) {
        tokens.take(count, now);
      }
    }

    /** The request is over: what was estimated for it is given back. */
    public void end(long now) {
      open--;
      if (tokens != null) {
        tokens.take(-estimate, now);
      }
      estimate = 0;
    }
  }

  private static final class Bucket {
    final long perMinute;
    double level;
    long filledNanos;

    Bucket(long perMinute, long now) {
      this.perMinute = perMinute;
      this.level = perMinute;
      this.filledNanos = now;
    }

    void fill(long now) {
      level = Math.min(perMinute, level + (now - filledNanos) * (perMinute / NANOS_PER_MINUTE));
      filledNanos = now;
    }

    void take(long count, long now) {
      fill(now);
      level = Math.min(perMinute, level - count);
    }

    Duration until(double wanted) {
      double missing = Math.max(0, wanted - level);
      return Duration.ofNanos((long) Math.ceil(missing * NANOS_PER_MINUTE / perMinute));
    }

    Rate rate() {
      return new Rate(perMinute, Math.max(0, (long) level), until(perMinute));
    }
  }

  private final KeyLimits limits;
  private final @Nullable Bucket requests;
  private final @Nullable Bucket tokens;
  private int open;

  public Allowance(KeyLimits limits, long now) {
    this.limits = limits;
    this.requests =
        limits.requestsPerMinute().isPresent()
            ? new Bucket(limits.requestsPerMinute().getAsInt(), now)
            : null;
    this.tokens =
        limits.tokensPerMinute().isPresent()
            ? new Bucket(limits.tokensPerMinute().getAsLong(), now)
            : null;
  }

  /**
   * Why a request may not begin now; empty when it may. An estimate larger than the whole bucket
   * waits for a full one: otherwise it could never run.
   */
  public Optional<Refusal> refusal(long estimate, long now) {
    if (open >= limits.concurrent().orElse(Integer.MAX_VALUE)) {
      return Optional.of(
          new Refusal(Kind.CONCURRENT, limits.concurrent().getAsInt(), Duration.ofSeconds(1)));
    }
    if (requests != null) {
      requests.fill(now);
      if (requests.level < 1) {
        return Optional.of(new Refusal(Kind.REQUESTS, requests.perMinute, requests.until(1)));
      }
    }
    if (tokens != null) {
      tokens.fill(now);
      double wanted = Math.clamp(estimate, 1, tokens.perMinute);
      if (tokens.level < wanted) {
        return Optional.of(new Refusal(Kind.TOKENS, tokens.perMinute, tokens.until(wanted)));
      }
    }
    return Optional.empty();
  }

  /** Begins a request for which there was no {@link #refusal}. */
  public Use begin(long estimate, long now) {
    open++;
    if (requests != null) {
      requests.take(1, now);
    }
    if (tokens != null) {
      tokens.take(estimate, now);
    }
    return new Use(estimate);
  }

  /** Requests a minute, when they are limited. */
  public Optional<Rate> requestRate() {
    return Optional.ofNullable(requests).map(Bucket::rate);
  }

  /** Tokens a minute, when they are limited. */
  public Optional<Rate> tokenRate() {
    return Optional.ofNullable(tokens).map(Bucket::rate);
  }

  /** The limits it was made for. */
  public KeyLimits limits() {
    return limits;
  }
}
