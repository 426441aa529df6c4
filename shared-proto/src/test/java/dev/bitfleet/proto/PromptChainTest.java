package dev.bitfleet.proto;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PromptChainTest {
  private static final ChatMessage SYSTEM = new ChatMessage(Role.SYSTEM, "Be brief.");
  private static final ChatMessage QUESTION = new ChatMessage(Role.USER, "What is the capital?");
  private static final ChatMessage ANSWER = new ChatMessage(Role.ASSISTANT, "Of what?");

  private static PromptChain chain(long scope, ChatMessage... messages) {
    return PromptChain.of(new Prompt.Chat(List.of(messages)), scope);
  }

  private static List<Long> links(PromptChain chain) {
    return IntStream.range(0, chain.size()).mapToObj(chain::link).toList();
  }

  @Test
  void a_next_turn_begins_with_the_links_of_the_one_before() {
    PromptChain first = chain(1, SYSTEM, QUESTION);
    PromptChain second = chain(1, SYSTEM, QUESTION, ANSWER, QUESTION);

    assertThat(links(second)).hasSize(4).startsWith(links(first).toArray(Long[]::new));
    assertThat(second.end(1)).isEqualTo(first.length());
    assertThat(second.deepest(links(first)::contains)).hasValue(1);
    assertThat(second.deepest(link -> false)).isEmpty();
  }

  @Test
  void a_conversation_has_one_key_and_knows_the_turn_before() {
    PromptChain first = chain(1, SYSTEM, QUESTION);
    PromptChain second = chain(1, SYSTEM, QUESTION, ANSWER, QUESTION);
    PromptChain third = chain(1, SYSTEM, QUESTION, ANSWER, QUESTION, ANSWER, QUESTION);

    assertThat(first.turnBefore()).isEmpty();
    assertThat(second.turnBefore()).hasValue(1);
    assertThat(third.turnBefore()).hasValue(3);
    assertThat(second.key()).isEqualTo(first.key()).isEqualTo(third.key());
    assertThat(first.key()).isEqualTo(first.link(1));
    assertThat(chain(1, SYSTEM, new ChatMessage(Role.USER, "Another?")).key())
        .isNotEqualTo(first.key());
  }

  @Test
  void what_differs_anywhere_before_differs_from_there_on() {
    PromptChain chain = chain(1, SYSTEM, QUESTION, ANSWER);
    List<PromptChain> others =
        List.of(
            chain(2, SYSTEM, QUESTION, ANSWER),
            chain(1, new ChatMessage(Role.USER, "Be brief."), QUESTION, ANSWER),
            chain(1, new ChatMessage(Role.SYSTEM, "Be brief!"), QUESTION, ANSWER),
            chain(1, new ChatMessage(Role.SYSTEM, "Be brief.", "Ann"), QUESTION, ANSWER),
            PromptChain.of(
                new Prompt.Chat(
                    List.of(SYSTEM, QUESTION, ANSWER), List.of(new ToolDescription("t", "", ""))),
                1));

    Set<Long> own = new HashSet<>(links(chain));
    for (PromptChain other : others) {
      assertThat(links(other)).doesNotContainAnyElementsOf(own);
    }
  }

  @Test
  void a_long_text_has_links_within_it() {
    String text = "x".repeat(5000);
    PromptChain chain = PromptChain.of(new Prompt.Text(text), 1);

    assertThat(chain.size()).isEqualTo(4);
    assertThat(chain.end(0)).isEqualTo(PromptChain.BLOCK);
    assertThat(chain.length()).isEqualTo(5000);
    assertThat(links(PromptChain.of(new Prompt.Text(text + "y".repeat(3000)), 1)))
        .startsWith(links(chain).toArray(Long[]::new));
    assertThat(PromptChain.of(new Prompt.Text("short"), 1).size()).isZero();
  }

  @Test
  void ids_of_tokens_have_links_too() {
    List<Integer> ids = IntStream.range(0, 600).boxed().toList();
    PromptChain chain = PromptChain.of(new Prompt.Tokens(ids), 1);

    assertThat(chain.size()).isEqualTo(2);
    assertThat(links(PromptChain.of(new Prompt.Tokens(ids.subList(0, 300)), 1)))
        .containsExactly(chain.link(0));
  }

  @Test
  void of_very_many_links_the_first_and_the_last_are_kept() {
    List<ChatMessage> messages =
        IntStream.range(0, 500).mapToObj(i -> new ChatMessage(Role.USER, "m" + i)).toList();
    PromptChain all = PromptChain.of(new Prompt.Chat(messages), 1);
    PromptChain few = PromptChain.of(new Prompt.Chat(messages.subList(0, 16)), 1);

    assertThat(all.size()).isEqualTo(64);
    assertThat(links(all)).startsWith(links(few).toArray(Long[]::new));
    assertThat(all.end(63)).isEqualTo(all.length());
    List<ChatMessage> talk = new ArrayList<>(messages);
    talk.add(ANSWER);
    talk.add(QUESTION);
    assertThat(PromptChain.of(new Prompt.Chat(talk), 1).turnBefore()).hasValue(61);
    assertThat(PromptChain.of(new Prompt.Chat(talk), 1).link(61)).isEqualTo(all.link(63));
    assertThat(IntStream.range(1, 64).allMatch(i -> all.end(i) > all.end(i - 1))).isTrue();
  }

  @Test
  void a_summary_holds_what_was_put_in_and_little_else() {
    SplittableRandom random = new SplittableRandom(7);
    for (int count : new int[] {1, 3, 10, 25, 100, 409, 1024}) {
      List<Long> in = new ArrayList<>(random.longs(count).boxed().toList());
      PrefixSummary summary = PrefixSummary.ofBytes(PrefixSummary.of(in).bytes());

      assertThat(in).allMatch(summary::mayHold);
      long wrong = random.longs(100_000).filter(summary::mayHold).count();
      assertThat(wrong).as("of 100,000, with %d held", count).isLessThan(40);
      assertThat(summary.bytes().length).isLessThanOrEqualTo(Math.max(8, 2 * count * 20 / 8));
    }
  }

  @Test
  void no_summary_and_a_broken_one_hold_nothing() {
    assertThat(PrefixSummary.of(List.of())).isEqualTo(PrefixSummary.NONE);
    assertThat(PrefixSummary.NONE.mayHold(0)).isFalse();
    for (int length : new int[] {1, 7, 9, 24, 1 << 17}) {
      byte[] broken = new byte[length];
      java.util.Arrays.fill(broken, (byte) -1);
      assertThat(PrefixSummary.ofBytes(broken))
          .as("%d bytes", length)
          .isEqualTo(PrefixSummary.NONE);
    }
  }
}
