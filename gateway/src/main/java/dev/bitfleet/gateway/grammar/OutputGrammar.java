package dev.bitfleet.gateway.grammar;

import static dev.bitfleet.gateway.grammar.SchemaRefused.Reason.TOO_LARGE;
import static dev.bitfleet.gateway.grammar.SchemaRefused.Reason.UNSATISFIABLE;
import static dev.bitfleet.gateway.grammar.SchemaRefused.Reason.UNSUPPORTED;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Makes the grammar of a whole output. Stateless; may be used from any thread. */
public final class OutputGrammar {
  /** JSON nodes that are translated in well under a millisecond, if none is a pattern. */
  private static final int FEW_NODES = 400;

  private OutputGrammar() {}

  /**
   * The grammar that the output must follow; empty if any text will do.
   *
   * <p>The arguments of a tool that is not strict are held to its schema where that can be
   * translated, and to "an object" where it cannot: OpenAI promises no more. Everything else that
   * cannot be translated is refused.
   *
   * @throws SchemaRefused with the place in the request
   */
  public static Optional<Grammar> of(OutputSpec spec) {
    String path = spec.answer() instanceof AnswerShape.OfSchema schema ? schema.path() : "tools";
    Budget budget = new Budget(path);
    Rules rules = new Rules(budget);
    JsonRules json = new JsonRules(rules);
    List<Tool> callable = spec.callable();
    Optional<Expression> text = text(spec.answer(), rules, json, budget);
    Expression root;
    if (callable.isEmpty()) {
      if (text.isEmpty()) {
        return Optional.empty();
      }
      root = text.get();
    } else {
      root = new ToolRules(rules, json, budget).root(spec, callable, text);
    }
    SchemaRefused nothing =
        new SchemaRefused(
            UNSATISFIABLE,
            path,
            "Invalid schema at '" + path + "': no finite document can satisfy it.");
    return Optional.of(new Grammar(rules.write(root, nothing)));
  }

  private static Optional<Expression> text(
      AnswerShape answer, Rules rules, JsonRules json, Budget budget) {
    return switch (answer) {
      case AnswerShape.FreeText free -> Optional.empty();
      case AnswerShape.AnyObject any -> Optional.of(json.object());
      case AnswerShape.OfSchema of -> {
        if (of.strict()) {
          StrictRules.require(of.schema(), of.path(), budget);
        }
        yield Optional.of(
            Translator.translate(of.schema(), of.path(), of.strict(), rules, json, budget));
      }
    };
  }

  /**
   * The arguments of a tool.
   *
   * @throws SchemaRefused if the tool is strict, or its schema is none
   */
  static Expression arguments(Tool tool, Rules rules, JsonRules json, Budget budget) {
    if (tool.parameters().isEmpty()) {
      return new Expression.Text("{}");
    }
    JsonNode schema = tool.parameters().get();
    if (tool.strict()) {
      StrictRules.require(schema, tool.path(), budget);
    }
    try {
      return Translator.translate(schema, tool.path(), true, rules, json, budget);
    } catch (SchemaRefused e) {
      if (!tool.strict() && (e.reason() == UNSUPPORTED || e.reason() == TOO_LARGE)) {
        return json.object();
      }
      throw e;
    }
  }

  /**
   * Whether the grammar is made in well under a millisecond. Otherwise it may take tens of them and
   * does not belong on an event loop.
   */
  public static boolean isLight(OutputSpec spec) {
    int left = FEW_NODES;
    if (spec.answer() instanceof AnswerShape.OfSchema of) {
      left = lightLeft(of.schema(), left);
    }
    for (Tool tool : spec.callable()) {
      left = tool.parameters().isPresent() ? lightLeft(tool.parameters().get(), left) : left;
    }
    return left > 0;
  }

  private static int lightLeft(JsonNode schema, int limit) {
    int left = limit;
    ArrayDeque<JsonNode> open = new ArrayDeque<>(List.of(schema));
    while (!open.isEmpty() && left > 0) {
      JsonNode node = open.poll();
      left--;
      if (node.has("pattern")
          || node.has("patternProperties")
          || node.has("oneOf")
          || node.has("multipleOf")
          || node.has("format")
          || node.has("minimum")
          || node.has("maximum")) {
        left -= 100;
      }
      boolean special = node.has("pattern") || node.has("format");
      if (special && (node.has("maxLength") || node.has("minLength"))) {
        return 0; // A product of automata.
      }
      for (JsonNode below : node) {
        open.add(below);
      }
    }
    return left;
  }
}
