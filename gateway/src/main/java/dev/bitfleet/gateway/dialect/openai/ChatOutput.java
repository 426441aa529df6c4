package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.dialect.LlamaCppFields;
import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.gateway.dialect.tools.AnswerShapeFields;
import dev.bitfleet.gateway.dialect.tools.OfferedTool;
import dev.bitfleet.gateway.dialect.tools.OutputWish;
import dev.bitfleet.gateway.dialect.tools.ToolChoiceFields;
import dev.bitfleet.gateway.dialect.tools.ToolFields;
import dev.bitfleet.gateway.grammar.AnswerShape;
import dev.bitfleet.gateway.grammar.ToolChoice;
import java.util.List;

/**
 * Reads what a chat wants of its output: tools or the old functions, and one of {@code
 * response_format}, {@code json_schema} and {@code grammar}. Tools go with the first two, where an
 * answer is either calls or text of that form; a grammar is the whole output's and goes alone.
 */
final class ChatOutput {
  private ChatOutput() {}

  static OutputWish read(Fields fields) {
    OutputWish plain = LlamaCppFields.output(fields);
    AnswerShape answer = answer(fields, plain);
    if (hasFunctions(fields)) {
      return withFunctions(fields, plain, answer);
    }
    List<OfferedTool> tools = ToolFields.nested(fields.given("tools"), "tools");
    ToolChoice choice = ToolChoiceFields.nested(fields.given("tool_choice"), "tool_choice", tools);
    refuseFunctionCall(fields);
    return checked(
        fields,
        new OutputWish(
            answer, tools, choice, !fields.isFalse("parallel_tool_calls"), plain.grammar()),
        "tools");
  }

  private static OutputWish withFunctions(Fields fields, OutputWish plain, AnswerShape answer) {
    fields.refuseUnlessEmpty("tools", "it cannot be given together with 'functions'.");
    List<OfferedTool> functions = ToolFields.functions(fields.given("functions"), "functions");
    ToolChoice choice =
        ToolChoiceFields.functionCall(fields.given("function_call"), "function_call", functions);
    // The old form has room for one call.
    return checked(
        fields, new OutputWish(answer, functions, choice, false, plain.grammar()), "functions");
  }

  private static void refuseFunctionCall(Fields fields) {
    // Words that ask for nothing are harmless; a name without functions is not.
    ToolChoiceFields.functionCall(fields.given("function_call"), "function_call", List.of());
  }

  private static OutputWish checked(Fields fields, OutputWish wish, String toolsField) {
    if (!wish.grammar().isEmpty() && !wish.callable().isEmpty()) {
      throw Fields.invalid(
          "grammar",
          "it cannot be given together with '" + toolsField + "'; calls have a form of their own.");
    }
    LlamaCppFields.refuseEndless(fields, wish);
    return wish;
  }

  private static AnswerShape answer(Fields fields, OutputWish plain) {
    AnswerShape format =
        AnswerShapeFields.responseFormat(fields.given("response_format"), "response_format");
    if (format instanceof AnswerShape.FreeText) {
      return plain.answer();
    }
    String other = plain.grammar().isEmpty() ? "json_schema" : "grammar";
    if (plain.constrained()) {
      throw Fields.invalid(other, "it cannot be given together with 'response_format'.");
    }
    return format;
  }

  private static boolean hasFunctions(Fields fields) {
    return fields.given("functions") != null && !fields.given("functions").isEmpty();
  }

  /** Whoever gives functions in the old form expects calls in it. */
  static ChatStyle.CallForm callForm(Fields fields) {
    return hasFunctions(fields) ? ChatStyle.CallForm.FUNCTION_CALL : ChatStyle.CallForm.TOOL_CALLS;
  }
}
