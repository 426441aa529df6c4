package dev.bitfleet.worker.engine.llamaserver;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ServerSlotsTest {
  private final ServerSlots slots = new ServerSlots(2);

  private ServerSlots.Choice take(long scope) {
    return slots.take(scope).orElseThrow();
  }

  @Test
  void a_scope_comes_back_to_its_slot_and_reuses_its_cache() {
    ServerSlots.Choice first = take(1);
    slots.release(first.slot());
    ServerSlots.Choice other = take(2);
    slots.release(other.slot());

    assertThat(take(1)).isEqualTo(new ServerSlots.Choice(first.slot(), true));
    assertThat(other.slot()).isNotEqualTo(first.slot());
  }

  @Test
  void a_foreign_slot_is_never_reused() {
    for (long scope = 1; scope <= 2; scope++) {
      slots.release(take(scope).slot());
    }
    take(1);

    assertThat(take(3).reuse()).isFalse();
  }

  @Test
  void the_longest_idle_slot_is_given_away_first() {
    ServerSlots.Choice first = take(1);
    ServerSlots.Choice second = take(2);
    slots.release(second.slot());
    slots.release(first.slot());
    take(1);
    slots.release(first.slot());

    assertThat(take(3).slot()).isEqualTo(second.slot());
  }

  @Test
  void no_slot_is_taken_twice() {
    assertThat(take(1).slot()).isNotEqualTo(take(1).slot());
    assertThat(slots.take(1)).isEmpty();
  }
}
