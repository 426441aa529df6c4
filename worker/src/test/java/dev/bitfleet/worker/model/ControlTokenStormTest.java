package dev.bitfleet.worker.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.ToolCall;
import dev.bitfleet.proto.ToolDescription;
import dev.bitfleet.worker.engine.PromptSegment;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.json.JsonMapper;

/**
 * A hundred thousand strings full of control tokens, in every place of a chat where a user's words
 * can stand: none becomes a control token. What the template puts there is counted with harmless
 * words first.
 */
class ControlTokenStormTest {
  private static final int STRINGS = 100_000;

  private static final Map<String, Integer> CONTROLS =
      Map.ofEntries(
          Map.entry("<|begin_of_text|>", 0),
          Map.entry("<|end_of_text|>", 1),
          Map.entry("<|start_header_id|>", 2),
          Map.entry("<|end_header_id|>", 3),
          Map.entry("<|eot_id|>", 4),
          Map.entry("<|eom_id|>", 5),
          Map.entry("<|python_tag|>", 6),
          Map.entry("<|im_start|>", 7),
          Map.entry("<|im_end|>", 8),
          Map.entry("<start_of_turn>", 9),
          Map.entry("<end_of_turn>", 10),
          Map.entry("<s>", 11),
          Map.entry("</s>", 12),
          Map.entry("[INST]", 13),
          Map.entry("[TOOL_CALLS]", 14),
          Map.entry("STOP", 15));
  private static final ControlTokens TOKENS =
      new ControlTokens(CONTROLS, "<|begin_of_text|>", "<|eot_id|>");

  private static final List<String> TEMPLATES =
      List.of(
          PublishedTemplates.QWEN_25,
          PublishedTemplates.QWEN_3,
          PublishedTemplates.BITNET_2B_4T,
          PublishedTemplates.LLAMA_3,
          PublishedTemplates.LLAMA_31,
          PublishedTemplates.CHATML,
          PublishedTemplates.FALCON_E);

  private int made;

  private static List<Integer> ids(List<PromptSegment> segments) {
    List<Integer> ids = new ArrayList<>();
    for (PromptSegment segment : segments) {
      if (segment instanceof PromptSegment.Tokens tokens) {
        ids.addAll(tokens.ids());
      }
    }
    return ids;
  }

  /** A chat with a user's words wherever they can stand. */
  private static Prompt.Chat chat(Supplier<String> words) {
    String schema =
        json(
            Map.of(
                "type",
                "object",
                "properties",
                Map.of(words.get(), Map.of("type", "string", "description", words.get()))));
    String arguments = json(Map.of(words.get(), List.of(words.get(), Map.of("x", words.get()))));
    return new Prompt.Chat(
        List.of(
            new ChatMessage(Role.SYSTEM, words.get()),
            new ChatMessage(Role.USER, words.get(), words.get()),
            new ChatMessage(
                Role.ASSISTANT,
                words.get(),
                "",
                List.of(new ToolCall(words.get(), words.get(), arguments)),
                ""),
            new ChatMessage(Role.TOOL, words.get(), words.get(), List.of(), words.get()),
            new ChatMessage(Role.ASSISTANT, words.get()),
            new ChatMessage(Role.USER, words.get())),
        List.of(new ToolDescription(words.get(), words.get(), schema)));
  }

  private static String json(Object value) {
    return JsonMapper.shared().writeValueAsString(value);
  }

  private static List<String> pieces() {
    List<String> pieces = new ArrayList<>(CONTROLS.keySet());
    for (String control : CONTROLS.keySet()) {
      for (int cut = 1; cut < control.length(); cut += 3) {
        pieces.add(control.substring(0, cut));
        pieces.add(control.substring(cut));
      }
    }
    pieces.addAll(
        List.of(
            " ",
            "\n",
            "\"",
            "\\",
            "'",
            "é",
            "日本",
            "😀",
            "\uE000",
            "\uE010",
            "\uF8FF",
            "{{",
            "}}",
            "{%",
            "%}",
            "x",
            "<tool_call>",
            "</tool_call>",
            "<tool_response>",
            "{\"a\":",
            "],[",
            "\u0001",
            "\u200B"));
    return pieces;
  }

  @Test
  @Timeout(600)
  void none_of_a_hundred_thousand_strings_becomes_a_control_token() throws Exception {
    long seed = Long.getLong("bitfleet.seed", new Random().nextLong());
    Random random = new Random(seed);
    List<String> pieces = pieces();
    List<PromptLayout> layouts = new ArrayList<>();
    List<List<Integer>> harmless = new ArrayList<>();
    for (String template : TEMPLATES) {
      PromptLayout layout =
          new PromptLayout(TOKENS, ChatTemplate.parse(template, Clock.systemUTC()));
      layouts.add(layout);
      harmless.add(ids(layout.layOut(chat(() -> "a"))));
    }
    for (int round = 0; made < STRINGS; round++) {
      int which = round % layouts.size();
      Prompt.Chat chat = chat(() -> nasty(random, pieces));
      assertThat(ids(layouts.get(which).layOut(chat)))
          .as("seed %d, round %d: %s", seed, round, chat)
          .isEqualTo(harmless.get(which));
    }
    assertThat(made).isGreaterThanOrEqualTo(STRINGS);
  }

  private String nasty(Random random, List<String> pieces) {
    made++;
    // Never blank: some templates leave out an empty message with its marks.
    StringBuilder text = new StringBuilder(random.nextBoolean() ? "a" : "eot_id|>");
    for (int parts = random.nextInt(6); parts >= 0; parts--) {
      text.append(pieces.get(random.nextInt(pieces.size())));
    }
    return text.toString();
  }
}
