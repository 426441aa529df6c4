package dev.bitfleet.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.PrefixSummary;
import dev.bitfleet.proto.ProtocolVersion;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.proto.WorkerHeartbeat.State;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FleetViewTest {
  private static final long MILLI = 1_000_000L;

  private final FleetView fleet = new FleetView(FleetView.STALE_AFTER);

  /** As if it had listened for long enough to have heard everybody. */
  private void allHeard() {
    fleet.expire(-2000 * MILLI);
    fleet.expire(0);
  }

  private static WorkerHeartbeat beat(
      String id, long number, State state, String model, int slots, int open, int restarts) {
    return new WorkerHeartbeat(
        id,
        "n",
        number,
        ProtocolVersion.FLEET,
        state,
        model.isEmpty()
            ? Optional.empty()
            : Optional.of(new ModelDescription(model, "a", "f", 10, 10, 1, 1, 1, true)),
        slots,
        open,
        "builtin",
        "1",
        "avx2",
        restarts,
        List.of(),
        0,
        "",
        PrefixSummary.NONE);
  }

  private static WorkerHeartbeat ready(String id, long number, String model, int slots, int open) {
    return beat(id, number, State.READY, model, slots, open, 0);
  }

  /** A ready worker of a model with that rank, those aliases, and embeddings of that size only. */
  private static WorkerHeartbeat offering(
      String id, String model, int rank, int embeddingSize, String... aliases) {
    WorkerHeartbeat plain = ready(id, 1, model, 1, 0);
    return new WorkerHeartbeat(
        plain.workerId(),
        plain.nodeId(),
        plain.number(),
        plain.protocol(),
        plain.state(),
        Optional.of(
            new ModelDescription(
                model,
                "a",
                "f",
                10,
                10,
                1,
                1,
                1,
                embeddingSize == 0,
                embeddingSize,
                embeddingSize == 0 ? "none" : "mean",
                "I2_S",
                List.of(aliases),
                rank)),
        plain.slots(),
        plain.openSequences(),
        plain.engine(),
        plain.engineVersion(),
        plain.kernel(),
        plain.engineRestarts(),
        plain.cores(),
        plain.enginePid(),
        plain.detail(),
        PrefixSummary.NONE);
  }

  private Optional<String> meant(ModelWish wish) {
    return fleet.generating(wish).map(ModelDescription::id);
  }

  @Test
  void a_name_is_an_id_before_it_is_an_alias_and_no_name_is_the_lowest_rank() {
    fleet.hear(offering("w1", "a", 1, 0, "old"), 0);
    fleet.hear(offering("w2", "b", 0, 0), 0);

    assertThat(meant(ModelWish.of("old"))).contains("a");
    assertThat(meant(ModelWish.ANY)).contains("b");
    assertThat(meant(ModelWish.of("gpt-9"))).isEmpty();
    assertThat(fleet.supply(ModelWish.of("old"))).isEqualTo(new ModelSupply.Serving("a", 1));

    fleet.hear(offering("w3", "old", 2, 0), 0);
    assertThat(meant(ModelWish.of("old"))).contains("old");
    assertThat(fleet.supply(ModelWish.of("old"))).isEqualTo(new ModelSupply.Serving("old", 1));
  }

  @Test
  void a_lenient_wish_means_the_default_model_only_where_nobody_knows_the_name() {
    allHeard();
    ModelWish lenient = ModelWish.of("bitnet").lenient();
    fleet.hear(beat("w1", 1, State.STARTING, "", 1, 0, 0), 0);
    fleet.hear(ready("w2", 1, "m", 2, 0), 0);
    assertThat(fleet.supply(lenient))
        .as("it may still come")
        .isEqualTo(new ModelSupply.Awaited(false));

    fleet.hear(ready("w1", 2, "m", 2, 0), 1);
    assertThat(fleet.supply(lenient)).isEqualTo(new ModelSupply.Serving("m", 4));
    assertThat(meant(lenient)).contains("m");
    assertThat(fleet.supply(ModelWish.of("bitnet"))).isEqualTo(new ModelSupply.Unknown());

    fleet.hear(beat("w3", 1, State.RESTARTING, "bitnet", 1, 0, 0), 2);
    assertThat(fleet.supply(lenient)).isEqualTo(new ModelSupply.Awaited(true));
    assertThat(meant(lenient)).as("another must not answer for it").isEmpty();
  }

  @Test
  void a_model_for_embeddings_only_is_the_default_of_no_completion() {
    fleet.hear(offering("w1", "embed", 0, 384), 0);
    assertThat(fleet.supply(ModelWish.ANY)).isEqualTo(new ModelSupply.Serving("embed", 1));

    fleet.hear(offering("w2", "chat", 1, 0), 0);
    assertThat(fleet.supply(ModelWish.ANY)).isEqualTo(new ModelSupply.Serving("chat", 1));
    assertThat(fleet.described(ModelWish.ANY, model -> model.embeddingSize() > 0))
        .map(ModelDescription::id)
        .contains("embed");
    fleet.hear(offering("w3", "another", 2, 0), 0);
    assertThat(fleet.models())
        .as("as clients take them that are told of none")
        .extracting(ModelDescription::id)
        .containsExactly("chat", "another", "embed");
  }

  private Optional<String> choice(String model, String... excluded) {
    return Router.choose(fleet.workers(), RouteWish.uncached(model, Set.of(excluded), "elsewhere"))
        .map(WorkerView::id);
  }

  @Test
  void an_older_heartbeat_is_dropped_and_a_stale_worker_forgotten() {
    fleet.hear(ready("w", 5, "m", 1, 0), 0);
    assertThat(fleet.hear(beat("w", 4, State.FAILED, "m", 1, 0, 0), 1)).isEmpty();
    assertThat(choice("m")).contains("w");
    assertThat(fleet.expire(3500 * MILLI)).isEmpty();
    assertThat(fleet.expire(3501 * MILLI)).containsExactly("w");
    assertThat(fleet.workers()).isEmpty();
    // Back from the dead it begins to count anew.
    assertThat(fleet.hear(ready("w", 0, "m", 1, 0), 3600 * MILLI)).isPresent();
  }

  @Test
  void another_major_of_the_protocol_is_not_ours() {
    WorkerHeartbeat foreign = ready("w", 1, "m", 1, 0);
    assertThat(
            fleet.hear(
                new WorkerHeartbeat(
                    foreign.workerId(),
                    foreign.nodeId(),
                    1,
                    new ProtocolVersion(ProtocolVersion.FLEET.major() + 1, 0),
                    State.READY,
                    foreign.model(),
                    1,
                    0,
                    "e",
                    "1",
                    "k",
                    0,
                    List.of(),
                    0,
                    "",
                    PrefixSummary.NONE),
                0))
        .isEmpty();
    assertThat(fleet.workers()).isEmpty();
  }

  @Test
  void restarts_are_reported_once() {
    assertThat(fleet.hear(beat("w", 1, State.READY, "m", 1, 0, 7), 0)).hasValue(0);
    assertThat(fleet.hear(beat("w", 2, State.READY, "m", 1, 0, 9), 0)).hasValue(2);
    assertThat(fleet.hear(beat("w", 3, State.READY, "m", 1, 0, 9), 0)).hasValue(0);
  }

  @Test
  void the_least_busy_worker_is_chosen_and_of_equal_ones_the_largest() {
    fleet.hear(ready("b", 1, "m", 4, 0), 0);
    fleet.hear(ready("a", 1, "m", 4, 0), 0);
    String first = choice("m").orElseThrow();
    String second = first.equals("a") ? "b" : "a";
    fleet.opened(first);
    assertThat(choice("m")).contains(second);
    fleet.hear(ready("big", 1, "m", 8, 0), 0);
    assertThat(choice("m")).contains("big");
    fleet.opened("big");
    assertThat(choice("m")).contains(second);
    fleet.opened(second);
    // One of eight is less than one of four.
    assertThat(choice("m")).contains("big");
    fleet.closed(second);
    assertThat(choice("m")).contains(second);
    assertThat(choice("m", second)).contains("big");
    assertThat(choice("other")).isEmpty();
  }

  @Test
  void sequences_of_others_count_but_our_own_do_not_count_twice() {
    fleet.hear(ready("w", 1, "m", 4, 0), 0);
    fleet.opened("w");
    fleet.hear(ready("w", 2, "m", 4, 3), 0);
    assertThat(fleet.workers().iterator().next().foreign()).isEqualTo(2);
    assertThat(fleet.workers().iterator().next().outstanding()).isEqualTo(3);
    assertThat(fleet.supply(ModelWish.of("m"))).isEqualTo(new ModelSupply.Serving("m", 2));
  }

  @Test
  void of_a_worker_that_is_only_prepared_nobody_knows() {
    allHeard();
    fleet.hear(ready("a", 1, "old", 4, 0), 0);
    fleet.hear(beat("b", 1, State.PREPARED, "new", 4, 0, 0), 0);

    assertThat(fleet.models()).extracting(ModelDescription::id).containsExactly("old");
    assertThat(fleet.supply(ModelWish.of("new"))).isEqualTo(new ModelSupply.Unknown());
    assertThat(fleet.supply(ModelWish.ANY)).isEqualTo(new ModelSupply.Serving("old", 4));
    assertThat(fleet.generating(ModelWish.of("new").lenient()).map(ModelDescription::id))
        .as("as if the name were not there")
        .contains("old");

    fleet.hear(ready("b", 2, "new", 4, 0), 0);
    assertThat(fleet.supply(ModelWish.of("new"))).isEqualTo(new ModelSupply.Serving("new", 4));
  }

  @Test
  void draining_and_unready_workers_get_nothing() {
    fleet.hear(beat("d", 1, State.DRAINING, "m", 4, 0, 0), 0);
    fleet.hear(beat("r", 1, State.RESTARTING, "m", 4, 0, 0), 0);
    assertThat(choice("m")).isEmpty();
    assertThat(fleet.supply(ModelWish.of("m"))).isEqualTo(new ModelSupply.Awaited(true));
    assertThat(fleet.models()).isEmpty();
  }

  @Test
  void before_everybody_was_heard_any_model_may_be_there() {
    fleet.expire(0);
    fleet.hear(ready("w", 1, "m", 4, 0), 0);
    assertThat(fleet.supply(ModelWish.of("x"))).isEqualTo(new ModelSupply.Awaited(false));
    fleet.expire(1501 * MILLI);
    assertThat(fleet.supply(ModelWish.of("x"))).isEqualTo(new ModelSupply.Unknown());
  }

  @Test
  void a_model_whose_workers_fell_silent_is_waited_for_but_not_one_that_was_taken_away() {
    allHeard();
    fleet.hear(ready("w", 1, "m", 4, 0), 0);
    fleet.hear(ready("gone", 1, "old", 4, 0), 0);
    fleet.hear(beat("gone", 2, State.DRAINING, "old", 4, 0, 0), 0);
    fleet.hear(ready("other", 1, "x", 4, 0), 3000 * MILLI);
    assertThat(fleet.expire(4000 * MILLI)).containsExactlyInAnyOrder("w", "gone");
    assertThat(fleet.supply(ModelWish.of("m"))).isEqualTo(new ModelSupply.Awaited(true));
    assertThat(fleet.supply(ModelWish.of("m").lenient()))
        .as("another must not answer for it")
        .isEqualTo(new ModelSupply.Awaited(true));
    assertThat(fleet.supply(ModelWish.of("old"))).isEqualTo(new ModelSupply.Unknown());

    fleet.hear(ready("w", 2, "m", 4, 0), 4100 * MILLI);
    assertThat(fleet.supply(ModelWish.of("m"))).isEqualTo(new ModelSupply.Serving("m", 4));
    assertThat(fleet.left("n", 5000 * MILLI)).contains("w");
    fleet.hear(ready("other", 2, "x", 4, 0), 64_000 * MILLI);
    assertThat(fleet.supply(ModelWish.of("m"))).isEqualTo(new ModelSupply.Awaited(true));
    fleet.expire(65_100 * MILLI);
    assertThat(fleet.supply(ModelWish.of("m"))).isEqualTo(new ModelSupply.Unknown());
  }

  @Test
  void an_unknown_model_is_told_from_one_that_may_still_come() {
    allHeard();
    assertThat(fleet.supply(ModelWish.of("x"))).isEqualTo(new ModelSupply.Awaited(false));
    fleet.hear(ready("w", 1, "m", 4, 0), 0);
    assertThat(fleet.supply(ModelWish.of("x"))).isEqualTo(new ModelSupply.Unknown());
    fleet.hear(beat("s", 1, State.STARTING, "", 4, 0, 0), 0);
    assertThat(fleet.supply(ModelWish.of("x"))).isEqualTo(new ModelSupply.Awaited(false));
    fleet.hear(beat("s", 2, State.FAILED, "", 4, 0, 0), 0);
    assertThat(fleet.supply(ModelWish.of("x"))).isEqualTo(new ModelSupply.Unknown());
    fleet.hear(beat("w", 2, State.FAILED, "m", 4, 0, 0), 0);
    assertThat(fleet.supply(ModelWish.of("m"))).isEqualTo(new ModelSupply.Lost());
    assertThat(fleet.supply(ModelWish.ANY)).isEqualTo(new ModelSupply.Lost());
  }

  @Test
  void a_request_without_a_model_always_gets_the_same_one() {
    fleet.hear(ready("w1", 1, "zeta", 4, 0), 0);
    fleet.hear(ready("w2", 1, "alpha", 1, 1), 0);
    assertThat(fleet.supply(ModelWish.ANY)).isEqualTo(new ModelSupply.Serving("alpha", 0));
    assertThat(fleet.models()).extracting(ModelDescription::id).containsExactly("alpha", "zeta");
  }
}
