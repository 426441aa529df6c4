package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.gateway.dialect.tools.AnswerShapeFields;
import dev.bitfleet.gateway.dialect.tools.OutputWish;
import dev.bitfleet.gateway.grammar.AnswerShape;
import dev.bitfleet.gateway.grammar.ToolChoice;
import java.util.List;

/**
 * Fields of llama.cpp's server that all routes take, as its own do. What is not done here is
 * refused where leaving it out would change the answer, and accepted where it would not.
 */
public final class LlamaCppFields {
  private static final String NOT_AVAILABLE = "this sampler is not available.";

  private LlamaCppFields() {}

  /** Refuses what would change the answer and is not available. */
  public static void refuseUnavailable(Fields fields) {
    fields.refuseUnless("dynatemp_range", 0, "only 0 (a fixed temperature) is available.");
    fields.refuseUnless("mirostat", 0, NOT_AVAILABLE);
    fields.refuseUnless("xtc_probability", 0, NOT_AVAILABLE);
    fields.refuseUnless("dry_multiplier", 0, NOT_AVAILABLE);
    if (fields.realIfGiven("top_n_sigma").orElse(-1) > 0) {
      throw Fields.unsupported("top_n_sigma", NOT_AVAILABLE);
    }
    if (fields.realIfGiven("adaptive_target").orElse(-1) >= 0) {
      throw Fields.unsupported("adaptive_target", NOT_AVAILABLE);
    }
    if (fields.realIfGiven("min_keep").orElse(0) > 1) {
      throw Fields.unsupported("min_keep", "only 0 and 1 are available.");
    }
    if (fields.realIfGiven("t_max_predict_ms").orElse(0) > 0) {
      throw Fields.unsupported("t_max_predict_ms", "only token limits are available.");
    }
    fields.refuseUnless("n_indent", 0, "only 0 is available.");
    fields.refuseFlag("post_sampling_probs", true, "only probabilities before sampling are told.");
    fields.refuseFlag("grammar_lazy", true, "a grammar holds from the first token on.");
    fields.refuseUnlessEmpty("lora", "adapters belong to a model, not to a request.");
  }

  /** {@code grammar} or {@code json_schema}; at most one of them. */
  public static OutputWish output(Fields fields) {
    String grammar = fields.text("grammar").orElse("");
    AnswerShape answer = AnswerShapeFields.bareSchema(fields.given("json_schema"), "json_schema");
    if (!grammar.isEmpty() && !(answer instanceof AnswerShape.FreeText)) {
      throw Fields.invalid("grammar", "it cannot be given together with 'json_schema'.");
    }
    OutputWish wish = new OutputWish(answer, List.of(), ToolChoice.NONE, true, grammar);
    refuseEndless(fields, wish);
    return wish;
  }

  /** Output that has to end cannot go on past its end. */
  public static void refuseEndless(Fields fields, OutputWish wish) {
    if (wish.constrained() && fields.flag("ignore_eos")) {
      throw Fields.invalid(
          "ignore_eos", "output that has to fit a grammar or a schema ends where it is complete.");
    }
  }
}
