package dev.bitfleet.gateway.store;

import com.hazelcast.core.HazelcastException;
import dev.bitfleet.gateway.contract.ApiException;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs what blocks on virtual threads and brings results back to the caller's event loop. Opens the
 * store when it is first needed; one that could not be opened is tried again from time to time.
 * Thread-safe.
 */
final class OffLoop {
  private static final Logger log = LoggerFactory.getLogger(OffLoop.class);
  private static final long RETRY_NANOS = Duration.ofSeconds(10).toNanos();

  /** Work in an open store. What it throws fails the future. */
  interface Work<T> {
    T in(Vault vault) throws Exception;
  }

  /** Work without a result. */
  interface Step {
    void in(Vault vault) throws Exception;
  }

  private final Vertx vertx;
  private final StoreOptions options;
  private final Optional<Membership> cluster;
  private final StoreMetrics metrics;
  private final ReentrantLock opening = new ReentrantLock();
  private volatile @Nullable Vault vault;
  private volatile boolean closed;
  private @Nullable Long failedNanos;

  OffLoop(Vertx vertx, StoreOptions options, Optional<Membership> cluster, MeterRegistry registry) {
    this.vertx = vertx;
    this.options = options;
    this.cluster = cluster;
    this.metrics = new StoreMetrics(registry);
  }

  /** The result comes on the context that this is called on. */
  <T> Future<T> call(Work<T> work) {
    Context context = vertx.getOrCreateContext();
    Promise<T> promise = Promise.promise();
    Thread.ofVirtual()
        .name("store")
        .start(
            () -> {
              try {
                Vault open = opened();
                open.awaitWhole();
                T result = work.in(open);
                context.runOnContext(back -> promise.complete(result));
              } catch (Throwable e) {
                Throwable told = told(e);
                context.runOnContext(back -> promise.fail(told));
              }
            });
    return promise.future();
  }

  /** Done on the context that this is called on. */
  Future<Void> run(Step step) {
    return call(vault -> {
          step.in(vault);
          return true;
        })
        .mapEmpty();
  }

  /** Nobody waits for it, and a store that is not open has nothing to do for it. */
  void later(Step step) {
    Vault open = vault;
    if (open != null && !closed) {
      Thread.ofVirtual()
          .name("store")
          .start(
              () -> {
                try {
                  step.in(open);
                } catch (Exception e) {
                  // Those of the maps have been said by this; nobody else would say the others.
                  if (told(e) == e && !closed) {
                    log.warn("the store failed", e);
                  }
                }
              });
    }
  }

  private Vault opened() throws InterruptedException {
    Vault open = vault;
    if (open != null) {
      return open;
    }
    opening.lock();
    try {
      if (vault == null) {
        vault = open();
      }
      return vault;
    } finally {
      opening.unlock();
    }
  }

  private Vault open() throws InterruptedException {
    long now = System.nanoTime();
    if (closed || failedNanos != null && now - failedNanos < RETRY_NANOS) {
      throw StoreErrors.unavailable();
    }
    try {
      failedNanos = null;
      Vault open = Vault.open(options, cluster, metrics);
      metrics.opened(true);
      return open;
    } catch (JournalException e) {
      failedNanos = now;
      metrics.opened(false);
      log.error(
          "the store cannot be opened, and requests that need it are answered 503: {}",
          e.getMessage());
      throw StoreErrors.unavailable();
    } catch (RuntimeException e) {
      failedNanos = now;
      metrics.opened(false);
      throw e;
    }
  }

  private Throwable told(Throwable e) {
    if (e instanceof ApiException) {
      return e;
    }
    if (e instanceof HazelcastException || e instanceof IllegalStateException) {
      if (!closed) {
        log.warn("the store failed", e);
      }
      return StoreErrors.unavailable();
    }
    return e;
  }

  /** Closes what is open, for good. */
  Future<Void> close() {
    Context context = vertx.getOrCreateContext();
    Promise<Void> promise = Promise.promise();
    Thread.ofPlatform()
        .name("store-close")
        .start(
            () -> {
              opening.lock();
              try {
                closed = true;
                Vault open = vault;
                if (open != null) {
                  open.close();
                }
              } catch (RuntimeException e) {
                log.warn("the store did not close well", e);
              } finally {
                opening.unlock();
              }
              context.runOnContext(back -> promise.complete());
            });
    return promise.future();
  }
}
