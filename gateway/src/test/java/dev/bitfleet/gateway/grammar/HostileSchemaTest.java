package dev.bitfleet.gateway.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Schemas made to hurt: each is translated or refused, in bounded time either way. */
class HostileSchemaTest {
  private static final JsonMapper JSON = JsonMapper.shared();

  /** Processor time of this thread: a busy machine is not the schema's fault. */
  private static final ThreadMXBean CLOCK = ManagementFactory.getThreadMXBean();

  /** What the issue asks; the work itself is counted, so that this is no race. */
  private static final long MAX_MILLIS = 100;

  @BeforeAll
  static void warm_up() {
    for (Hostile hostile : all()) {
      attempt(hostile.schema());
    }
  }

  private record Hostile(String name, JsonNode schema) {}

  private static Optional<Grammar> attempt(JsonNode schema) {
    try {
      return OutputGrammar.of(OutputSpec.of(new AnswerShape.OfSchema(schema, false, "schema")));
    } catch (SchemaRefused e) {
      assertThat(e.getMessage()).hasSizeLessThan(1_000);
      return Optional.empty();
    }
  }

  @TestFactory
  Stream<DynamicTest> each_is_done_with_within_a_hundred_milliseconds() {
    return all().stream()
        .map(
            hostile ->
                DynamicTest.dynamicTest(
                    hostile.name(),
                    () -> {
                      long best = Long.MAX_VALUE;
                      Optional<Grammar> made = Optional.empty();
                      // The best of some: so is not the collector's turn.
                      for (int i = 0; i < 5; i++) {
                        long from = CLOCK.getCurrentThreadCpuTime();
                        made = attempt(hostile.schema());
                        best = Math.min(best, CLOCK.getCurrentThreadCpuTime() - from);
                      }
                      System.out.printf(
                          "hostile %-45s %6.1f ms %s%n",
                          hostile.name(),
                          best / 1e6,
                          made.map(g -> g.gbnf().length() + " bytes").orElse("refused"));
                      assertThat(best / 1_000_000).isLessThan(MAX_MILLIS);
                    }));
  }

  private static Hostile of(String name, Consumer<ObjectNode> fill) {
    ObjectNode schema = JSON.createObjectNode();
    fill.accept(schema);
    return new Hostile(name, schema);
  }

  private static Hostile pattern(String name, String pattern) {
    return of("pattern: " + name, s -> s.put("type", "string").put("pattern", pattern));
  }

  private static List<Hostile> all() {
    List<Hostile> all = new ArrayList<>();
    all.add(pattern("nested counts", "^((a{100}){100}){100}$"));
    all.add(pattern("nested empty counts", "^((((){9999}){9999}){9999}){9999}$"));
    all.add(pattern("a count of 99999", "^[ab]{99999}$"));
    all.add(pattern("a subset explosion", "(a|b)*a(a|b){30}"));
    all.add(pattern("a subset explosion at the front", "a.{40}b"));
    all.add(pattern("two of them", "^(?:(a|b)*a(a|b){12})+x.*a.{12}c"));
    all.add(pattern("nested stars", "^(((((a*)*)*)*)*)*$"));
    all.add(pattern("deep groups", "(".repeat(2_000) + "a" + ")".repeat(2_000)));
    all.add(pattern("many alternatives", "^(" + "ab|".repeat(1_300) + "c)$"));
    all.add(pattern("long", "a".repeat(1_000_000)));
    all.add(pattern("every category", "^[\\p{L}\\p{N}\\p{P}][\\p{Lu}\\p{S}]*\\P{Z}{20}$"));
    all.add(pattern("optional chain", "^" + "a?".repeat(1_000) + "$"));
    all.add(
        of(
            "references that double",
            s -> {
              ObjectNode defs = s.putObject("$defs");
              for (int i = 0; i < 60; i++) {
                ArrayNode both = defs.putObject("d" + i).putArray("anyOf");
                for (int k = 0; k < 2; k++) {
                  ObjectNode part = both.addObject();
                  if (i == 0) {
                    part.put("type", k == 0 ? "string" : "integer");
                  } else {
                    part.put("$ref", "#/$defs/d" + (i - 1));
                  }
                }
              }
              s.put("$ref", "#/$defs/d59");
            }));
    all.add(
        of(
            "choices that multiply",
            s -> {
              s.put("type", "object");
              ArrayNode parts = s.putArray("allOf");
              for (int i = 0; i < 30; i++) {
                ArrayNode any = parts.addObject().putArray("anyOf");
                any.addObject().putArray("required").add("a" + i);
                any.addObject().putArray("required").add("b" + i);
              }
            }));
    all.add(
        of(
            "dependencies that multiply",
            s -> {
              ObjectNode needs = s.put("type", "object").putObject("dependentRequired");
              ObjectNode properties = s.putObject("properties");
              for (int i = 0; i < 40; i++) {
                properties.putObject("p" + i);
                needs.putArray("p" + i).add("p" + (i + 1) % 40);
              }
            }));
    all.add(
        of(
            "oneOf of five hundred",
            s -> {
              ArrayNode options = s.putArray("oneOf");
              for (int i = 0; i < 500; i++) {
                options
                    .addObject()
                    .put("type", "object")
                    .putObject("properties")
                    .putObject("p" + i);
              }
            }));
    all.add(
        of(
            "a discriminated union of three hundred",
            s -> {
              ArrayNode options = s.putArray("oneOf");
              for (int i = 0; i < 300; i++) {
                ObjectNode option = options.addObject().put("type", "object");
                option.putObject("properties").putObject("kind").put("const", "k" + i);
                option.putArray("required").add("kind");
              }
            }));
    all.add(
        of(
            "nots in nots",
            s -> {
              ObjectNode at = s;
              for (int i = 0; i < 60; i++) {
                at = at.putObject("not");
                at.putArray("anyOf").addObject().put("minimum", i);
              }
            }));
    all.add(
        of(
            "twenty thousand properties",
            s -> {
              ObjectNode properties = s.put("type", "object").putObject("properties");
              for (int i = 0; i < 20_000; i++) {
                properties.putObject("property" + i).put("type", "integer");
              }
            }));
    all.add(
        of(
            "five thousand properties and free names",
            s -> {
              ObjectNode properties = s.put("type", "object").putObject("properties");
              s.put("additionalProperties", true);
              for (int i = 0; i < 5_000; i++) {
                properties.putObject("property" + i).put("type", "integer");
              }
            }));
    for (boolean required : new boolean[] {false, true}) {
      all.add(
          of(
              "five thousand texts" + (required ? ", all required" : ""),
              s -> {
                ObjectNode properties = s.put("type", "object").putObject("properties");
                s.put("additionalProperties", false);
                ArrayNode names = s.putArray("required");
                for (int i = 0; i < 5_000; i++) {
                  properties.putObject("p" + i).put("type", "string");
                  if (required) {
                    names.add("p" + i);
                  }
                }
              }));
    }
    all.add(
        of(
            "counted properties",
            s -> {
              ObjectNode properties = s.put("type", "object").putObject("properties");
              s.put("minProperties", 900).put("maxProperties", 950);
              for (int i = 0; i < 1_000; i++) {
                properties.putObject("property" + i).put("type", "integer");
              }
            }));
    all.add(
        of(
            "an enum of a hundred thousand",
            s -> {
              ArrayNode values = s.putArray("enum");
              for (int i = 0; i < 100_000; i++) {
                values.add("value" + i * 7919L);
              }
            }));
    all.add(
        of(
            "two enums of three thousand",
            s -> {
              ArrayNode parts = s.putArray("allOf");
              for (int k = 0; k < 2; k++) {
                ArrayNode values = parts.addObject().putArray("enum");
                for (int i = 0; i < 3_000; i++) {
                  values.add(i * (k + 2));
                }
              }
            }));
    all.add(
        of(
            "nested repetitions",
            s -> {
              ObjectNode at = s;
              for (int i = 0; i < 25; i++) {
                at.put("type", "array").put("minItems", 100_000).put("maxItems", 1_000_000_000);
                at = at.putObject("items");
              }
              at.put("type", "null");
            }));
    all.add(
        of(
            "multiples",
            s -> s.put("type", "integer").put("multipleOf", 9_973).put("minimum", 12_345_678)));
    all.add(
        of(
            "bounds of forty digits",
            s ->
                s.put("type", "number")
                    .put("minimum", new java.math.BigDecimal("0." + "12345678".repeat(5)))
                    .put("maximum", new java.math.BigDecimal("9".repeat(40)))
                    .put("multipleOf", new java.math.BigDecimal("0.0097"))));
    all.add(
        of(
            "bounds of a thousand digits",
            s ->
                s.put("type", "number")
                    .put("minimum", new java.math.BigDecimal("-1e400000"))
                    .put("maximum", new java.math.BigDecimal("1e-400000"))));
    all.add(
        of(
            "a pattern and a length of ten thousand",
            s -> s.put("type", "string").put("pattern", "[0-9].*[a-z]").put("maxLength", 10_000)));
    all.add(
        of(
            "ten patterns at once",
            s -> {
              ArrayNode parts = s.put("type", "string").putArray("allOf");
              for (int i = 0; i < 10; i++) {
                parts.addObject().put("pattern", (char) ('a' + i) + ".{6}" + (char) ('b' + i));
              }
            }));
    all.add(
        of(
            "pattern properties that overlap",
            s -> {
              ObjectNode patterns = s.put("type", "object").putObject("patternProperties");
              for (int i = 0; i < 5; i++) {
                patterns.putObject((char) ('a' + i) + ".{5}" + (char) ('b' + i));
              }
            }));
    all.add(
        of(
            "a chain of ten thousand definitions",
            s -> {
              ObjectNode defs = s.putObject("$defs");
              for (int i = 0; i < 10_000; i++) {
                defs.putObject("d" + i)
                    .put("type", "object")
                    .putObject("properties")
                    .putObject("n")
                    .put("$ref", "#/$defs/d" + (i + 1));
              }
              defs.putObject("d10000").put("type", "null");
              s.put("$ref", "#/$defs/d0");
            }));
    all.add(
        of(
            "a chain of ten thousand references in place",
            s -> {
              ObjectNode defs = s.putObject("$defs");
              for (int i = 0; i < 10_000; i++) {
                defs.putObject("d" + i).put("$ref", "#/$defs/d" + (i + 1));
              }
              defs.putObject("d10000").put("type", "null");
              s.put("$ref", "#/$defs/d0");
            }));
    all.add(
        of(
            "a denied chain of definitions",
            s -> {
              ObjectNode defs = s.putObject("$defs");
              for (int i = 0; i < 3_000; i++) {
                defs.putObject("d" + i)
                    .put("minimum", i)
                    .putObject("not")
                    .put("$ref", "#/$defs/d" + (i + 1));
              }
              defs.putObject("d3000").put("type", "null");
              s.put("$ref", "#/$defs/d0");
            }));
    all.add(
        of(
            "a thousand places",
            s -> {
              ArrayNode places = s.put("type", "array").putArray("prefixItems");
              for (int i = 0; i < 1_000; i++) {
                places.addObject().put("type", "integer").put("minimum", i);
              }
            }));
    all.add(
        of(
            "long names",
            s ->
                s.put("type", "object")
                    .putObject("properties")
                    .putObject("n".repeat(1_000_000))
                    .put("type", "null")));
    ObjectNode deep = JSON.createObjectNode();
    ObjectNode at = deep;
    for (int i = 0; i < 5_000; i++) {
      at = at.put("type", "object").putObject("properties").putObject("p");
    }
    all.add(new Hostile("five thousand levels", deep));
    char[] blob = new char[200_000];
    Arrays.fill(blob, 'x');
    all.add(of("a huge constant", s -> s.put("const", new String(blob))));
    return all;
  }
}
