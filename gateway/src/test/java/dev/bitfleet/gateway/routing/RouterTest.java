package dev.bitfleet.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptChain;
import dev.bitfleet.proto.Role;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RouterTest {
  private static final PromptChain LONG = chat("s".repeat(800), "question");
  private static final PromptChain SHORT = chat("hi");

  private static PromptChain chat(String... contents) {
    return PromptChain.of(
        new Prompt.Chat(
            java.util.Arrays.stream(contents).map(c -> new ChatMessage(Role.USER, c)).toList()),
        1);
  }

  private static String choice(PromptChain prompt, WorkerView... workers) {
    return Router.choose(List.of(workers), new RouteWish("m", Set.of(), prompt, "here"))
        .map(WorkerView::id)
        .orElse("");
  }

  private static WorkerView worker(
      String id, String node, int slots, int open, PromptChain... held) {
    return SimulatedWorker.view(id, node, slots, open, held);
  }

  private static final ChatMessage SYSTEM = new ChatMessage(Role.SYSTEM, "s".repeat(800));
  private static final ChatMessage QUESTION = new ChatMessage(Role.USER, "question");

  private static PromptChain of(ChatMessage... messages) {
    return PromptChain.of(new Prompt.Chat(List.of(messages)), 1);
  }

  @Test
  void a_next_turn_goes_where_the_one_before_was_while_there_is_a_slot() {
    PromptChain first = of(SYSTEM, QUESTION);
    PromptChain second = of(SYSTEM, QUESTION, new ChatMessage(Role.ASSISTANT, "answer"), QUESTION);
    WorkerView idle = worker("idle", "x", 4, 0);
    WorkerView same = worker("same system prompt", "x", 4, 0, of(SYSTEM));

    assertThat(choice(second, idle, worker("holder", "x", 4, 3, first), same)).isEqualTo("holder");
    assertThat(choice(second, idle, worker("holder", "x", 4, 4, first), same))
        .as("its slots are all taken")
        .isEqualTo("same system prompt");
  }

  @Test
  void what_many_begin_with_is_worth_what_it_saves_and_no_more() {
    WorkerView idle = worker("idle", "x", 4, 0);

    assertThat(choice(LONG, worker("holder", "x", 4, 1, LONG), idle))
        .as("800 units saved, and one running sequence is as much as 1024")
        .isEqualTo("idle");
    PromptChain longer = chat("s".repeat(3000), "question");
    assertThat(choice(longer, worker("holder", "x", 4, 1, longer), idle)).isEqualTo("holder");
    assertThat(choice(longer, worker("holder", "x", 4, 4, longer), idle)).isEqualTo("idle");
  }

  @Test
  void who_saves_much_is_found_among_very_many() {
    PromptChain document = chat("d".repeat(20_000), "question");
    WorkerView[] workers = new WorkerView[400];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = worker("w" + i, "x", 4, 0);
    }
    workers[217] = worker("w217", "x", 4, 2, document);

    assertThat(choice(document, workers)).isEqualTo("w217");
  }

  @Test
  void the_share_of_slots_counts_and_not_their_number() {
    assertThat(choice(SHORT, worker("small", "x", 2, 1), worker("large", "x", 16, 3)))
        .isEqualTo("large");
  }

  @Test
  void where_nothing_else_decides_all_gateways_send_a_long_prompt_to_the_same_worker() {
    WorkerView[] workers = {
      worker("a", "here", 4, 0), worker("b", "there", 4, 0), worker("c", "elsewhere", 4, 0)
    };
    java.util.Map<String, Integer> counts = new java.util.HashMap<>();
    for (int i = 0; i < 300; i++) {
      PromptChain prompt = chat("conversation " + i + "s".repeat(800), "question");
      String chosen = choice(prompt, workers);
      assertThat(
              Router.choose(
                      List.of(workers[2], workers[0], workers[1]),
                      new RouteWish("m", Set.of(), prompt, "there"))
                  .map(WorkerView::id))
          .contains(chosen);
      counts.merge(chosen, 1, Integer::sum);
    }
    assertThat(counts.values()).hasSize(3).allMatch(n -> n > 60);
  }

  @Test
  void a_short_prompt_stays_on_its_node() {
    WorkerView[] workers = {worker("a", "there", 4, 0), worker("b", "here", 4, 0)};

    assertThat(choice(SHORT, workers)).isEqualTo("b");
    assertThat(choice(PromptChain.NONE, workers)).isEqualTo("b");
  }
}
