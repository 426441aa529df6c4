package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.proto.EmbedRequest;
import dev.bitfleet.proto.Prompt;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/** Reads what all requests for embeddings have. Bodies fit the contract. */
public final class EmbeddingFields {
  private EmbeddingFields() {}

  /**
   * A call from its inputs.
   *
   * @param field the one that has them
   */
  public static EmbeddingCall read(
      JsonNode body, String field, OptionalInt dimensions, EmbeddingCall.Answer answer) {
    JsonNode input = body.path(field);
    EmbeddingCall call =
        new EmbeddingCall(
            ModelWish.of(new Fields(body, Map.of()).text("model")),
            PromptFields.read(input, field),
            field,
            input.isArray() && !input.get(0).isNumber(),
            dimensions,
            answer);
    List<Prompt> inputs = call.inputs();
    if (inputs.size() > EmbedRequest.MOST_PROMPTS) {
      throw Fields.invalid(
          field,
          "expected at most " + EmbedRequest.MOST_PROMPTS + " inputs, got " + inputs.size() + ".");
    }
    for (int i = 0; i < inputs.size(); i++) {
      if (inputs.get(i) instanceof Prompt.Text text && text.text().isEmpty()) {
        throw Fields.invalid(call.place(i), "it is empty.");
      }
    }
    return call;
  }

  /** The numbers as JSON. */
  public static void write(float[] values, JsonBytes out) {
    out.raw("[");
    for (int i = 0; i < values.length; i++) {
      out.raw(i == 0 ? "" : ",").raw(Float.toString(values[i]));
    }
    out.raw("]");
  }
}
