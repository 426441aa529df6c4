package dev.bitfleet.gateway.dialect.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.grammar.ToolEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChoiceReaderTest {
  private static final Set<String> NAMES = Set.of("f", "g");
  private static final String F = call("f", "{\"a\": \"</tool_call>\"}");
  private static final String G = call("g", "{}");

  private static String call(String name, String arguments) {
    return "<tool_call>\n{\"name\": \""
        + name
        + "\", \"arguments\": "
        + arguments
        + "}\n</tool_call>";
  }

  /** What the events say, joined: the parts of a stream as a client puts them together. */
  private static String joined(List<ToolEvent> events) {
    StringBuilder all = new StringBuilder();
    boolean inText = false;
    for (ToolEvent event : events) {
      if (event instanceof ToolEvent.Content content) {
        all.append(inText ? "" : "[text]").append(content.text());
        inText = true;
        continue;
      }
      inText = false;
      switch (event) {
        case ToolEvent.CallBegan began ->
            all.append("[call ").append(began.index()).append(' ').append(began.name()).append(']');
        case ToolEvent.ArgumentsDelta delta -> all.append(delta.text());
        case ToolEvent.CallEnded ended -> all.append(ended.whole() ? "[end]" : "[cut]");
        case ToolEvent.Content ignored -> throw new AssertionError();
      }
    }
    return all.toString();
  }

  private static List<ToolEvent> read(List<String> pieces) {
    ChoiceReader reader = new ChoiceReader(NAMES);
    List<ToolEvent> events = new ArrayList<>();
    pieces.forEach(piece -> events.addAll(reader.read(piece)));
    events.addAll(reader.finish());
    return events;
  }

  @Test
  void however_the_output_is_cut_the_parts_are_the_same() {
    List<String> outputs =
        List.of(
            "plain text, and no more \n",
            F,
            "Let me look.\n\n" + F + "\n" + G,
            "  \n" + G,
            "a < b <tool and <tool_call without an end",
            F.substring(0, F.length() - 20),
            "");
    Random random = new Random(20261121);
    for (String output : outputs) {
      String whole = joined(read(List.of(output)));
      for (int round = 0; round < 200; round++) {
        List<String> pieces = new ArrayList<>();
        for (int at = 0; at < output.length(); ) {
          int end = Math.min(output.length(), at + 1 + random.nextInt(6));
          pieces.add(output.substring(at, end));
          at = end;
        }
        assertThat(joined(read(pieces))).as("cut as %s", pieces).isEqualTo(whole);
      }
    }
  }

  @Test
  void blanks_around_calls_are_nobodys() {
    assertThat(joined(read(List.of(" Look: \n", F, "\n", G, "\n "))))
        .isEqualTo("[text] Look:[call 0 f]{\"a\": \"</tool_call>\"}[end][call 1 g]{}[end]");
  }

  @Test
  void blanks_of_an_answer_without_calls_stay() {
    assertThat(joined(read(List.of("a", " \n", "b", "\n\n")))).isEqualTo("[text]a \nb\n\n");
    assertThat(ReadAnswer.of(" \n", NAMES))
        .isEqualTo(new ReadAnswer(Optional.of(" \n"), List.of()));
  }

  @Test
  void with_nothing_to_call_all_is_text() {
    assertThat(ReadAnswer.of(F, Set.of())).isEqualTo(new ReadAnswer(Optional.of(F), List.of()));
    ChoiceReader reader = new ChoiceReader(Set.of());
    assertThat(reader.read(F)).containsExactly(new ToolEvent.Content(F));
    assertThat(reader.read("")).isEmpty();
    assertThat(reader.finish()).isEmpty();
  }

  @Test
  void a_whole_answer_has_its_calls_and_no_content_beside_them() {
    assertThat(ReadAnswer.of(F + "\n" + G, NAMES))
        .isEqualTo(
            new ReadAnswer(
                Optional.empty(),
                List.of(
                    new ReadCall("f", "{\"a\": \"</tool_call>\"}", true),
                    new ReadCall("g", "{}", true))));
  }

  @Test
  void a_cut_call_is_told_as_such() {
    assertThat(ReadAnswer.of(F.substring(0, F.indexOf("</tool_call>\"")), NAMES).calls())
        .containsExactly(new ReadCall("f", "{\"a\": \"", false));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 35, 36, 1295, 1296, 100_000})
  void ids_are_the_same_each_time_and_differ_from_call_to_call(int call) {
    AnswerStamp stamp = new AnswerStamp("abcdefghijklmnopqrstuvwxyz012", 1);
    String id = CallIds.of(stamp.id(), 3, call);
    assertThat(id)
        .isEqualTo(CallIds.of(stamp.id(), 3, call))
        .startsWith("call_")
        .matches("[a-z0-9_]+");
    assertThat(id)
        .isNotEqualTo(CallIds.of(stamp.id(), 3, call + 1))
        .isNotEqualTo(CallIds.of(stamp.id(), 4, call))
        .isNotEqualTo(CallIds.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ012", 3, call));
  }
}
