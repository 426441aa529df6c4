package dev.bitfleet.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.ToolCall;
import java.util.List;
import org.junit.jupiter.api.Test;

class TurnsTest {
  private static ChatMessage say(Role role, String text) {
    return new ChatMessage(role, text);
  }

  private static List<String> texts(Prompt.Chat chat) {
    return chat.messages().stream().map(ChatMessage::content).toList();
  }

  @Test
  void a_turn_goes_whole_with_its_calls_and_their_results() {
    Turns turns =
        Turns.of(
            new Prompt.Chat(
                List.of(
                    say(Role.SYSTEM, "s"),
                    say(Role.USER, "u1"),
                    new ChatMessage(
                        Role.ASSISTANT, "a1", "", List.of(new ToolCall("c", "t", "{}")), ""),
                    new ChatMessage(Role.TOOL, "r1", "t", List.of(), "c"),
                    say(Role.ASSISTANT, "a2"),
                    say(Role.USER, "u2"))));

    assertThat(turns.count()).isEqualTo(2);
    assertThat(turns.beginOf(1)).isEqualTo(5);
    assertThat(texts(turns.without(1))).containsExactly("s", "u2");
  }

  @Test
  void what_system_and_developer_said_stays_wherever_it_stands() {
    Turns turns =
        Turns.of(
            new Prompt.Chat(
                List.of(
                    say(Role.ASSISTANT, "greeting"),
                    say(Role.DEVELOPER, "d1"),
                    say(Role.USER, "u1"),
                    say(Role.SYSTEM, "s"),
                    say(Role.USER, "u2"),
                    say(Role.USER, "u3"))));

    assertThat(turns.count()).isEqualTo(4);
    assertThat(texts(turns.without(1))).containsExactly("d1", "u1", "s", "u2", "u3");
    assertThat(texts(turns.without(3))).containsExactly("d1", "s", "u3");
  }

  @Test
  void a_chat_of_instructions_alone_has_no_turn_to_drop() {
    assertThat(Turns.of(new Prompt.Chat(List.of(say(Role.SYSTEM, "s")))).count()).isZero();
  }

  @Test
  void what_is_said_in_the_rest_is_within_a_length_after_the_fewest_turns() {
    Turns turns =
        Turns.of(
            new Prompt.Chat(
                List.of(
                    say(Role.SYSTEM, "ssss"),
                    say(Role.USER, "aaaa"),
                    say(Role.ASSISTANT, "bbbb"),
                    say(Role.USER, "cccc"),
                    say(Role.USER, "dddd"))));

    assertThat(turns.fewestWithin(20)).isZero();
    assertThat(turns.fewestWithin(19)).isEqualTo(1);
    assertThat(turns.fewestWithin(12)).isEqualTo(1);
    assertThat(turns.fewestWithin(11)).isEqualTo(2);
    assertThat(turns.fewestWithin(1)).isEqualTo(3);
  }
}
