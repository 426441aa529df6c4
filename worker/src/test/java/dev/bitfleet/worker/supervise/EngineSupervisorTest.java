package dev.bitfleet.worker.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.Usage;
import dev.bitfleet.worker.engine.EngineDescription;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.EngineLauncher;
import dev.bitfleet.worker.engine.IdleEngine;
import dev.bitfleet.worker.engine.SequenceRequest;
import dev.bitfleet.worker.time.VertxTimers;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A supervisor with engines that are no processes. */
@Timeout(60)
class EngineSupervisorTest {
  private static final SupervisionSettings SETTINGS =
      new SupervisionSettings(
          Duration.ofSeconds(10),
          Duration.ofSeconds(10),
          Duration.ofMillis(20),
          Duration.ofMillis(400),
          Duration.ofMillis(5),
          Duration.ofMillis(20),
          Duration.ofSeconds(10),
          4,
          Duration.ofMillis(50),
          Duration.ofMinutes(1),
          Duration.ofMinutes(1));
  private final Vertx vertx = Vertx.vertx();
  private final LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
  private final AtomicReference<EngineLauncher> launcher = new AtomicReference<>();
  private final EngineSupervisor supervisor =
      new EngineSupervisor(
          new VertxTimers(vertx),
          events -> Objects.requireNonNull(launcher.get()).launch(events),
          SETTINGS,
          new Telling());

  @AfterEach
  void close() {
    vertx.runOnContext(ignored -> supervisor.stop());
    vertx.close().await();
  }

  private void start(EngineLauncher engines) {
    launcher.set(engines);
    vertx.runOnContext(ignored -> supervisor.start());
  }

  private final class Telling implements EngineSupervisor.Listener {
    @Override
    public void changed() {
      told.add(supervisor.state() + " " + supervisor.detail());
    }

    @Override
    public void onSequence(EngineEvent.OfSequence event) {}

    @Override
    public void onEmbedding(EngineEvent.OfEmbedding event) {}

    @Override
    public void engineLost(String cause) {
      told.add("lost " + cause);
    }
  }

  private void await(String line) throws InterruptedException {
    String next;
    do {
      next = told.poll(20, TimeUnit.SECONDS);
      assertThat(next).as("told: %s", line).isNotNull();
    } while (!next.equals(line));
  }

  @Test
  void a_launch_that_throws_is_a_death_like_any_other() throws Exception {
    AtomicInteger launches = new AtomicInteger();
    start(
        events -> {
          if (launches.incrementAndGet() <= 2) {
            throw new IllegalStateException("no loopback port is free");
          }
          return new Healthy(events, new CountDownLatch(0));
        });

    await("RESTARTING cannot be started: no loopback port is free");
    await("READY ");
    assertThat(launches).hasValue(3);
    assertThat(supervisor.restarts()).isEqualTo(2);
  }

  @Test
  void a_ping_that_comes_to_nothing_is_followed_by_others() throws Exception {
    // Twice the stall window, in ticks.
    CountDownLatch pings = new CountDownLatch(40);
    start(events -> new Healthy(events, pings));

    assertThat(pings.await(20, TimeUnit.SECONDS)).isTrue();
    await("READY ");
    assertThat(told).noneMatch(line -> line.startsWith("lost"));
    assertThat(supervisor.restarts()).isZero();
  }

  /** Ready at once; answers all pings but every third, as if those had failed on their way. */
  private static final class Healthy extends IdleEngine {
    private final Consumer<EngineEvent> events;
    private final CountDownLatch pings;

    Healthy(Consumer<EngineEvent> events, CountDownLatch pings) {
      this.events = events;
      this.pings = pings;
      Vertx.currentContext()
          .runOnContext(
              ignored ->
                  events.accept(
                      new EngineEvent.Ready(
                          new EngineDescription(
                              "", "", 1, 1, 64, "llama", 10, "f", 1, 1, List.of()))));
    }

    @Override
    public void open(SequenceRequest request) {
      events.accept(
          new EngineEvent.Finished(
              request.id(), FinishReason.LENGTH, "", new Usage(1, 0, 1), 1, 1));
    }

    @Override
    public void ping() {
      pings.countDown();
      if (pings.getCount() % 3 != 0) {
        events.accept(new EngineEvent.Pong(1, 0));
      }
    }

    @Override
    public void kill(String cause) {
      events.accept(new EngineEvent.Lost(cause, List.of()));
    }
  }
}
