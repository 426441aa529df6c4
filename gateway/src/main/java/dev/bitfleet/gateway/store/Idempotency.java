package dev.bitfleet.gateway.store;

import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lets a request that comes twice happen once. May be used from any thread. */
public final class Idempotency {
  /** As long as the slowest answer takes. */
  private static final Duration WAIT = Duration.ofMinutes(10);

  private static final int WAITING = 64;

  /** SDKs have given up by then. */
  private static final Duration RETRY_WITHIN = Duration.ofMinutes(10);

  /** SDKs try again after eight seconds at most. */
  private static final Duration RETRY_SOON = Duration.ofSeconds(15);

  private final OffLoop offLoop;

  Idempotency(OffLoop offLoop) {
    this.offLoop = offLoop;
  }

  /**
   * Begins a request that carries a key. While another one with this key is being carried out, it
   * waits for that one's answer.
   *
   * @param fingerprint of all that makes the request: another one with the same key is 422
   */
  public Future<Attempt> begin(String tenant, String key, byte[] fingerprint) {
    return offLoop.call(
        vault -> {
          String id = id(tenant, "key", key.getBytes(StandardCharsets.UTF_8));
          Leases.Lease lease =
              vault
                  .leases()
                  .acquire(Leases.answer(id), WAIT, WAITING)
                  .orElseThrow(StoreErrors::keyBusy);
          boolean kept = false;
          try {
            vault.catchUp();
            Filed filed = vault.grid().shelf(Shelf.ANSWERS).get(id);
            if (filed != null && filed.live(System.currentTimeMillis())) {
              return Answers.replay(filed, fingerprint);
            }
            kept = true;
            return new Attempt.Fresh(
                offLoop, lease, id, tenant, fingerprint, vault.options().answerTtl(), true);
          } finally {
            if (!kept) {
              lease.close();
            }
          }
        });
  }

  /**
   * Begins a request without a key whose sender says how often it has tried. What an earlier try
   * was answered with, and its sender did not get, the next try gets; one that is still being
   * carried out it waits for. A first try is never taken for a repeat, however alike it is to
   * another request, and waits for nobody.
   *
   * @param again whether the sender has tried before
   */
  public Future<Attempt> begin(String tenant, byte[] fingerprint, boolean again) {
    return offLoop.call(
        vault -> {
          String id = id(tenant, "retry", fingerprint);
          Leases.@Nullable Lease lease = attempting(vault, id, again);
          boolean kept = false;
          try {
            vault.catchUp();
            Filed filed = vault.grid().shelf(Shelf.ANSWERS).get(id);
            if (filed != null && filed.live(System.currentTimeMillis())) {
              if (again) {
                return Answers.replay(filed, fingerprint);
              }
              forget(vault, id);
            }
            kept = true;
            return new Attempt.Fresh(offLoop, lease, id, tenant, fingerprint, RETRY_WITHIN, false);
          } finally {
            if (!kept && lease != null) {
              lease.close();
            }
          }
        });
  }

  private static Leases.@Nullable Lease attempting(Vault vault, String id, boolean again) {
    return again
        ? vault.leases().acquire(Leases.answer(id), WAIT, WAITING).orElseThrow(StoreErrors::keyBusy)
        : vault.leases().acquire(Leases.answer(id), Duration.ZERO, 0).orElse(null);
  }

  /**
   * Its sender got the answer, as far as can be seen from here: if so, there will be no next try.
   * It is kept for a moment all the same, for a connection may have been lost with the answer in
   * it.
   */
  public void delivered(Attempt.Fresh attempt) {
    offLoop.later(
        vault -> {
          Filed answered = vault.grid().shelf(Shelf.ANSWERS).get(attempt.id());
          Thread.sleep(RETRY_SOON);
          Filed now = vault.grid().shelf(Shelf.ANSWERS).get(attempt.id());
          if (answered != null && now != null && now.updated() == answered.updated()) {
            forget(vault, attempt.id());
          }
        });
  }

  private static void forget(Vault vault, String id) {
    vault.grid().shelf(Shelf.ANSWERS).delete(id);
    // Nobody waits for it: a row that comes back at a start has expired soon.
    vault.journal().write(List.of(new Change.Remove(Shelf.ANSWERS, id)));
  }

  private static String id(String tenant, String kind, byte[] what) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(tenant.getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
      digest.update(kind.getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
      digest.update(what);
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
