package dev.bitfleet.worker.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.FleetCodecs;
import dev.bitfleet.proto.ModelCommand;
import dev.bitfleet.proto.ModelReply;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.proto.WorkerHeartbeat.State;
import dev.bitfleet.worker.EngineChoice;
import dev.bitfleet.worker.WorkerOptions;
import dev.bitfleet.worker.WorkerVerticle;
import dev.bitfleet.worker.engine.SchedulingOptions;
import dev.bitfleet.worker.engine.TestModels;
import dev.bitfleet.worker.home.ModelHome;
import dev.bitfleet.worker.supervise.SupervisionSettings;
import dev.bitfleet.worker.topology.CorePlan;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Loading onto two shares of which one does not come up. Workers 0 and 1 serve from the start; 2
 * and 3 are what a load tries.
 */
@Timeout(120)
class FailingShareTest {
  private static final Duration WINDOW = Duration.ofSeconds(30);
  private static final String DEMO = "bitfleet-demo";

  @TempDir Path home;

  private final Vertx vertx = Vertx.vertx();
  private final Map<String, WorkerHeartbeat> heard = new ConcurrentHashMap<>();

  @BeforeEach
  void listen() {
    FleetCodecs.register(vertx.eventBus());
    vertx
        .eventBus()
        .<WorkerHeartbeat>localConsumer(
            BusAddresses.HEARTBEATS,
            message -> heard.put(message.body().workerId(), message.body()));
  }

  @AfterEach
  void stop() {
    vertx.close().await();
  }

  /** One that says nothing and fails to start. */
  private static final class Unstartable extends VerticleBase {
    @Override
    public Future<?> start() {
      return Future.failedFuture("this share does not come up");
    }
  }

  private Set<String> serveWith(java.util.function.Function<WorkerOptions, VerticleBase> workers) {
    HostPlan plan =
        new HostPlan(
            "n",
            List.of(new CorePlan.Share(List.of(), 1, 0), new CorePlan.Share(List.of(), 1, 0)),
            EngineChoice.BUILTIN,
            Optional.empty(),
            TestModels.dataDir(),
            new ModelHome(home, Map.of(DEMO, TestModels.demo())),
            List.of(
                new ModelSetup(
                    DEMO, TestModels.demo(), OptionalInt.of(1), 2, 512, Optional.empty())),
            Duration.ofSeconds(1),
            SupervisionSettings.DEFAULTS,
            SchedulingOptions.DEFAULTS);
    vertx.deployVerticle(new ModelHost(plan, workers)).await();
    awaitReady("n-0");
    awaitReady("n-1");
    return vertx.deploymentIDs();
  }

  @Test
  void a_share_that_does_not_deploy_takes_its_siblings_with_it_and_the_old_model_serves_on() {
    Set<String> before =
        serveWith(
            options ->
                options.workerId().equals("n-3") ? new Unstartable() : new WorkerVerticle(options));

    assertThat(load()).isInstanceOf(ModelReply.Refused.class);

    assertThat(vertx.deploymentIDs()).as("what is deployed").isEqualTo(before);
    assertThat(heard)
        .as("the sibling's last word, and the old ones'")
        .hasEntrySatisfying("n-2", beat -> assertThat(beat.state()).isEqualTo(State.DRAINING))
        .hasEntrySatisfying("n-0", beat -> assertThat(beat.state()).isEqualTo(State.READY))
        .hasEntrySatisfying("n-1", beat -> assertThat(beat.state()).isEqualTo(State.READY));
    assertThat(load()).as("and the next load").isEqualTo(new ModelReply.Done(DEMO, ""));
  }

  @Test
  void a_share_that_cannot_even_be_made_leaves_nothing_and_the_next_command_is_taken() {
    Set<String> before =
        serveWith(
            options -> {
              if (options.workerId().equals("n-3")) {
                throw new IllegalStateException("no worker for this share");
              }
              return new WorkerVerticle(options);
            });

    assertThat(load())
        .isInstanceOfSatisfying(
            ModelReply.Refused.class,
            refused -> assertThat(refused.message()).contains("no worker for this share"));

    assertThat(vertx.deploymentIDs()).as("what is deployed").isEqualTo(before);
    assertThat(load()).as("and the next load").isEqualTo(new ModelReply.Done(DEMO, ""));
  }

  private ModelReply load() {
    return vertx
        .eventBus()
        .<ModelReply>request(BusAddresses.models("n"), ModelCommand.Load.replacing(DEMO))
        .map(message -> message.body())
        .await();
  }

  private void awaitReady(String worker) {
    long deadline = System.nanoTime() + WINDOW.toNanos();
    while (true) {
      WorkerHeartbeat beat = heard.get(worker);
      if (beat != null && beat.state() == State.READY) {
        return;
      }
      assertThat(System.nanoTime()).as("the last of %s was %s", worker, beat).isLessThan(deadline);
      Thread.onSpinWait();
    }
  }
}
