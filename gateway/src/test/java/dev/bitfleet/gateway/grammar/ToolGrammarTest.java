package dev.bitfleet.gateway.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Grammars of calls, and the reader that takes what they allow apart again. */
class ToolGrammarTest {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final long SEED = 7;

  private static final Tool WEATHER =
      tool(
          "get_weather",
          """
          {"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":1,"maximum":9}},
           "required":["city"],"additionalProperties":false}""");
  private static final Tool CLOCK = new Tool("clock", Optional.empty(), false, "tools[1]");

  private static Tool tool(String name, String schema) {
    return new Tool(
        name, Optional.of(JSON.readTree(schema)), false, "tools[0].function.parameters");
  }

  private static Gbnf grammar(
      AnswerShape answer, ToolChoice choice, boolean parallel, Tool... tools) {
    return new Gbnf(
        OutputGrammar.of(new OutputSpec(answer, List.of(tools), choice, parallel))
            .orElseThrow()
            .gbnf());
  }

  private static Gbnf grammar(ToolChoice choice, boolean parallel) {
    return grammar(new AnswerShape.FreeText(), choice, parallel, WEATHER, CLOCK);
  }

  private static String call(String name, String arguments) {
    return "<tool_call>\n{\"name\": \""
        + name
        + "\", \"arguments\": "
        + arguments
        + "}\n</tool_call>";
  }

  private static final String RAIN = call("get_weather", "{\"city\":\"Rome\"}");
  private static final String TIME = call("clock", "{}");

  /** What the events say, put together. */
  private record Read(
      String content, List<String> names, List<String> arguments, List<Boolean> whole) {
    static Read of(List<ToolEvent> events) {
      StringBuilder content = new StringBuilder();
      List<String> names = new ArrayList<>();
      Map<Integer, StringBuilder> arguments = new LinkedHashMap<>();
      List<Boolean> whole = new ArrayList<>();
      for (ToolEvent event : events) {
        switch (event) {
          case ToolEvent.Content text -> content.append(text.text());
          case ToolEvent.CallBegan began -> {
            assertThat(began.index()).isEqualTo(names.size());
            names.add(began.name());
            arguments.put(began.index(), new StringBuilder());
          }
          case ToolEvent.ArgumentsDelta delta -> {
            assertThat(delta.text()).isNotEmpty();
            java.util.Objects.requireNonNull(arguments.get(delta.index())).append(delta.text());
          }
          case ToolEvent.CallEnded ended -> {
            assertThat(ended.index()).isEqualTo(whole.size());
            whole.add(ended.whole());
          }
        }
      }
      return new Read(
          content.toString(),
          names,
          arguments.values().stream().map(StringBuilder::toString).toList(),
          whole);
    }
  }

  private static Read read(String output, Random random) {
    ToolCallReader reader = new ToolCallReader(Set.of("get_weather", "clock"));
    List<ToolEvent> events = new ArrayList<>();
    for (int at = 0; at < output.length(); ) {
      int n = Math.min(output.length() - at, 1 + random.nextInt(random.nextBoolean() ? 3 : 40));
      events.addAll(reader.read(output.substring(at, at + n)));
      at += n;
    }
    events.addAll(reader.finish());
    return Read.of(events);
  }

  private static Read readWhole(String output) {
    Read read = read(output, new Random(SEED));
    for (int seed = 0; seed < 20; seed++) {
      assertThat(read(output, new Random(seed))).isEqualTo(read);
    }
    return read;
  }

  @Test
  void with_auto_text_may_stand_alone_or_before_calls() {
    Gbnf grammar = grammar(ToolChoice.AUTO, true);
    assertThat(grammar.matches("")).isTrue();
    assertThat(grammar.matches("It is <b>sunny</b> & <tool, <tool_calls <tool_call")).isTrue();
    assertThat(grammar.matches(RAIN)).isTrue();
    assertThat(grammar.matches("Let me look.\n" + RAIN)).isTrue();
    assertThat(grammar.matches("<<tool_" + RAIN + "\n" + TIME)).isTrue();
    assertThat(grammar.matches("<tool_call>")).isFalse();
    assertThat(grammar.matches("a <tool_call> in text")).isFalse();
    assertThat(grammar.matches(RAIN + " and more")).isFalse();
    assertThat(grammar.matches(call("get_weather", "{\"city\":1}"))).isFalse();
    assertThat(grammar.matches(call("rm", "{}"))).isFalse();
  }

  @Test
  void required_means_calls_alone_and_at_least_one() {
    Gbnf grammar = grammar(ToolChoice.REQUIRED, true);
    assertThat(grammar.matches(RAIN)).isTrue();
    assertThat(grammar.matches(RAIN + "\n" + TIME + "\n" + RAIN)).isTrue();
    assertThat(grammar.matches("")).isFalse();
    assertThat(grammar.matches("text")).isFalse();
    assertThat(grammar.matches("text" + RAIN)).isFalse();
  }

  @Test
  void one_call_at_most_where_they_must_not_be_parallel() {
    Gbnf required = grammar(ToolChoice.REQUIRED, false);
    assertThat(required.matches(RAIN)).isTrue();
    assertThat(required.matches(RAIN + "\n" + TIME)).isFalse();
    Gbnf auto = grammar(ToolChoice.AUTO, false);
    assertThat(auto.matches("text")).isTrue();
    assertThat(auto.matches("text" + TIME)).isTrue();
    assertThat(auto.matches("text" + TIME + "\n" + TIME)).isFalse();
  }

  @Test
  void a_named_tool_is_the_only_one_and_allowed_ones_are_a_choice() {
    Gbnf named = grammar(ToolChoice.named("clock"), false);
    assertThat(named.matches(TIME)).isTrue();
    assertThat(named.matches(RAIN)).isFalse();
    Gbnf allowed = grammar(ToolChoice.allowed(ToolMode.AUTO, Set.of("get_weather")), true);
    assertThat(allowed.matches("text")).isTrue();
    assertThat(allowed.matches(RAIN)).isTrue();
    assertThat(allowed.matches(TIME)).isFalse();
  }

  @Test
  void none_needs_no_grammar_and_neither_does_free_text() {
    assertThat(
            OutputGrammar.of(
                new OutputSpec(
                    new AnswerShape.FreeText(), List.of(WEATHER), ToolChoice.NONE, true)))
        .isEmpty();
    assertThat(OutputGrammar.of(OutputSpec.of(new AnswerShape.FreeText()))).isEmpty();
  }

  @Test
  void an_answer_of_a_schema_stands_beside_calls() {
    AnswerShape answer =
        new AnswerShape.OfSchema(
            JSON.readTree(
                "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"null\"}},\"required\":[\"a\"]}"),
            false,
            "response_format");
    Gbnf grammar = grammar(answer, ToolChoice.AUTO, true, WEATHER);
    assertThat(grammar.matches("{\"a\": null}")).isTrue();
    assertThat(grammar.matches(RAIN)).isTrue();
    assertThat(grammar.matches("text")).isFalse();
    Gbnf object = grammar(new AnswerShape.AnyObject(), ToolChoice.AUTO, true, WEATHER);
    assertThat(object.matches("{\"x\": [1, {\"y\": \"z\"}]}")).isTrue();
    assertThat(object.matches("[1]")).isFalse();
    assertThat(object.matches(RAIN)).isTrue();
  }

  @Test
  void json_mode_writes_objects_of_any_depth() {
    Gbnf grammar =
        new Gbnf(OutputGrammar.of(OutputSpec.of(new AnswerShape.AnyObject())).orElseThrow().gbnf());
    for (int i = 0; i < 300; i++) {
      JsonNode document = JSON.readTree(grammar.sample(new Random(SEED + i), i));
      assertThat(document.isObject()).isTrue();
    }
    assertThat(grammar.matches("{}")).isTrue();
    assertThat(grammar.matches("{\"a\":{\"b\":{\"c\":[[[1e5]]]}}}")).isTrue();
    assertThat(grammar.matches("{\"a\":01}")).isFalse();
    assertThat(grammar.matches("{\"a\":\"\u0001\"}")).isFalse();
    assertThat(grammar.matches("{\"a\":\"\\ud800\"}")).isFalse();
    assertThat(grammar.matches("{\"a\":1,}")).isFalse();
  }

  @Test
  void a_loose_tool_that_cannot_be_translated_takes_any_object_and_a_strict_one_is_refused() {
    String schema =
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"pattern\":\"(?=x)\"}},\"required\":[\"a\"],\"additionalProperties\":false}";
    Gbnf grammar =
        grammar(new AnswerShape.FreeText(), ToolChoice.REQUIRED, false, tool("t", schema));
    assertThat(grammar.matches(call("t", "{\"anything\":[1]}"))).isTrue();
    assertThat(grammar.matches(call("t", "[1]"))).isFalse();
    Tool strict =
        new Tool("t", Optional.of(JSON.readTree(schema)), true, "tools[3].function.parameters");
    assertThatThrownBy(() -> grammar(new AnswerShape.FreeText(), ToolChoice.AUTO, true, strict))
        .isInstanceOfSatisfying(
            SchemaRefused.class,
            e -> assertThat(e.path()).isEqualTo("tools[3].function.parameters.properties.a"));
    assertThatThrownBy(
            () ->
                grammar(
                    new AnswerShape.FreeText(),
                    ToolChoice.AUTO,
                    true,
                    tool("t", "{\"type\":\"objekt\"}")))
        .isInstanceOfSatisfying(
            SchemaRefused.class,
            e -> assertThat(e.reason()).isEqualTo(SchemaRefused.Reason.MALFORMED));
  }

  @Test
  void arguments_are_an_object_whatever_the_schema_would_also_allow() {
    Gbnf grammar =
        grammar(
            new AnswerShape.FreeText(),
            ToolChoice.REQUIRED,
            false,
            tool("t", "{\"type\":[\"object\",\"string\"]}"));
    assertThat(grammar.matches(call("t", "{\"a\":1}"))).isTrue();
    assertThat(grammar.matches(call("t", "\"a\""))).isFalse();
    Gbnf open = grammar(new AnswerShape.FreeText(), ToolChoice.REQUIRED, false, tool("t", "{}"));
    assertThat(open.matches(call("t", "{}"))).isTrue();
    assertThat(open.matches(call("t", "1"))).isFalse();
  }

  @Test
  void what_the_grammar_writes_the_reader_reads_however_it_is_cut() {
    Gbnf grammar = grammar(ToolChoice.AUTO, true);
    int calls = 0;
    for (int i = 0; i < 500; i++) {
      Random random = new Random(SEED + i);
      String output = grammar.sample(random, 20 + i) + (i % 2 == 0 ? "" : "");
      Read read = read(output, random);
      int first = output.indexOf("<tool_call>");
      assertThat(read.content()).isEqualTo(first < 0 ? output : output.substring(0, first));
      StringBuilder again = new StringBuilder(read.content());
      for (int k = 0; k < read.names().size(); k++) {
        again.append(k == 0 ? "" : "\n").append(call(read.names().get(k), read.arguments().get(k)));
        calls++;
      }
      assertThat(again.toString()).isEqualTo(output);
      assertThat(read.whole()).doesNotContain(false).hasSameSizeAs(read.names());
    }
    Gbnf required = grammar(ToolChoice.REQUIRED, true);
    for (int i = 0; i < 300; i++) {
      Random random = new Random(SEED + i);
      String output = required.sample(random, 50 + i);
      Read read = read(output, random);
      assertThat(read.content()).isEmpty();
      assertThat(
              String.join(
                  "\n",
                  java.util.stream.IntStream.range(0, read.names().size())
                      .mapToObj(k -> call(read.names().get(k), read.arguments().get(k)))
                      .toList()))
          .isEqualTo(output);
      calls += read.names().size();
    }
    assertThat(calls).isGreaterThan(300);
  }

  @Test
  void content_is_held_back_only_while_it_may_begin_a_call() {
    ToolCallReader reader = new ToolCallReader(Set.of("clock"));
    assertThat(reader.read("Hello ")).containsExactly(new ToolEvent.Content("Hello "));
    assertThat(reader.read("<to")).isEmpty();
    assertThat(reader.read("ast> <")).containsExactly(new ToolEvent.Content("<toast> "));
    assertThat(reader.read("tool_call>\n{\"name\": \"clock\", \"arguments\": ")).isEmpty();
    assertThat(reader.read("{\"a"))
        .containsExactly(
            new ToolEvent.CallBegan(0, "clock"), new ToolEvent.ArgumentsDelta(0, "{\"a"));
    assertThat(reader.read("\": \"}\\\"\"}"))
        .containsExactly(new ToolEvent.ArgumentsDelta(0, "\": \"}\\\"\"}"));
    assertThat(reader.read("}\n</tool_call>")).containsExactly(new ToolEvent.CallEnded(0, true));
    assertThat(reader.finish()).isEmpty();
  }

  @Test
  void what_is_no_call_is_content_to_the_character() {
    for (String text :
        List.of(
            "<tool_call>",
            "<tool_call> is a tag",
            "<tool_call>\n[1]\n</tool_call>",
            "<tool_call>\n{\"name\": 5}\n</tool_call>",
            "<tool_call>\n{\"name\": \"unknown\", \"arguments\": {}}\n</tool_call>",
            "<tool_call>{\"name\": \"clock\"}</tool_call>",
            "<tool_call>{}</tool_call>",
            "<tool_call>{\"na",
            "a<tool_call<tool_call>b",
            "<tool_call>{\"name\": \"cl\\u00",
            "</tool_call>\ud83d")) {
      Read read = readWhole(text);
      assertThat(read.content()).isEqualTo(text);
      assertThat(read.names()).isEmpty();
    }
  }

  @Test
  void a_call_that_is_cut_or_goes_astray_ends_as_not_whole() {
    Read cut = readWhole("<tool_call>{\"name\":\"clock\",\"arguments\":{\"a\":[1,2");
    assertThat(cut.arguments()).containsExactly("{\"a\":[1,2");
    assertThat(cut.whole()).containsExactly(false);
    Read unclosed = readWhole("<tool_call>{\"name\":\"clock\",\"arguments\":{}");
    assertThat(unclosed.whole()).containsExactly(false);
    Read astray = readWhole("<tool_call>{\"name\":\"clock\",\"arguments\":{}] oops");
    assertThat(astray.whole()).containsExactly(false);
    assertThat(astray.content()).isEqualTo("] oops");
  }

  @Test
  void other_orders_and_other_members_are_understood() {
    Read read =
        readWhole(
            "<tool_call>{\"id\": 7, \"arguments\": {\"a\": \"}\"}, \"name\": \"clock\"}</tool_call>"
                + "  \n <tool_call>{\"name\":\"clock\",\"arguments\":\"{}\"}</tool_call>\n");
    assertThat(read.names()).containsExactly("clock", "clock");
    assertThat(read.arguments()).containsExactly("{\"a\": \"}\"}", "\"{}\"");
    assertThat(read.whole()).containsExactly(true, true);
    assertThat(read.content()).isEmpty();
  }

  @Test
  void text_after_a_call_is_content() {
    Read read = readWhole(TIME + "\nDone. " + TIME + "\n\nBye");
    assertThat(read.names()).containsExactly("clock", "clock");
    assertThat(read.content()).isEqualTo("\nDone. \n\nBye");
  }

  @Test
  void noise_never_throws_and_loses_nothing_that_is_no_call() {
    String[] bits = {
      "<tool_call>",
      "</tool_call>",
      "{",
      "}",
      "\"name\"",
      "\"arguments\"",
      ":",
      ",",
      "\"clock\"",
      "\n",
      "\\",
      "\"",
      "[",
      "]",
      "x",
      "1",
      "<",
      " "
    };
    for (int seed = 0; seed < 20_000; seed++) {
      Random random = new Random(seed);
      StringBuilder output = new StringBuilder();
      for (int i = random.nextInt(24); i >= 0; i--) {
        output.append(bits[random.nextInt(bits.length)]);
      }
      Read read = read(output.toString(), random);
      assertThat(read.whole()).hasSameSizeAs(read.names());
      if (read.names().isEmpty()) {
        assertThat(read.content()).isEqualTo(output.toString());
      }
    }
  }

  @Test
  void the_cache_keeps_what_was_used_last_within_its_bounds() {
    GrammarCache cache = new GrammarCache();
    OutputSpec kept = spec("kept");
    cache.put(kept, OutputGrammar.of(kept));
    for (int i = 0; i < 2 * GrammarCache.MAX_ENTRIES; i++) {
      OutputSpec other = spec("other" + i);
      cache.put(other, Optional.of(new Grammar("x".repeat(60_000))));
      assertThat(cache.get(spec("kept"))).isPresent();
      assertThat(cache.bytes()).isBetween(1, GrammarCache.MAX_BYTES);
    }
    assertThat(cache.get(spec("other0"))).isEmpty();
    assertThat(cache.get(spec("never"))).isEmpty();
  }

  private static OutputSpec spec(String value) {
    return OutputSpec.of(
        new AnswerShape.OfSchema(JSON.readTree("{\"const\":\"" + value + "\"}"), false, "schema"));
  }

  @Test
  void plain_schemas_are_light_and_costly_ones_are_not() {
    assertThat(OutputGrammar.isLight(spec("x"))).isTrue();
    assertThat(
            OutputGrammar.isLight(
                new OutputSpec(
                    new AnswerShape.FreeText(), List.of(WEATHER, CLOCK), ToolChoice.AUTO, true)))
        .isTrue();
    String product = "{\"type\":\"string\",\"format\":\"email\",\"maxLength\":20}";
    assertThat(
            OutputGrammar.isLight(
                OutputSpec.of(new AnswerShape.OfSchema(JSON.readTree(product), false, "s"))))
        .isFalse();
    String wide = "{\"anyOf\":[" + "{\"type\":\"string\",\"pattern\":\"a\"},".repeat(50) + "{}]}";
    assertThat(
            OutputGrammar.isLight(
                OutputSpec.of(new AnswerShape.OfSchema(JSON.readTree(wide), false, "s"))))
        .isFalse();
  }
}
