package dev.bitfleet.gateway.store;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.map.IMap;
import dev.bitfleet.proto.store.v1.Turn;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BulkUnionTest {
  private static final int ROWS = 3 * BulkUnion.BATCH + 7;

  private HazelcastInstance member;
  private IMap<String, byte[]> map;

  @BeforeEach
  void start() {
    member = StoreHarness.loneMember();
    map = member.getMap(Shelf.PLACES.map());
  }

  @AfterEach
  void end() {
    member.getLifecycleService().terminate();
  }

  private static Map<String, byte[]> rows(String turn) {
    Map<String, byte[]> rows = new HashMap<>();
    for (int i = 0; i < ROWS; i++) {
      rows.put(Grid.key("conv_" + i, 0), Places.of(turn, 1, List.of()).toByteArray());
    }
    return rows;
  }

  private void join(Map<String, byte[]> rows) {
    BulkUnion.join(map, rows, Union::ofPlaces, each -> each.length);
  }

  private List<String> turns(String key) {
    return Places.parse(requireNonNull(map.get(key))).getTurnsList().stream()
        .map(Turn::getId)
        .toList();
  }

  @Test
  void what_others_write_meanwhile_is_there_too() {
    Map<String, byte[]> third = rows("third");
    CompletableFuture<?> second = CompletableFuture.runAsync(() -> join(rows("second")));
    CompletableFuture<?> oneByOne =
        CompletableFuture.runAsync(
            () -> third.forEach((key, value) -> Union.join(map, key, value, Union::ofPlaces)));
    join(rows("first"));
    CompletableFuture.allOf(second, oneByOne).join();

    assertThat(map.keySet()).hasSize(ROWS).isEqualTo(third.keySet());
    assertThat(map.keySet())
        .allSatisfy(key -> assertThat(turns(key)).containsExactly("first", "second", "third"));
  }

  @Test
  void what_is_there_is_not_written_again() {
    join(rows("first"));
    join(rows("second"));
    long written = written();

    join(rows("first"));

    assertThat(written()).isEqualTo(written);
    Map<String, byte[]> more = rows("second");
    more.put(Grid.key("conv_new", 0), Places.of("new", 1, List.of()).toByteArray());
    join(more);
    assertThat(written()).isEqualTo(written + 1);
    assertThat(turns(Grid.key("conv_new", 0))).containsExactly("new");
  }

  private long written() {
    var counted = map.getLocalMapStats();
    return counted.getPutOperationCount() + counted.getSetOperationCount();
  }

  @Test
  void what_is_larger_than_a_batch_may_be_is_put_alone() {
    byte[] large = Places.of("t".repeat(9 << 20), 1, List.of()).toByteArray();
    byte[] small = Places.of("small", 1, List.of()).toByteArray();

    join(Map.of("0@a", large, "0@b", small, "0@c", large));

    assertThat(map.get("0@a")).isEqualTo(large);
    assertThat(map.get("0@b")).isEqualTo(small);
    assertThat(map.get("0@c")).isEqualTo(large);
  }

  @Test
  void a_failure_of_the_maps_is_told_as_one_row_alone_would_tell_it() {
    join(rows("first"));
    member.getLifecycleService().terminate();
    assertThatThrownBy(() -> join(rows("second")))
        .isInstanceOf(HazelcastInstanceNotActiveException.class);
  }
}
