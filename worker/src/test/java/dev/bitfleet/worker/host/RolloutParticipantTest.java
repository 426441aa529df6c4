package dev.bitfleet.worker.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.FleetCodecs;
import dev.bitfleet.proto.ModelCommand;
import dev.bitfleet.proto.ModelReply;
import dev.bitfleet.proto.RolloutCommand;
import dev.bitfleet.proto.RolloutReply;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.proto.WorkerHeartbeat.State;
import dev.bitfleet.worker.engine.TestModels;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes with real engines on one bus; the test is the gateway, as long as it wants to be. */
@Timeout(120)
class RolloutParticipantTest {
  private static final Duration WINDOW = Duration.ofSeconds(30);
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Duration SHORT = Duration.ofSeconds(3);
  private static final String DEMO = DemoHost.MODEL;

  @TempDir Path home;

  private final Vertx vertx = Vertx.vertx();
  private final Map<String, WorkerHeartbeat> heard = new ConcurrentHashMap<>();
  private final Queue<WorkerHeartbeat> all = new ConcurrentLinkedQueue<>();

  @BeforeEach
  void two_nodes() throws Exception {
    FleetCodecs.register(vertx.eventBus());
    vertx
        .eventBus()
        .<WorkerHeartbeat>localConsumer(
            BusAddresses.HEARTBEATS,
            message -> {
              heard.put(message.body().workerId(), message.body());
              all.add(message.body());
            });
    for (String node : List.of("a", "b")) {
      Path folder = Files.createDirectories(home.resolve(node));
      Files.copy(TestModels.tiny(), folder.resolve("tiny.gguf"));
      Files.write(folder.resolve("cut.gguf"), half(TestModels.tiny()));
      vertx.deployVerticle(new ModelHost(DemoHost.plan(node, folder, Optional.empty()))).await();
    }
    await("a-0", beat -> beat.state() == State.READY);
    await("b-0", beat -> beat.state() == State.READY);
  }

  private static byte[] half(Path file) throws Exception {
    byte[] whole = Files.readAllBytes(file);
    return java.util.Arrays.copyOf(whole, whole.length / 2);
  }

  @AfterEach
  void stop() {
    vertx.close().await();
  }

  @Test
  void prepared_workers_answer_the_canary_alike_and_serve_only_once_they_are_committed() {
    RolloutReply a = say("a", prepare("r", "tiny", List.of("b"), LONG));
    RolloutReply b = say("b", prepare("r", "tiny", List.of("a"), LONG));

    assertThat(a)
        .isEqualTo(b)
        .isInstanceOfSatisfying(
            RolloutReply.Prepared.class,
            prepared -> {
              assertThat(prepared.model()).isEqualTo("tiny");
              assertThat(prepared.fingerprint()).isNotEmpty();
              assertThat(prepared.canary()).hasSize(8);
            });
    WorkerHeartbeat held = await("a-1", beat -> beat.state() == State.PREPARED);
    assertThat(await("a-1", beat -> beat.number() > held.number()).state())
        .isEqualTo(State.PREPARED);
    assertThat(last("a-0").state()).isEqualTo(State.READY);
    assertThat(say("a", new RolloutCommand.Renew("r"))).as("it stands by its word").isEqualTo(a);
    assertThat(command("a", new ModelCommand.Unload(DEMO)))
        .as("while it waits")
        .isInstanceOfSatisfying(
            ModelReply.Refused.class,
            refused -> assertThat(refused.code()).isEqualTo(ModelReply.Code.IN_PROGRESS));
    assertThat(refusal(say("a", prepare("other", "tiny", List.of(), LONG))).code())
        .isEqualTo(ModelReply.Code.IN_PROGRESS);

    assertThat(say("a", new RolloutCommand.Commit("r"))).isEqualTo(new RolloutReply.Committed());

    WorkerHeartbeat serving = await("a-1", beat -> beat.state() == State.READY);
    assertThat(serving.model().orElseThrow().aliases()).containsExactly(DEMO);
    await("a-0", beat -> beat.state() == State.DRAINING);
    assertThat(last("b-0").state()).as("the other was not told yet").isEqualTo(State.READY);
    assertThat(say("a", new RolloutCommand.Commit("r")))
        .as("said again")
        .isEqualTo(new RolloutReply.Committed());
    assertThat(say("a", new RolloutCommand.Abort("r")))
        .as("too late")
        .isEqualTo(new RolloutReply.Committed());
    assertThat(command("a", new ModelCommand.Unload("tiny")))
        .as("and the next command is taken")
        .isEqualTo(new ModelReply.Done("tiny", ""));
  }

  @Test
  void what_is_aborted_leaves_nothing_and_the_old_model_serves_on() {
    long old = last("a-0").enginePid();
    say("a", prepare("r", "tiny", List.of("b"), LONG));
    long prepared = await("a-1", beat -> beat.state() == State.PREPARED).enginePid();

    assertThat(say("a", new RolloutCommand.Abort("r"))).isEqualTo(new RolloutReply.Aborted());

    assertThat(ProcessHandle.of(prepared).filter(ProcessHandle::isAlive)).isEmpty();
    assertThat(last("a-0").enginePid()).isEqualTo(old);
    assertThat(all)
        .as("its model is told of while it is prepared, and neither before nor after")
        .filteredOn(beat -> beat.workerId().equals("a-1"))
        .hasSizeGreaterThan(2)
        .allMatch(beat -> beat.model().isPresent() == (beat.state() == State.PREPARED));
    assertThat(last("a-0").state()).isEqualTo(State.READY);
    assertThat(say("a", new RolloutCommand.Abort("r"))).isEqualTo(new RolloutReply.Aborted());
    assertThat(refusal(say("a", new RolloutCommand.Commit("r"))).message()).contains("given up");
    assertThat(command("a", ModelCommand.Load.replacing("tiny")))
        .as("and the next command is taken")
        .isEqualTo(new ModelReply.Done("tiny", ""));
  }

  @Test
  void an_abort_ends_a_load_that_is_under_way_and_one_that_comes_first_keeps_it_from_beginning() {
    Future<RolloutReply> preparing = send("a", prepare("r", "tiny", List.of("b"), LONG));
    await("a-1", beat -> beat.state() == State.STARTING);

    assertThat(say("a", new RolloutCommand.Abort("r"))).isEqualTo(new RolloutReply.Aborted());

    assertThat(preparing.await()).isInstanceOf(RolloutReply.Refused.class);
    assertThat(vertx.deploymentIDs()).as("two hosts and their workers").hasSize(4);
    assertThat(last("a-0").state()).isEqualTo(State.READY);

    assertThat(say("b", new RolloutCommand.Abort("early"))).isEqualTo(new RolloutReply.Aborted());
    assertThat(refusal(say("b", prepare("early", "tiny", List.of(), LONG))).message())
        .contains("given up");
  }

  @Test
  void what_cannot_be_prepared_is_refused_with_the_reason_and_nothing_is_held() {
    assertThat(refusal(say("a", prepare("r1", "none", List.of(), LONG))).code())
        .isEqualTo(ModelReply.Code.NOT_FOUND);
    ModelReply.Refused cut = refusal(say("a", prepare("r2", "cut", List.of(), LONG)));
    assertThat(cut.code()).isEqualTo(ModelReply.Code.UNUSABLE);
    assertThat(cut.param()).isEqualTo("model");
    assertThat(refusal(say("a", prepare("r3", "tiny", List.of(), Duration.ofHours(1)))).message())
        .contains("a lease is at most 10 minutes");
    assertThat(refusal(say("a", new RolloutCommand.Renew("r2"))).message()).contains("given up");

    assertThat(say("a", prepare("r4", "tiny", List.of(), LONG)))
        .as("and the next is taken")
        .isInstanceOf(RolloutReply.Prepared.class);
  }

  @Test
  void without_a_word_from_the_gateway_it_is_taken_back() {
    long gateway = renewing("r");
    Future<RolloutReply> a = send("a", prepare("r", "tiny", List.of("b", "gone"), SHORT));
    Future<RolloutReply> b = send("b", prepare("r", "tiny", List.of("a", "gone"), SHORT));
    assertThat(a.await()).isInstanceOf(RolloutReply.Prepared.class).isEqualTo(b.await());
    vertx.timer(SHORT.multipliedBy(2).toMillis(), TimeUnit.MILLISECONDS).await();
    assertThat(say("a", new RolloutCommand.Renew("r")))
        .as("longer than a lease, with a gateway")
        .isInstanceOf(RolloutReply.Prepared.class);

    vertx.cancelTimer(gateway);

    await("a-1", beat -> beat.state() == State.DRAINING);
    await("b-1", beat -> beat.state() == State.DRAINING);
    assertThat(last("a-0").state()).isEqualTo(State.READY);
    assertThat(last("b-0").state()).isEqualTo(State.READY);
    assertThat(say("a", new RolloutCommand.Commit("r"))).isInstanceOf(RolloutReply.Refused.class);
  }

  @Test
  void a_gateway_that_dies_with_half_of_its_decision_told_is_finished_by_the_nodes() {
    long gateway = renewing("r");
    Future<RolloutReply> a = send("a", prepare("r", "tiny", List.of("b"), SHORT));
    Future<RolloutReply> b = send("b", prepare("r", "tiny", List.of("a"), SHORT));
    assertThat(a.await()).isInstanceOf(RolloutReply.Prepared.class).isEqualTo(b.await());

    assertThat(say("a", new RolloutCommand.Commit("r"))).isEqualTo(new RolloutReply.Committed());
    vertx.cancelTimer(gateway);

    await("b-1", beat -> beat.state() == State.READY);
    await("b-0", beat -> beat.state() == State.DRAINING);
    assertThat(say("b", new RolloutCommand.Commit("r")))
        .as("a decision that comes after all")
        .isEqualTo(new RolloutReply.Committed());
  }

  /** A gateway that lives until this timer is cancelled. */
  private long renewing(String rollout) {
    return vertx.setPeriodic(
        200,
        ignored ->
            List.of("a", "b").forEach(node -> send(node, new RolloutCommand.Renew(rollout))));
  }

  private static RolloutCommand prepare(
      String rollout, String model, List<String> peers, Duration lease) {
    return new RolloutCommand.Prepare(rollout, ModelCommand.Load.replacing(model), peers, lease);
  }

  private Future<RolloutReply> send(String node, RolloutCommand command) {
    return vertx
        .eventBus()
        .<RolloutReply>request(BusAddresses.rollout(node), command)
        .map(message -> message.body());
  }

  private RolloutReply say(String node, RolloutCommand command) {
    return send(node, command).await();
  }

  private ModelReply command(String node, ModelCommand command) {
    return vertx
        .eventBus()
        .<ModelReply>request(BusAddresses.models(node), command)
        .map(message -> message.body())
        .await();
  }

  private static ModelReply.Refused refusal(RolloutReply reply) {
    assertThat(reply).isInstanceOf(RolloutReply.Refused.class);
    return ((RolloutReply.Refused) reply).why();
  }

  private WorkerHeartbeat last(String worker) {
    long after = await(worker, beat -> true).number();
    return await(worker, beat -> beat.number() > after);
  }

  private WorkerHeartbeat await(String worker, Predicate<WorkerHeartbeat> wanted) {
    long deadline = System.nanoTime() + WINDOW.toNanos();
    while (true) {
      WorkerHeartbeat beat = heard.get(worker);
      if (beat != null && wanted.test(beat)) {
        return beat;
      }
      assertThat(System.nanoTime()).as("the last of %s was %s", worker, beat).isLessThan(deadline);
      Thread.onSpinWait();
    }
  }
}
