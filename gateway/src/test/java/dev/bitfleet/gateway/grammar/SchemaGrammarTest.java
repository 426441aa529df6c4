package dev.bitfleet.gateway.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Whatever a schema's grammar lets through is held against an independent validator, and documents
 * made by hand against the grammar.
 */
class SchemaGrammarTest {
  private static final int SAMPLES = 200;
  private static final long SEED = 20261121;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final SchemaRegistry VALIDATOR =
      SchemaRegistry.withDefaultDialect(
          SpecificationVersion.DRAFT_2020_12,
          builder ->
              builder.schemaRegistryConfig(
                  SchemaRegistryConfig.builder().formatAssertionsEnabled(true).build()));

  record Case(JsonNode data) {
    @Override
    public String toString() {
      return data.path("name").asString();
    }
  }

  static List<Case> read(String resource) {
    try (InputStream in = SchemaGrammarTest.class.getResourceAsStream("/grammar/" + resource)) {
      List<Case> cases = new ArrayList<>();
      JSON.readTree(in).forEach(node -> cases.add(new Case(node)));
      return cases;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Stream<Case> schemas() {
    return read("schemas.json").stream();
  }

  static Stream<Case> refused() {
    return read("refused.json").stream();
  }

  static Gbnf grammar(JsonNode schema, boolean strict) {
    OutputSpec spec = OutputSpec.of(new AnswerShape.OfSchema(schema, strict, "schema"));
    return new Gbnf(OutputGrammar.of(spec).orElseThrow().gbnf());
  }

  static void requireValid(JsonNode schema, Gbnf grammar, String name, int samples) {
    Schema validator = VALIDATOR.getSchema(schema);
    for (int i = 0; i < samples; i++) {
      String text = grammar.sample(new Random(SEED + i), i * 2);
      JsonNode document = JSON.readTree(text);
      List<Error> errors = validator.validate(document);
      assertThat(errors)
          .as("%s, sample %d: %s is not valid under %s", name, i, text, schema)
          .isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("schemas")
  void every_output_is_valid_and_documents_made_by_hand_are_told_apart(Case given) {
    JsonNode data = given.data();
    Gbnf grammar = grammar(data.path("schema"), false);
    for (JsonNode document : data.path("accept")) {
      assertThat(grammar.matches(document.toString())).as("accepts %s", document).isTrue();
    }
    for (JsonNode document : data.path("reject")) {
      assertThat(grammar.matches(document.toString())).as("rejects %s", document).isFalse();
    }
    JsonNode schema = data.path("schema");
    switch (data.path("check").asString("validator")) {
      case "none" -> {} // Not what this validator understands: Java's expressions, OpenAPI, draft
      // 7.
      case "html-email" -> requireMail(grammar);
      default -> requireValid(schema, grammar, given.toString(), SAMPLES);
    }
  }

  /** The validator knows top-level domains from a list; HTML's definition needs none. */
  private static void requireMail(Gbnf grammar) {
    for (int i = 0; i < SAMPLES; i++) {
      assertThat(JSON.readTree(grammar.sample(new Random(SEED + i), i * 2)).asString())
          .matches(
              "[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
                  + "(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*");
    }
  }

  @ParameterizedTest
  @MethodSource("refused")
  void what_cannot_be_promised_is_refused_with_its_place(Case given) {
    JsonNode data = given.data();
    SchemaRefused refused =
        catchThrowableOfType(
            SchemaRefused.class,
            () -> grammar(data.path("schema"), data.path("strict").booleanValue()));
    assertThat(refused).isNotNull();
    assertThat(refused.reason().name())
        .as(refused.getMessage())
        .isEqualTo(data.path("reason").asString());
    assertThat(refused.path())
        .as(refused.getMessage())
        .isEqualTo("schema" + data.path("path").asString());
  }

  static IntStream seeds() {
    return IntStream.range(0, 120);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void schemas_made_at_random_give_valid_outputs_or_are_refused(int seed) {
    ObjectNode schema = new RandomSchemas(SEED + seed).schema(2 + seed / 30);
    Gbnf grammar;
    try {
      grammar = grammar(schema, false);
    } catch (SchemaRefused e) {
      assertThat(e.reason())
          .as("seed %d: %s of %s", seed, e.getMessage(), schema)
          .isIn(
              SchemaRefused.Reason.MALFORMED, // a circle of references
              SchemaRefused.Reason.UNSATISFIABLE,
              SchemaRefused.Reason.UNSUPPORTED,
              SchemaRefused.Reason.TOO_LARGE);
      return;
    }
    requireValid(schema, grammar, "seed " + seed, 100);
  }

  @Test
  void a_strict_schema_of_four_thousand_properties_is_translated() {
    ObjectNode schema = JSON.createObjectNode();
    ObjectNode properties = schema.put("type", "object").putObject("properties");
    ArrayNode required = schema.put("additionalProperties", false).putArray("required");
    for (int i = 0; i < 4_000; i++) {
      properties.putObject("property_" + i).put("type", "string");
      required.add("property_" + i);
    }
    OutputSpec spec = OutputSpec.of(new AnswerShape.OfSchema(schema, true, "schema"));
    assertThat(OutputGrammar.of(spec).orElseThrow().gbnf()).contains("property_3999");
  }
}
