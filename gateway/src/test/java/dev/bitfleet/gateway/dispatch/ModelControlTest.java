package dev.bitfleet.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.FleetCodecs;
import dev.bitfleet.proto.ModelCommand;
import dev.bitfleet.proto.ModelReply;
import dev.bitfleet.proto.PrefixSummary;
import dev.bitfleet.proto.ProtocolVersion;
import dev.bitfleet.proto.RolloutCommand;
import dev.bitfleet.proto.RolloutReply;
import dev.bitfleet.proto.WorkerHeartbeat;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A gateway that only answers, and nodes that say what a test wants of them. */
@Timeout(60)
class ModelControlTest {
  private static final ModelCommand.Load LOAD = ModelCommand.Load.replacing("me/new");
  private static final RolloutReply PREPARED =
      new RolloutReply.Prepared("new", "f00d", List.of(1, 2));

  private final Vertx vertx = Vertx.vertx();
  private final FleetView fleet = new FleetView(FleetView.STALE_AFTER);
  private final Queue<String> told = new ConcurrentLinkedQueue<>();

  @BeforeEach
  void start() {
    FleetCodecs.register(vertx.eventBus());
  }

  @AfterEach
  void stop() {
    vertx.close().await();
  }

  private void node(String id, Function<RolloutCommand, RolloutReply> answers) {
    vertx
        .eventBus()
        .<RolloutCommand>consumer(
            BusAddresses.rollout(id),
            message -> {
              told.add(id + " " + message.body().getClass().getSimpleName());
              message.reply(answers.apply(message.body()));
            });
  }

  private static RolloutReply obedient(RolloutCommand command) {
    return switch (command) {
      case RolloutCommand.Prepare ignored -> PREPARED;
      case RolloutCommand.Renew ignored -> PREPARED;
      case RolloutCommand.Commit ignored -> new RolloutReply.Committed();
      case RolloutCommand.Abort ignored -> new RolloutReply.Aborted();
    };
  }

  private static RolloutReply broken(RolloutCommand command) {
    return command instanceof RolloutCommand.Prepare
        ? new RolloutReply.Refused(
            new ModelReply.Refused(ModelReply.Code.UNUSABLE, "it is broken", "model"))
        : obedient(command);
  }

  private void worker(String node, ProtocolVersion protocol) {
    fleet.hear(
        new WorkerHeartbeat(
            node + "-0",
            node,
            1,
            protocol,
            WorkerHeartbeat.State.READY,
            Optional.empty(),
            1,
            0,
            "builtin",
            "1",
            "avx2",
            0,
            List.of(),
            0,
            "",
            PrefixSummary.NONE),
        0);
  }

  private ModelReply send(ModelCommand command, String... computing) {
    Promise<ModelReply> reply = Promise.promise();
    vertx.runOnContext(
        ignored ->
            new ModelControl(vertx, fleet, () -> List.of(computing))
                .send(command)
                .onComplete(reply::complete, reply::fail));
    return reply.future().await();
  }

  @Test
  void every_node_that_computes_has_it_whether_it_has_workers_now_or_not() {
    node("a", ModelControlTest::obedient);
    node("b", ModelControlTest::obedient);
    worker("a", ProtocolVersion.FLEET);

    assertThat(send(LOAD, "a", "b")).isEqualTo(new ModelReply.Done("new", ""));
    assertThat(told).containsExactlyInAnyOrder("a Prepare", "b Prepare", "a Commit", "b Commit");
  }

  @Test
  void what_one_node_refuses_is_taken_back_on_the_others_and_the_error_names_it() {
    node("a", ModelControlTest::obedient);
    node("b", ModelControlTest::broken);

    assertThat(send(LOAD, "a", "b"))
        .isEqualTo(
            new ModelReply.Refused(ModelReply.Code.UNUSABLE, "node b: it is broken", "model"));
    assertThat(told).contains("a Abort").noneMatch(each -> each.endsWith("Commit"));
  }

  @Test
  void a_node_of_an_older_version_is_refused_before_anybody_is_asked() {
    node("a", ModelControlTest::obedient);
    worker("a", ProtocolVersion.FLEET);
    worker("b", new ProtocolVersion(1, 0));

    assertThat(message(send(LOAD, "a", "b")))
        .isEqualTo(
            "node b speaks version 1.0 of the fleet protocol, and loads on all nodes need 1.1;"
                + " nothing was changed");
    assertThat(told).isEmpty();
  }

  @Test
  void a_node_that_does_not_listen_keeps_all_from_changing() {
    node("a", ModelControlTest::obedient);

    assertThat(message(send(LOAD, "a", "b"))).startsWith("node b: it takes no loads of several");
    assertThat(told).contains("a Abort").noneMatch(each -> each.endsWith("Commit"));
  }

  @Test
  void without_a_node_that_computes_there_is_nothing_to_load_on() {
    assertThat(message(send(LOAD))).isEqualTo("there is no node that has workers");
    assertThat(message(send(new ModelCommand.Unload("m")))).contains("no node that has workers");
  }

  private static String message(ModelReply reply) {
    assertThat(reply).isInstanceOf(ModelReply.Refused.class);
    return ((ModelReply.Refused) reply).message();
  }
}
