package dev.bitfleet.worker.slot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SlotTableTest {
  private final SlotTable<String> table = new SlotTable<>(2);

  @AfterEach
  void invariants_hold() {
    table.checkInvariants();
  }

  private long claim(String stream) {
    return ((SlotTable.Claim.Claimed<String>) table.claim(stream, id -> stream)).sequenceId();
  }

  @Test
  void a_slot_is_claimed_and_comes_back() {
    long sequence = claim("a");

    assertThat(table.byStream("a")).contains("a");
    assertThat(table.bySequence(sequence)).contains("a");
    assertThat(table.release(sequence)).contains("a");
    assertThat(table.open()).isZero();
    assertThat(table.byStream("a")).isEmpty();
  }

  @Test
  void a_full_table_claims_nothing() {
    claim("a");
    claim("b");

    assertThat(table.claim("c", id -> "c")).isInstanceOf(SlotTable.Claim.NoneFree.class);
  }

  @Test
  void a_stream_holds_one_slot_at_most() {
    claim("a");

    assertThat(table.claim("a", id -> "a")).isInstanceOf(SlotTable.Claim.Duplicate.class);
    assertThat(table.open()).isEqualTo(1);
  }

  @Test
  void a_second_release_gives_nobody() {
    long sequence = claim("a");
    table.release(sequence);

    assertThat(table.release(sequence)).isEmpty();
  }

  @Test
  void a_late_release_does_not_touch_the_stream_that_came_after() {
    long first = claim("a");
    table.release(first);
    long second = claim("a");

    assertThat(table.release(first)).isEmpty();
    assertThat(second).isNotEqualTo(first);
    assertThat(table.byStream("a")).contains("a");
  }

  @Test
  void all_streams_come_back_when_the_engine_is_gone() {
    claim("a");
    claim("b");

    assertThat(table.releaseAll()).containsExactlyInAnyOrder("a", "b");
    assertThat(table.releaseAll()).isEmpty();
  }

  @Test
  void a_table_without_slots_is_no_table() {
    assertThatIllegalArgumentException().isThrownBy(() -> new SlotTable<>(0));
  }

  @Test
  void whatever_happens_in_whatever_order_each_claim_is_released_once() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    SlotTable<Integer> many = new SlotTable<>(8);
    List<Long> claimed = new ArrayList<>();
    Set<Long> releasedOnce = new HashSet<>();
    for (int step = 0; step < 20_000; step++) {
      int stream = random.nextInt(16);
      if (random.nextBoolean()) {
        if (many.claim("s" + stream, id -> stream)
            instanceof SlotTable.Claim.Claimed<Integer> claim) {
          claimed.add(claim.sequenceId());
        }
      } else if (!claimed.isEmpty()) {
        long sequence = claimed.get(random.nextInt(claimed.size()));
        if (many.release(sequence).isPresent()) {
          assertThat(releasedOnce.add(sequence)).as("seed %d", seed).isTrue();
        }
      }
      many.checkInvariants();
    }
  }
}
