package dev.bitfleet.gateway.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Await;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RhythmTest {
  @Test
  void a_step_that_takes_long_makes_no_other_late_and_one_that_fails_is_tried_again() {
    CountDownLatch slow = new CountDownLatch(1);
    AtomicInteger steps = new AtomicInteger();
    Rhythm sweeping =
        Rhythm.start(
            "slow",
            Duration.ofMillis(1),
            () -> {
              try {
                slow.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    Rhythm renewing =
        Rhythm.start(
            "quick",
            Duration.ofMillis(1),
            () -> {
              steps.incrementAndGet();
              throw new IllegalStateException("this time");
            });
    Await.until("it goes on", () -> steps.get() > 5);
    renewing.close();
    int last = steps.get();
    slow.countDown();
    sweeping.close();
    assertThat(steps).hasValue(last);
  }
}
