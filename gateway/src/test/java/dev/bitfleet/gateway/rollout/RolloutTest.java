package dev.bitfleet.gateway.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.ModelCommand;
import dev.bitfleet.proto.ModelReply;
import dev.bitfleet.proto.RolloutCommand;
import dev.bitfleet.proto.RolloutReply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RolloutTest {
  private static final ModelCommand.Load LOAD = ModelCommand.Load.replacing("me/new");
  private static final Duration LEASE = Duration.ofSeconds(15);
  private static final RolloutReply.Prepared PREPARED =
      new RolloutReply.Prepared("new", "f00d", List.of(1, 2, 3));
  private static final RolloutCommand PREPARE =
      new RolloutCommand.Prepare("r", LOAD, List.of(), LEASE);
  private static final RolloutCommand RENEW = new RolloutCommand.Renew("r");
  private static final RolloutCommand COMMIT = new RolloutCommand.Commit("r");
  private static final RolloutCommand ABORT = new RolloutCommand.Abort("r");

  private static Rollout of(String... nodes) {
    return new Rollout("r", LOAD, List.of(nodes), LEASE, 0);
  }

  private static long at(double seconds) {
    return (long) (seconds * 1e9);
  }

  private static RolloutReply refused(ModelReply.Code code, String message) {
    return new RolloutReply.Refused(new ModelReply.Refused(code, message, "model"));
  }

  private static List<Step> told(RolloutCommand command, String... nodes) {
    return Arrays.stream(nodes).<Step>map(node -> new Step.Tell(node, command)).toList();
  }

  private static ModelReply end(List<Step> steps) {
    assertThat(steps).singleElement().isInstanceOf(Step.End.class);
    return ((Step.End) steps.getFirst()).reply();
  }

  private static String refusal(List<Step> steps) {
    return ((ModelReply.Refused) end(steps)).message();
  }

  @Test
  void each_prepares_and_knows_the_others() {
    assertThat(of("b", "a", "c").begin())
        .containsExactly(
            new Step.Tell("a", new RolloutCommand.Prepare("r", LOAD, List.of("b", "c"), LEASE)),
            new Step.Tell("b", new RolloutCommand.Prepare("r", LOAD, List.of("a", "c"), LEASE)),
            new Step.Tell("c", new RolloutCommand.Prepare("r", LOAD, List.of("a", "b"), LEASE)));
  }

  @Test
  void all_commit_once_all_have_prepared() {
    Rollout rollout = of("a", "b");
    assertThat(rollout.answered("b", PREPARE, PREPARED, 1)).isEmpty();
    assertThat(rollout.answered("a", PREPARE, PREPARED, 2)).isEqualTo(told(COMMIT, "a", "b"));
    assertThat(rollout.answered("a", COMMIT, new RolloutReply.Committed(), 3)).isEmpty();
    assertThat(end(rollout.answered("b", COMMIT, new RolloutReply.Committed(), 4)))
        .isEqualTo(new ModelReply.Done("new", ""));
    assertThat(rollout.tick(at(100))).as("it is over").isEmpty();
  }

  @Test
  void one_that_cannot_has_all_take_it_back_before_the_caller_hears_why() {
    Rollout rollout = of("a", "b", "c");
    assertThat(rollout.answered("a", PREPARE, PREPARED, 1)).isEmpty();
    assertThat(
            rollout.answered(
                "b", PREPARE, refused(ModelReply.Code.NO_MEMORY, "there is no room"), 2))
        .isEqualTo(told(ABORT, "a", "c"));
    assertThat(rollout.answered("c", PREPARE, PREPARED, 3)).as("too late").isEmpty();
    assertThat(rollout.answered("c", ABORT, new RolloutReply.Aborted(), 4)).isEmpty();
    assertThat(end(rollout.answered("a", ABORT, new RolloutReply.Aborted(), 5)))
        .isEqualTo(
            new ModelReply.Refused(ModelReply.Code.NO_MEMORY, "node b: there is no room", "model"));
  }

  @Test
  void a_single_node_speaks_for_itself() {
    assertThat(
            end(
                of("a")
                    .answered("a", PREPARE, refused(ModelReply.Code.UNUSABLE, "it is broken"), 1)))
        .isEqualTo(new ModelReply.Refused(ModelReply.Code.UNUSABLE, "it is broken", "model"));
  }

  @Test
  void other_weights_under_the_name_are_told_apart_by_their_fingerprint() {
    Rollout rollout = of("a", "b", "c");
    rollout.answered("a", PREPARE, new RolloutReply.Prepared("new", "beef", List.of(1)), 1);
    rollout.answered("b", PREPARE, PREPARED, 1);
    assertThat(rollout.answered("c", PREPARE, PREPARED, 1)).isEqualTo(told(ABORT, "a", "b", "c"));
    rollout.answered("a", ABORT, new RolloutReply.Aborted(), 2);
    rollout.answered("b", ABORT, new RolloutReply.Aborted(), 2);
    assertThat(end(rollout.answered("c", ABORT, new RolloutReply.Aborted(), 2)))
        .as("the one that is not as the others")
        .isEqualTo(
            new ModelReply.Refused(
                ModelReply.Code.UNUSABLE,
                "node a: it has other weights under that name than node b: their fingerprints are"
                    + " beef and f00d",
                "model"));
  }

  @Test
  void another_answer_to_the_canary_and_another_id_are_faults_too() {
    Rollout tokens = of("a", "b");
    tokens.answered("a", PREPARE, PREPARED, 1);
    tokens.answered("b", PREPARE, new RolloutReply.Prepared("new", "f00d", List.of(1, 2, 4)), 1);
    tokens.answered("a", ABORT, new RolloutReply.Aborted(), 2);
    assertThat(refusal(tokens.answered("b", ABORT, new RolloutReply.Aborted(), 2)))
        .isEqualTo(
            "node b: it answers the canary otherwise than node a, with the same weights:"
                + " [1, 2, 4] and [1, 2, 3]");

    Rollout names = of("a", "b");
    names.answered("a", PREPARE, PREPARED, 1);
    names.answered("b", PREPARE, new RolloutReply.Prepared("other", "f00d", List.of(1, 2, 3)), 1);
    names.answered("a", ABORT, new RolloutReply.Aborted(), 2);
    assertThat(refusal(names.answered("b", ABORT, new RolloutReply.Aborted(), 2)))
        .isEqualTo("node b: it would serve it as 'other', and node a as 'new'");
  }

  @Test
  void leases_are_renewed_and_who_is_silent_for_one_is_given_up() {
    Rollout rollout = of("a", "b");
    assertThat(rollout.tick(at(2))).isEqualTo(told(RENEW, "a", "b"));
    rollout.answered("a", RENEW, new RolloutReply.Renewed(), at(14));
    assertThat(rollout.unanswered("b", RENEW, false, at(7))).as("it may be slow").isEmpty();
    assertThat(rollout.tick(at(16))).isEqualTo(told(ABORT, "a", "b"));
    rollout.answered("a", ABORT, new RolloutReply.Aborted(), at(17));
    assertThat(rollout.tick(at(18))).as("said again").isEqualTo(told(ABORT, "b"));
    assertThat(refusal(rollout.tick(at(32))))
        .startsWith("node b: it was not heard of for 15.0 s; node b did not confirm");
  }

  @Test
  void a_node_that_is_gone_or_does_not_know_of_it_ends_it_at_once() {
    Rollout leaves = of("a", "b");
    leaves.answered("a", PREPARE, PREPARED, 1);
    assertThat(leaves.unanswered("b", RENEW, true, 2)).isEqualTo(told(ABORT, "a"));
    assertThat(refusal(leaves.answered("a", ABORT, new RolloutReply.Aborted(), 3)))
        .isEqualTo("node b: it has left");

    Rollout older = of("a", "b");
    assertThat(older.unanswered("a", PREPARE, true, 1)).isEqualTo(told(ABORT, "b"));
    assertThat(refusal(older.answered("b", ABORT, new RolloutReply.Aborted(), 2)))
        .startsWith("node a: it takes no loads of several nodes: it is of an older version");

    Rollout restarted = of("a", "b");
    restarted.answered("a", PREPARE, PREPARED, 1);
    assertThat(
            restarted.answered("a", RENEW, refused(ModelReply.Code.FAILED, "nothing is held"), 2))
        .isEqualTo(told(ABORT, "b"));
    assertThat(refusal(restarted.unanswered("b", ABORT, true, 3)))
        .isEqualTo("node a: nothing is held");
  }

  @Test
  void nothing_is_committed_on_old_news() {
    Rollout rollout = of("a", "b");
    rollout.answered("a", PREPARE, PREPARED, at(1));
    assertThat(rollout.answered("b", PREPARE, PREPARED, at(9)))
        .as("a's lease may be over by the time it hears")
        .isEqualTo(told(RENEW, "a"));
    assertThat(rollout.answered("a", RENEW, new RolloutReply.Renewed(), at(9.1)))
        .isEqualTo(told(COMMIT, "a", "b"));
  }

  @Test
  void an_answer_that_was_lost_comes_with_the_next_renewal() {
    Rollout rollout = of("a", "b");
    rollout.answered("a", PREPARE, PREPARED, at(1));
    assertThat(rollout.answered("b", RENEW, PREPARED, at(2))).isEqualTo(told(COMMIT, "a", "b"));
    assertThat(rollout.unanswered("b", PREPARE, false, at(3))).isEmpty();
  }

  @Test
  void a_decision_is_said_until_it_is_heard() {
    Rollout rollout = of("a", "b");
    rollout.answered("a", PREPARE, PREPARED, at(1));
    rollout.answered("b", PREPARE, PREPARED, at(1));
    rollout.answered("a", COMMIT, new RolloutReply.Committed(), at(1));
    assertThat(rollout.answered("b", RENEW, refused(ModelReply.Code.FAILED, "decided"), at(2)))
        .as("a renewal that crossed the decision")
        .isEmpty();
    assertThat(rollout.unanswered("b", COMMIT, false, at(6))).isEmpty();
    assertThat(rollout.tick(at(7))).isEqualTo(told(COMMIT, "b"));
    assertThat(end(rollout.answered("b", COMMIT, new RolloutReply.Committed(), at(8))))
        .isEqualTo(new ModelReply.Done("new", ""));
  }

  @Test
  void who_left_after_the_decision_is_named_and_the_rest_serves() {
    Rollout rollout = of("a", "b");
    rollout.answered("a", PREPARE, PREPARED, 1);
    rollout.answered("b", PREPARE, PREPARED, 1);
    rollout.answered("a", COMMIT, new RolloutReply.Committed(), 2);
    assertThat(end(rollout.unanswered("b", COMMIT, true, 3)))
        .isEqualTo(
            new ModelReply.Done(
                "new",
                "node b left before it served it, and comes back with the models of its"
                    + " settings"));
  }

  @Test
  void a_fleet_that_is_of_two_minds_is_an_error_that_says_who_has_what() {
    Rollout refuses = of("a", "b");
    refuses.answered("a", PREPARE, PREPARED, 1);
    refuses.answered("b", PREPARE, PREPARED, 1);
    refuses.answered("a", COMMIT, new RolloutReply.Committed(), 2);
    assertThat(refusal(refuses.answered("b", COMMIT, refused(ModelReply.Code.FAILED, "no"), 3)))
        .contains("they do on a")
        .contains("they do not on b");

    Rollout silent = of("a", "b");
    silent.answered("a", PREPARE, PREPARED, 1);
    silent.answered("b", PREPARE, PREPARED, 1);
    silent.answered("a", COMMIT, new RolloutReply.Committed(), 2);
    assertThat(refusal(silent.tick(at(16)))).contains("nothing was heard of b");
  }

  /** How one node behaves. */
  private enum Fate {
    PREPARES,
    REFUSES,
    DIFFERS,
    IS_GONE,
    NEVER_ANSWERS
  }

  @ParameterizedTest
  @EnumSource(Fate.class)
  void whatever_order_answers_come_in_all_commit_or_none_does(Fate odd) {
    for (List<String> order : orders(List.of("a", "b", "c"))) {
      for (String node : List.of("a", "b", "c")) {
        var fates =
            new HashMap<>(Map.of("a", Fate.PREPARES, "b", Fate.PREPARES, "c", Fate.PREPARES));
        fates.put(node, odd);
        Set<String> commands = new TreeSet<>();
        Rollout rollout = of("a", "b", "c");
        List<Step> steps = new ArrayList<>();
        for (String each : order) {
          steps.addAll(meets(rollout, each, PREPARE, fates));
        }
        ModelReply reply = play(rollout, steps, fates, commands);
        assertThat(reply instanceof ModelReply.Done)
            .as("%s of %s in %s", odd, node, order)
            .isEqualTo(odd == Fate.PREPARES);
        assertThat(commands)
            .as("%s of %s in %s", odd, node, order)
            .containsExactly(odd == Fate.PREPARES ? "Commit" : "Abort");
        if (reply instanceof ModelReply.Refused refused && odd != Fate.DIFFERS) {
          assertThat(refused.message()).startsWith("node " + node + ": ");
        }
      }
    }
  }

  /** Carries steps out until the end, with a clock that goes on when there is nothing to do. */
  private static ModelReply play(
      Rollout rollout, List<Step> first, Map<String, Fate> fates, Set<String> commands) {
    var steps = new ArrayList<>(first);
    for (double now = 0; now < 120; now += 2) {
      while (!steps.isEmpty()) {
        switch (steps.removeFirst()) {
          case Step.End end -> {
            return end.reply();
          }
          case Step.Tell tell -> {
            if (!(tell.command() instanceof RolloutCommand.Renew)) {
              commands.add(tell.command().getClass().getSimpleName());
            }
            steps.addAll(meets(rollout, tell.node(), tell.command(), fates, now));
          }
        }
      }
      steps.addAll(rollout.tick(at(now)));
    }
    throw new AssertionError("it never ends");
  }

  private static List<Step> meets(
      Rollout rollout, String node, RolloutCommand command, Map<String, Fate> fates) {
    return meets(rollout, node, command, fates, 0);
  }

  private static List<Step> meets(
      Rollout rollout, String node, RolloutCommand command, Map<String, Fate> fates, double now) {
    Fate fate = fates.getOrDefault(node, Fate.IS_GONE);
    return switch (fate) {
      case IS_GONE -> rollout.unanswered(node, command, true, at(now));
      case NEVER_ANSWERS ->
          command instanceof RolloutCommand.Prepare
              ? List.of()
              : rollout.unanswered(node, command, false, at(now));
      case PREPARES, REFUSES, DIFFERS ->
          rollout.answered(node, command, reply(fate, command), at(now));
    };
  }

  private static RolloutReply reply(Fate fate, RolloutCommand command) {
    return switch (command) {
      case RolloutCommand.Prepare ignored ->
          switch (fate) {
            case REFUSES -> refused(ModelReply.Code.UNUSABLE, "it is broken");
            case DIFFERS -> new RolloutReply.Prepared("new", "beef", List.of(9));
            case PREPARES, IS_GONE, NEVER_ANSWERS -> PREPARED;
          };
      case RolloutCommand.Renew ignored ->
          fate == Fate.REFUSES
              ? refused(ModelReply.Code.FAILED, "nothing is held")
              : new RolloutReply.Renewed();
      case RolloutCommand.Commit ignored -> new RolloutReply.Committed();
      case RolloutCommand.Abort ignored -> new RolloutReply.Aborted();
    };
  }

  private static List<List<String>> orders(List<String> names) {
    if (names.isEmpty()) {
      return List.of(List.of());
    }
    var orders = new ArrayList<List<String>>();
    for (String first : names) {
      var rest = new ArrayList<>(names);
      rest.remove(first);
      for (List<String> order : orders(rest)) {
        var whole = new ArrayList<>(List.of(first));
        whole.addAll(order);
        orders.add(whole);
      }
    }
    return orders;
  }

  /**
   * Nodes with leases of their own, messages that are lost, late, doubled and out of order. Whoever
   * is left alone asks the others, as nodes do.
   */
  @Test
  void over_a_bad_network_no_node_commits_what_another_gives_up() {
    long first = new Random().nextLong();
    int committed = 0;
    int aborted = 0;
    for (int round = 0; round < 3000; round++) {
      var world = new BadNetwork(first + round, 2 + round % 3);
      world.run();
      Collection<String> outcomes = world.outcomes();
      assertThat(Set.copyOf(outcomes)).as("seed %d", first + round).hasSize(1);
      if (outcomes.contains("committed")) {
        committed++;
      } else {
        aborted++;
      }
    }
    assertThat(committed).as("both come about").isGreaterThan(100);
    assertThat(aborted).isGreaterThan(100);
  }

  /** In whole tenths of a second. */
  private static final class BadNetwork {
    private static final double TENTH = 0.1;

    private static final class Member {
      boolean prepared;
      boolean mayPrepare;
      String outcome = "";
      double preparesAt = Double.MAX_VALUE;
      double leaseUntil;
    }

    private record Letter(double at, long tie, Runnable deed) {}

    private final Random random;
    private final Map<String, Member> members = new java.util.TreeMap<>();
    private final List<Letter> letters = new ArrayList<>();
    private final Rollout rollout;
    private final double crashAt;
    private double now;

    BadNetwork(long seed, int size) {
      random = new Random(seed);
      for (int i = 0; i < size; i++) {
        var member = new Member();
        member.mayPrepare = random.nextInt(8) > 0;
        members.put("n" + i, member);
      }
      rollout = new Rollout("r", LOAD, members.keySet(), LEASE, 0);
      crashAt = random.nextInt(3) == 0 ? random.nextDouble() * 30 : Double.MAX_VALUE;
    }

    void run() {
      perform(rollout.begin());
      for (int tenth = 0; tenth < 1200; tenth++) {
        now = tenth * TENTH;
        var due = new ArrayList<>(letters.stream().filter(each -> each.at() <= now).toList());
        Collections.shuffle(due, random);
        letters.removeAll(due);
        due.forEach(each -> each.deed().run());
        members.forEach(this::live);
        if (tenth % 20 == 0 && now < crashAt) {
          perform(rollout.tick(at(now)));
        }
      }
    }

    Collection<String> outcomes() {
      return members.values().stream()
          .map(each -> each.outcome.isEmpty() ? "nothing" : each.outcome)
          .map(each -> each.equals("committed") ? each : "aborted")
          .toList();
    }

    private void live(String name, Member member) {
      if (!member.outcome.isEmpty()) {
        return;
      }
      if (now >= member.preparesAt && !member.prepared) {
        if (member.mayPrepare) {
          member.prepared = true;
          answer(name, PREPARE, PREPARED);
        } else {
          member.outcome = "aborted";
          answer(name, PREPARE, refused(ModelReply.Code.UNUSABLE, "broken"));
        }
      } else if (member.preparesAt < Double.MAX_VALUE && now > member.leaseUntil) {
        // Peers hear each other: what is lost between them for good is a split, and not played.
        boolean committedElsewhere =
            members.values().stream().anyMatch(each -> each.outcome.equals("committed"));
        if (member.prepared && committedElsewhere) {
          member.outcome = "committed";
        } else {
          member.outcome = "aborted";
          members.values().stream()
              .filter(each -> each.outcome.isEmpty())
              .forEach(each -> each.outcome = "aborted");
        }
      }
    }

    private void perform(List<Step> steps) {
      for (Step step : steps) {
        if (step instanceof Step.Tell tell) {
          for (int copy = random.nextInt(12) == 0 ? 2 : 1; copy > 0; copy--) {
            post(() -> arrives(tell.node(), tell.command()));
          }
        }
      }
    }

    private void arrives(String name, RolloutCommand command) {
      Member member = members.get(name);
      if (member == null) {
        return;
      }
      switch (command) {
        case RolloutCommand.Prepare ignored -> {
          if (member.outcome.isEmpty() && member.preparesAt == Double.MAX_VALUE) {
            member.preparesAt = now + random.nextInt(20);
            member.leaseUntil = now + LEASE.toSeconds();
          }
        }
        case RolloutCommand.Renew ignored -> {
          if (member.outcome.isEmpty() && member.preparesAt < Double.MAX_VALUE) {
            member.leaseUntil = now + LEASE.toSeconds();
            answer(name, command, member.prepared ? PREPARED : new RolloutReply.Renewed());
          }
        }
        case RolloutCommand.Commit ignored -> {
          if (member.outcome.isEmpty() && member.prepared) {
            member.outcome = "committed";
          }
          answer(
              name,
              command,
              member.outcome.equals("committed")
                  ? new RolloutReply.Committed()
                  : refused(ModelReply.Code.FAILED, "nothing is held"));
        }
        case RolloutCommand.Abort ignored -> {
          if (member.outcome.isEmpty()) {
            member.outcome = "aborted";
          }
          answer(
              name,
              command,
              member.outcome.equals("committed")
                  ? new RolloutReply.Committed()
                  : new RolloutReply.Aborted());
        }
      }
    }

    private void answer(String name, RolloutCommand command, RolloutReply reply) {
      post(
          () -> {
            if (now < crashAt) {
              perform(rollout.answered(name, command, reply, at(now)));
            }
          });
    }

    /** One in ten is lost, and one in twenty comes after seconds. */
    private void post(Runnable deed) {
      if (random.nextInt(10) > 0) {
        double delay = random.nextInt(20) == 0 ? random.nextInt(9) : random.nextDouble() * 0.3;
        letters.add(new Letter(now + delay, random.nextLong(), deed));
      }
    }

    @Override
    public String toString() {
      return members.entrySet().stream()
          .map(each -> each.getKey() + " " + each.getValue().outcome)
          .collect(Collectors.joining(", "));
    }
  }
}
