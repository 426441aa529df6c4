package dev.bitfleet.gateway.store;

import java.time.Duration;

/**
 * Looks after an open store: renews leases, weighs what is held, fills the maps again where they
 * may have lost something, and now and then removes what has expired. Each has a thread of its own:
 * a sweep may take longer than a lease lives.
 */
final class Care implements AutoCloseable {
  private static final Duration WEIGH = Duration.ofSeconds(1);

  private final Rhythm renewing;
  private final Rhythm weighing;
  private final Rhythm refilling;
  private final Rhythm sweeping;

  private Care(Rhythm renewing, Rhythm weighing, Rhythm refilling, Rhythm sweeping) {
    this.renewing = renewing;
    this.weighing = weighing;
    this.refilling = refilling;
    this.sweeping = sweeping;
  }

  static Care start(Vault vault, Refill refill) {
    Sweep sweep = new Sweep(vault);
    return new Care(
        Rhythm.start("store-leases", Leases.LIFE.dividedBy(3), vault.leases()::renew),
        Rhythm.start(
            "store-weight",
            WEIGH,
            () -> {
              vault.weigh();
              vault.catchUp();
            }),
        Rhythm.start("store-refill", WEIGH, refill::run),
        Rhythm.start(
            "store-sweep",
            vault.options().sweepInterval(),
            () -> sweep.run(System.currentTimeMillis())));
  }

  @Override
  public void close() {
    renewing.close();
    weighing.close();
    refilling.close();
    sweeping.close();
  }
}
