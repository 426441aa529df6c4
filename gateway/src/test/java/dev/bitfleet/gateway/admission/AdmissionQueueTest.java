package dev.bitfleet.gateway.admission;

import static dev.bitfleet.proto.Priority.BACKGROUND;
import static dev.bitfleet.proto.Priority.INTERACTIVE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.routing.ModelSupply;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.proto.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdmissionQueueTest {
  private static final long SECOND = 1_000_000_000L;
  private static final ModelWish M = ModelWish.of("m");

  private final AdmissionQueue queue = new AdmissionQueue(3, Duration.ofSeconds(10));

  private static Function<ModelWish, ModelSupply> slots(int slots) {
    return model -> offer(model, slots);
  }

  private static ModelSupply offer(ModelWish model, int slots) {
    return new ModelSupply.Serving(model.name().orElse("m"), slots);
  }

  private Ticket enter(ModelWish model, long now) {
    return enter(model, INTERACTIVE, 1, 0, now, now + 5 * SECOND).getFirst();
  }

  private List<Ticket> enter(
      ModelWish model, Priority priority, int count, int free, long now, long deadline) {
    return queue.enter(model, 0, priority, count, offer(model, free), now, deadline).tickets();
  }

  private static List<Ticket> admitted(List<Decision> decisions) {
    return decisions.stream()
        .filter(Decision.Admitted.class::isInstance)
        .map(Decision::ticket)
        .toList();
  }

  @Test
  void tickets_are_given_in_order_and_no_more_than_there_are_slots() {
    Ticket a = enter(M, 0);
    Ticket b = enter(M, 1);
    Ticket c = enter(M, 2);
    assertThat(admitted(queue.decide(slots(2), 3))).containsExactly(a, b);
    assertThat(queue.decide(slots(2), 4)).isEmpty();
    queue.leave(a, 5);
    assertThat(queue.decide(slots(2), 6)).containsExactly(new Decision.Admitted(c, "m", 4));
    assertThat(queue.held("m")).isEqualTo(2);
  }

  @Test
  void a_full_queue_takes_nobody_in() {
    for (int i = 0; i < 3; i++) {
      enter(M, 0);
    }
    assertThat(enter(M, INTERACTIVE, 1, 0, 0, SECOND)).isEmpty();
    assertThat(queue.depth()).isEqualTo(3);
  }

  @Test
  void free_slots_let_in_as_many_beyond_the_limit() {
    assertThat(enter(M, INTERACTIVE, 5, 2, 0, SECOND)).hasSize(5);
    assertThat(enter(M, INTERACTIVE, 1, 2, 0, SECOND)).isEmpty();
  }

  @Test
  void a_request_enters_with_all_its_choices_or_none() {
    enter(M, 0);
    assertThat(enter(M, INTERACTIVE, 3, 0, 0, SECOND)).isEmpty();
    assertThat(queue.depth()).isEqualTo(1);
  }

  @Test
  void who_waits_too_long_expires_but_siblings_have_no_deadline() {
    List<Ticket> tickets = enter(M, INTERACTIVE, 2, 0, 0, 5 * SECOND);
    assertThat(admitted(queue.decide(slots(1), SECOND))).containsExactly(tickets.getFirst());
    assertThat(queue.decide(slots(1), 60 * SECOND)).isEmpty();
    queue.leave(tickets.getFirst(), 61 * SECOND);
    assertThat(admitted(queue.decide(slots(1), 61 * SECOND))).containsExactly(tickets.getLast());
    queue.leave(tickets.getLast(), 61 * SECOND);
    Ticket late = enter(M, 61 * SECOND);
    assertThat(queue.decide(slots(0), 65 * SECOND)).isEmpty();
    assertThat(queue.decide(slots(0), 66 * SECOND)).containsExactly(new Decision.Expired(late));
    assertThat(queue.depth()).isZero();
  }

  @Test
  void a_model_without_slots_holds_no_other_up() {
    Ticket starved = enter(ModelWish.of("a"), 0);
    Ticket served = enter(ModelWish.of("b"), 1);
    assertThat(
            admitted(
                queue.decide(
                    model ->
                        new ModelSupply.Serving(
                            model.name().orElseThrow(), model.equals(ModelWish.of("a")) ? 0 : 1),
                    2)))
        .containsExactly(served);
    assertThat(starved.admitted()).isFalse();
  }

  @Test
  void waiting_for_a_worker_has_its_own_limit_which_begins_anew_when_one_was_there() {
    Ticket ticket = enter(M, INTERACTIVE, 1, 0, 0, Ticket.NO_DEADLINE).getFirst();
    Function<ModelWish, ModelSupply> awaited = model -> new ModelSupply.Awaited(true);
    assertThat(queue.decide(awaited, 0)).isEmpty();
    assertThat(queue.decide(awaited, 9 * SECOND)).isEmpty();
    assertThat(queue.decide(slots(0), 9 * SECOND)).isEmpty();
    assertThat(queue.decide(awaited, 10 * SECOND)).isEmpty();
    assertThat(queue.decide(awaited, 19 * SECOND)).isEmpty();
    assertThat(queue.decide(awaited, 20 * SECOND))
        .containsExactly(new Decision.Unserved(ticket, true));
  }

  @Test
  void the_hopeless_are_told_at_once() {
    Ticket unknown = enter(M, 0);
    assertThat(queue.decide(model -> new ModelSupply.Unknown(), 0))
        .containsExactly(new Decision.UnknownModel(unknown));
    Ticket lost = enter(M, 0);
    assertThat(queue.decide(model -> new ModelSupply.Lost(), 0))
        .containsExactly(new Decision.Unserved(lost, true));
  }

  @Test
  void retry_after_follows_the_observed_service_time_within_what_sdks_respect() {
    assertThat(queue.retryAfter(1)).isEqualTo(Duration.ofSeconds(1));
    Ticket ticket = enter(M, 0);
    queue.decide(slots(1), 0);
    queue.leave(ticket, 8 * SECOND);
    enter(M, 8 * SECOND);
    assertThat(queue.retryAfter(4)).isEqualTo(Duration.ofSeconds(4));
    assertThat(queue.retryAfter(0)).isEqualTo(Duration.ofSeconds(16));
    Ticket slow = enter(M, 8 * SECOND);
    queue.decide(slots(2), 8 * SECOND);
    queue.leave(slow, 10_000 * SECOND);
    assertThat(queue.retryAfter(1)).isEqualTo(Duration.ofSeconds(60));
  }

  private Ticket background(long now) {
    return enter(M, BACKGROUND, 1, 1, now, Ticket.NO_DEADLINE).getFirst();
  }

  @Test
  void who_is_waited_for_comes_before_the_background_that_came_first() {
    Ticket running = enter(M, 0);
    assertThat(admitted(queue.decide(slots(1), 0))).containsExactly(running);
    Ticket behind = background(1);
    Ticket first = enter(M, 2);
    queue.leave(running, 3);
    assertThat(admitted(queue.decide(slots(1), 3))).containsExactly(first);
    queue.leave(first, 4);
    assertThat(admitted(queue.decide(slots(1), 4))).containsExactly(behind);
  }

  @Test
  void the_background_gets_every_eighth_slot_of_a_model_that_others_always_want() {
    Ticket behind = background(0);
    Ticket later = background(0);
    Ticket holder = enter(M, 0);
    List<Integer> turns = new ArrayList<>();
    for (int turn = 0; turn < 20; turn++) {
      List<Ticket> next = admitted(queue.decide(slots(1), turn));
      assertThat(next).hasSize(1);
      if (next.getFirst() == behind || next.getFirst() == later) {
        turns.add(turn);
      } else {
        assertThat(next).containsExactly(holder);
        holder = enter(M, turn);
      }
      queue.leave(next.getFirst(), turn);
    }
    assertThat(turns).containsExactly(7, 15);
    assertThat(behind.admitted() || later.admitted()).isFalse();
  }

  @Test
  void the_background_leaves_one_slot_to_the_others() {
    List<Ticket> many = enter(M, BACKGROUND, 4, 4, 0, Ticket.NO_DEADLINE);
    assertThat(admitted(queue.decide(slots(4), 0))).isEqualTo(many.subList(0, 3));
    Ticket other = enter(M, 1);
    assertThat(admitted(queue.decide(slots(4), 1))).containsExactly(other);
    queue.leave(other, 2);
    assertThat(queue.decide(slots(4), 2)).isEmpty();
    queue.leave(many.getFirst(), 3);
    assertThat(admitted(queue.decide(slots(4), 3))).containsExactly(many.getLast());
  }

  @Test
  void the_background_leaves_half_of_the_queue_to_the_others() {
    assertThat(enter(M, BACKGROUND, 2, 0, 0, SECOND)).hasSize(2);
    assertThat(enter(M, BACKGROUND, 1, 0, 0, SECOND)).isEmpty();
    assertThat(enter(M, INTERACTIVE, 1, 0, 0, SECOND)).hasSize(1);
    assertThat(enter(M, INTERACTIVE, 1, 0, 0, SECOND)).isEmpty();
  }

  private static final long ADA = 1;
  private static final long BOB = 2;
  private static final long EVE = 3;

  private final AdmissionQueue shared = new AdmissionQueue(6, Duration.ofSeconds(10));

  private Entry enter(long tenant, int count) {
    return shared.enter(M, tenant, INTERACTIVE, count, offer(M, 0), 0, 5 * SECOND);
  }

  private Ticket one(long tenant) {
    return enter(tenant, 1).tickets().getFirst();
  }

  @Test
  void who_has_fewer_slots_is_next_and_of_equals_who_came_first() {
    List<Ticket> ada = List.of(one(ADA), one(ADA), one(ADA), one(ADA));
    Ticket bob = one(BOB);
    Ticket eve = one(EVE);
    assertThat(admitted(shared.decide(slots(4), 1)))
        .containsExactly(ada.get(0), bob, eve, ada.get(1));
    // The next slot is whose that comes to have fewest: nobody else waits, so Ada's again.
    shared.leave(bob, 2);
    assertThat(admitted(shared.decide(slots(4), 2))).containsExactly(ada.get(2));
    Ticket again = one(BOB);
    shared.leave(eve, 3);
    assertThat(admitted(shared.decide(slots(4), 3)))
        .as("Ada waits longer, and has three")
        .containsExactly(again);
  }

  @Test
  void in_a_full_queue_who_has_most_places_gives_up_the_newest() {
    List<Ticket> eve = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      eve.add(one(EVE));
    }
    Entry ada = enter(ADA, 1);
    assertThat(ada.tickets()).hasSize(1);
    assertThat(ada.displaced()).containsExactly(eve.get(5));
    Entry pair = enter(ADA, 2);
    assertThat(pair.displaced()).containsExactlyInAnyOrder(eve.get(4), eve.get(3));
    assertThat(enter(ADA, 1).refused()).as("three and three").isTrue();
    assertThat(enter(EVE, 1).refused()).isTrue();
    assertThat(enter(BOB, 1).displaced()).containsExactlyElementsOf(pair.tickets());
    assertThat(shared.depth()).isEqualTo(5);
    // Whoever was displaced may still say that it leaves.
    shared.leave(eve.get(5), 1);
    assertThat(shared.depth()).isEqualTo(5);
    assertThat(admitted(shared.decide(slots(9), 1))).hasSize(5);
  }

  @Test
  void a_request_loses_all_its_places_or_none_and_none_once_a_choice_of_it_runs() {
    List<Ticket> three = enter(EVE, 3).tickets();
    List<Ticket> more = enter(EVE, 3).tickets();
    assertThat(enter(ADA, 1).displaced()).containsExactlyInAnyOrderElementsOf(more);
    assertThat(admitted(shared.decide(slots(1), 1))).containsExactly(three.getFirst());
    for (int i = 0; i < 3; i++) {
      assertThat(enter(EVE, 1).tickets()).hasSize(1);
    }
    assertThat(shared.depth()).isEqualTo(6);
    Entry bob = enter(BOB, 1);
    assertThat(bob.displaced()).hasSize(1).doesNotContainAnyElementsOf(three);
  }

  private final AdmissionQueue roomy = new AdmissionQueue(1000, Duration.ofSeconds(10));
  private final List<Ticket> running = new ArrayList<>();

  private boolean comes(long tenant, Priority priority, long now) {
    Entry entry = roomy.enter(M, tenant, priority, 1, offer(M, 2), now, now + 60 * SECOND);
    running.addAll(admitted(roomy.decide(slots(2), now)));
    return !entry.refused();
  }

  /** Two slots and answers of a second: 120 have their turn in the 60 s anybody waits. */
  private void ends(long now) {
    for (Ticket ticket : List.copyOf(running)) {
      running.remove(ticket);
      roomy.leave(ticket, now);
    }
    running.addAll(admitted(roomy.decide(slots(2), now)));
  }

  @Test
  void nobody_is_taken_in_whose_turn_would_come_too_late() {
    for (int i = 0; i < 52; i++) {
      assertThat(comes(EVE, INTERACTIVE, 0)).isTrue();
    }
    for (int second = 1; second <= 10; second++) {
      ends(second * SECOND);
    }
    int taken = 0;
    while (comes(EVE, INTERACTIVE, 10 * SECOND)) {
      taken++;
    }
    assertThat(roomy.depth()).as("30 were left, and %d came", taken).isEqualTo(120);
    assertThat(roomy.enter(M, EVE, INTERACTIVE, 1, offer(M, 2), 10 * SECOND, 70 * SECOND).late())
        .isTrue();
    assertThat(comes(ADA, INTERACTIVE, 10 * SECOND)).as("tenants take turns").isTrue();
    assertThat(comes(EVE, BACKGROUND, 10 * SECOND)).as("the background has time").isTrue();
    ends(11 * SECOND);
    assertThat(comes(EVE, INTERACTIVE, 11 * SECOND)).as("two have left the line").isTrue();
  }

  @Test
  void as_long_as_no_turn_of_all_slots_was_seen_everybody_is_taken_in() {
    for (int i = 0; i < 500; i++) {
      assertThat(comes(EVE, INTERACTIVE, i * SECOND / 10)).isTrue();
    }
  }

  @Test
  void a_line_that_stands_takes_everybody_in_for_it_may_move_in_the_next_moment() {
    for (int i = 0; i < 4; i++) {
      assertThat(comes(EVE, INTERACTIVE, 0)).isTrue();
    }
    assertThat(comes(EVE, INTERACTIVE, 59 * SECOND)).isTrue();
    List<Decision> expired = roomy.decide(slots(2), 60 * SECOND);
    assertThat(expired).hasSize(2).allMatch(Decision.Expired.class::isInstance);
    assertThat(comes(EVE, INTERACTIVE, 61 * SECOND)).as("one still waits").isTrue();
    ends(62 * SECOND);
    assertThat(roomy.depth()).isZero();
  }

  /**
   * Random traffic: never more tickets out than slots, none lost, order kept within a model, a
   * priority and a tenant, and nobody served while another has fewer slots.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void random_traffic_keeps_the_books(long seed) {
    Random random = new Random(seed);
    AdmissionQueue books = new AdmissionQueue(20, Duration.ofSeconds(3));
    Map<String, Integer> slots = new HashMap<>(Map.of("a", 2, "b", 5));
    List<Ticket> waiting = new ArrayList<>();
    List<Ticket> out = new ArrayList<>();
    int most = 0;
    int displaced = 0;
    for (long now = 0; now < 4000; now++) {
      String model = random.nextBoolean() ? "a" : "b";
      switch (random.nextInt(4)) {
        case 0, 1 -> {
          Entry entry =
              books.enter(
                  ModelWish.of(model),
                  random.nextInt(4) == 0 ? ADA : EVE,
                  random.nextInt(3) == 0 ? BACKGROUND : INTERACTIVE,
                  1 + random.nextInt(3),
                  offer(ModelWish.of(model), 0),
                  now,
                  now + 10 + random.nextInt(50));
          waiting.addAll(entry.tickets());
          assertThat(waiting).containsAll(entry.displaced());
          waiting.removeAll(entry.displaced());
          displaced += entry.displaced().size();
        }
        case 2 -> {
          List<Ticket> from = random.nextInt(4) == 0 ? waiting : out;
          if (!from.isEmpty()) {
            books.leave(from.remove(random.nextInt(from.size())), now);
          }
        }
        default -> slots.put(model, random.nextInt(6));
      }
      for (Decision decision :
          books.decide(
              wanted ->
                  new ModelSupply.Serving(
                      wanted.name().orElseThrow(),
                      slots.getOrDefault(wanted.name().orElseThrow(), 0)),
              now)) {
        if (decision instanceof Decision.Admitted admitted) {
          List<Ticket> line =
              waiting.stream()
                  .filter(ticket -> ticket.model().equals(admitted.ticket().model()))
                  .filter(ticket -> ticket.priority() == admitted.ticket().priority())
                  .toList();
          assertThat(admitted.ticket())
              .as("seed %d at %d", seed, now)
              .isSameAs(
                  line.stream()
                      .filter(ticket -> ticket.tenant() == admitted.ticket().tenant())
                      .findFirst()
                      .orElseThrow());
          assertThat(line)
              .allMatch(
                  ticket ->
                      has(out, ticket.tenant(), admitted.model())
                          >= has(out, admitted.ticket().tenant(), admitted.model()));
          out.add(admitted.ticket());
        }
        waiting.remove(decision.ticket());
      }
      assertThat(books.depth()).isEqualTo(waiting.size()).isLessThanOrEqualTo(20);
      assertThat(books.held("a") + books.held("b")).isEqualTo(out.size());
      most = Math.max(most, out.size());
    }
    assertThat(most).isPositive();
    assertThat(displaced).isPositive();
  }

  private static long has(List<Ticket> out, long tenant, String model) {
    return out.stream()
        .filter(ticket -> ticket.tenant() == tenant && ticket.admittedModel.equals(model))
        .count();
  }
}
