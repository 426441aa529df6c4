package dev.bitfleet.worker.slot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptChain;
import dev.bitfleet.proto.Role;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PrefixLedgerTest {
  private final PrefixLedger ledger = new PrefixLedger(1000);

  private static PromptChain conversation(String id, int messages) {
    var list = new ArrayList<ChatMessage>();
    for (int i = 0; i < messages; i++) {
      list.add(new ChatMessage(Role.USER, i == 0 ? "the same system prompt" : id + i));
    }
    return PromptChain.of(new Prompt.Chat(list), 1);
  }

  private boolean held(PromptChain chain) {
    return ledger.summary().mayHold(chain.link(chain.size() - 1));
  }

  @Test
  void what_was_computed_last_is_held_as_far_as_there_is_room() {
    for (String id : List.of("a", "b", "c")) {
      ledger.computed(conversation(id, 3), 400);
    }

    assertThat(held(conversation("c", 3))).isTrue();
    assertThat(held(conversation("b", 3))).isTrue();
    assertThat(held(conversation("a", 3))).isFalse();
    assertThat(ledger.summary().mayHold(conversation("a", 1).link(0)))
        .as("what the others begin with too")
        .isTrue();
  }

  @Test
  void what_is_used_again_stays() {
    ledger.computed(conversation("a", 3), 400);
    ledger.computed(conversation("b", 3), 400);
    ledger.computed(conversation("a", 4), 100);
    ledger.computed(conversation("c", 3), 400);

    assertThat(held(conversation("a", 4))).isTrue();
    assertThat(held(conversation("b", 3))).isFalse();
  }

  @Test
  void drawn_tokens_take_room_too() {
    ledger.computed(conversation("a", 3), 400);
    ledger.computed(conversation("b", 3), 400);
    ledger.drawn(conversation("b", 3), 500);

    assertThat(held(conversation("a", 3))).isFalse();
    assertThat(held(conversation("b", 3))).isTrue();
  }

  @Test
  void a_new_engine_holds_nothing() {
    ledger.computed(conversation("a", 3), 10);
    var before = ledger.summary();
    assertThat(ledger.summary()).isSameAs(before);

    ledger.clear();

    assertThat(held(conversation("a", 3))).isFalse();
  }

  @Test
  void it_stays_small_whatever_comes() {
    PrefixLedger large = new PrefixLedger(Long.MAX_VALUE);
    for (int i = 0; i < 3000; i++) {
      large.computed(conversation("c" + i, 4), 0);
    }

    assertThat(large.summary().bytes().length).isLessThanOrEqualTo(4096);
    PromptChain last = conversation("c2999", 4);
    assertThat(large.summary().mayHold(last.link(3))).isTrue();
  }
}
