package dev.bitfleet.gateway.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Leases in the maps of a real member. */
class LeasesTest {
  private static final String NAME = Leases.turn("conv_1");

  @Test
  void what_is_taken_from_a_node_that_has_left_runs_out_as_any_other() {
    try (Grid grid = Grid.start()) {
      grid.leases().put(NAME, "a node that has left/7", 1, TimeUnit.HOURS);
      Leases leases = new Leases(new GridLeases(grid));

      assertThat(leases.acquire(NAME, Duration.ZERO, 0)).isPresent();
      assertThat(grid.leases().get(NAME)).startsWith(grid.member());
      assertThat(grid.leases().getEntryView(NAME).getTtl()).isEqualTo(Leases.LIFE.toMillis());
    }
  }

  @Test
  void what_is_held_is_not_to_be_had_until_it_is_given_back() {
    try (Grid grid = Grid.start()) {
      Leases leases = new Leases(new GridLeases(grid));
      Leases.Lease lease = leases.acquire(NAME, Duration.ZERO, 0).orElseThrow();

      assertThat(leases.acquire(NAME, Duration.ZERO, 0)).isEmpty();
      assertThat(leases.taken(NAME)).isTrue();
      lease.close();
      lease.close();
      assertThat(leases.taken(NAME)).isFalse();
      assertThat(leases.acquire(NAME, Duration.ZERO, 0)).isPresent();
    }
  }

  @Test
  void what_another_has_taken_meanwhile_is_neither_renewed_nor_freed() {
    try (Grid grid = Grid.start()) {
      Leases leases = new Leases(new GridLeases(grid));
      Leases.Lease lost = leases.acquire(NAME, Duration.ZERO, 0).orElseThrow();
      grid.leases().put(NAME, "another node/1", 1, TimeUnit.HOURS);

      leases.renew();
      lost.close();
      assertThat(grid.leases().get(NAME)).isEqualTo("another node/1");
      assertThat(grid.leases().getEntryView(NAME).getTtl())
          .isEqualTo(Duration.ofHours(1).toMillis());
    }
  }
}
