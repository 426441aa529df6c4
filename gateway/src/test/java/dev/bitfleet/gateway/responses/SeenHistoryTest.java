package dev.bitfleet.gateway.responses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bitfleet.gateway.contract.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class SeenHistoryTest {
  private static final JsonNode A = Calls.tree("{'id':'msg_a'}");
  private static final JsonNode B = Calls.tree("{'id':'msg_b'}");
  private static final JsonNode C = Calls.tree("{'id':'msg_c'}");
  private static final JsonNode LATER = Calls.tree("{'id':'msg_later'}");

  private final SeenHistory seen = SeenHistory.of(List.of(A, B, C), 2);

  @Test
  void what_came_between_or_behind_is_not_read() {
    assertThat(seen.again(List.of(A, LATER, B, C))).containsExactly(A, B, C);
    assertThat(seen.again(List.of(LATER, C, A, B))).containsExactly(A, B, C);
    assertThat(SeenHistory.NOTHING.again(List.of(A))).isEmpty();
  }

  @Test
  void nothing_is_read_when_an_item_is_gone() {
    for (JsonNode gone : List.of(A, B, C)) {
      List<JsonNode> now = new ArrayList<>(List.of(A, B, C, LATER));
      now.remove(gone);
      assertThatThrownBy(() -> seen.again(now))
          .isInstanceOf(ApiException.class)
          .hasMessageContaining("deleted");
    }
  }

  @Test
  void it_is_kept_with_the_work() {
    PromisedWork work = PromisedWork.first(Calls.tree("{'input':'hi'}"), 7, 1, 2);
    assertThat(PromisedWork.read(work.bytes()).seen()).isEmpty();
    PromisedWork later = PromisedWork.read(work.after(seen).again().bytes());
    assertThat(later.seen()).isEqualTo(Optional.of(seen));
    assertThat(later.attempts()).isEqualTo(2);
  }
}
