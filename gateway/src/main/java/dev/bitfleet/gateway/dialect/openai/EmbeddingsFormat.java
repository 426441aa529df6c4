package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.dialect.Failures;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.PromptFields;
import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.proto.EmbedReply;
import dev.bitfleet.proto.EmbedRequest;
import dev.bitfleet.proto.Embedding;
import dev.bitfleet.proto.Prompt;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/** OpenAI's embeddings. Stateless; may be used from any thread. */
public final class EmbeddingsFormat {
  private static final String INPUT = "input";

  private EmbeddingsFormat() {}

  /** How the numbers of an embedding are written. */
  public enum Encoding {
    FLOAT,
    /** 32-bit floats, little-endian, in base64: what OpenAI's SDKs ask for. */
    BASE64
  }

  /**
   * A request that was understood.
   *
   * @param model the model asked for; empty = the embedding model that is served
   * @param list whether the input was a list of inputs, which is how errors name one of them
   * @param dimensions numbers wanted of each embedding; empty = all
   */
  public record Asked(
      Optional<String> model,
      List<Prompt> inputs,
      boolean list,
      Encoding encoding,
      OptionalInt dimensions) {}

  /** Reads a body that fits the contract. */
  public static Asked read(JsonNode body) {
    Fields fields = new Fields(body, Map.of());
    JsonNode input = body.path(INPUT);
    List<Prompt> inputs = PromptFields.read(input, INPUT);
    boolean list = input.isArray() && !input.get(0).isNumber();
    if (inputs.size() > EmbedRequest.MOST_PROMPTS) {
      throw Fields.invalid(
          INPUT,
          "expected at most " + EmbedRequest.MOST_PROMPTS + " inputs, got " + inputs.size() + ".");
    }
    for (int i = 0; i < inputs.size(); i++) {
      if (inputs.get(i) instanceof Prompt.Text text && text.text().isEmpty()) {
        throw Fields.invalid(place(i, list), "it is empty.");
      }
    }
    return new Asked(
        fields.text("model"),
        inputs,
        list,
        fields.text("encoding_format").filter("base64"::equals).isPresent()
            ? Encoding.BASE64
            : Encoding.FLOAT,
        fields.integer("dimensions"));
  }

  private static String place(int index, boolean list) {
    return list ? INPUT + '[' + index + ']' : INPUT;
  }

  /** The answer. */
  public static byte[] write(Asked asked, String model, List<Embedding> embeddings) {
    JsonBytes out = new JsonBytes(1024);
    out.raw("{\"object\":\"list\",\"data\":[");
    long tokens = 0;
    for (int i = 0; i < embeddings.size(); i++) {
      tokens += embeddings.get(i).promptTokens();
      out.raw(i == 0 ? "" : ",").raw("{\"object\":\"embedding\",\"index\":").number(i);
      out.raw(",\"embedding\":");
      vector(shortened(embeddings.get(i).values(), asked.dimensions()), asked.encoding(), out);
      out.raw("}");
    }
    return out.raw("],\"model\":")
        .string(model)
        .raw(",\"usage\":{\"prompt_tokens\":")
        .number(tokens)
        .raw(",\"total_tokens\":")
        .number(tokens)
        .raw("}}")
        .toByteArray();
  }

  /** The first numbers, brought back to length 1, as OpenAI's are. */
  private static float[] shortened(float[] values, OptionalInt dimensions) {
    int size = dimensions.orElse(values.length);
    if (size >= values.length) {
      return values;
    }
    double squares = 0;
    for (int i = 0; i < size; i++) {
      squares += (double) values[i] * values[i];
    }
    double length = squares == 0 ? 1 : Math.sqrt(squares);
    float[] shorter = new float[size];
    for (int i = 0; i < size; i++) {
      shorter[i] = (float) (values[i] / length);
    }
    return shorter;
  }

  private static void vector(float[] values, Encoding encoding, JsonBytes out) {
    switch (encoding) {
      case FLOAT -> {
        out.raw("[");
        for (int i = 0; i < values.length; i++) {
          out.raw(i == 0 ? "" : ",").raw(Float.toString(values[i]));
        }
        out.raw("]");
      }
      case BASE64 -> {
        ByteBuffer bytes =
            ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
          bytes.putFloat(value);
        }
        out.raw("\"").raw(Base64.getEncoder().encode(bytes.array())).raw("\"");
      }
    }
  }

  /** What a worker's refusal is called. */
  public static ApiError describe(EmbedReply.Refused refusal, Asked asked, String model) {
    String place = place(refusal.index(), asked.list());
    return switch (refusal.code()) {
      case CONTEXT_LENGTH_EXCEEDED ->
          ApiError.invalid(
              400,
              "context_length_exceeded",
              Optional.of(place),
              "This model's maximum context length is "
                  + refusal.contextLength()
                  + " tokens, but '"
                  + place
                  + "' has at least "
                  + refusal.promptTokens()
                  + " tokens.");
      case INVALID ->
          ApiError.invalidParameter(place, "Invalid '" + place + "': " + refusal.message() + ".");
      case EMPTY_PROMPT ->
          ApiError.invalid(
              400,
              "empty_prompt",
              Optional.of(place),
              "Invalid '" + place + "': it has no tokens.");
      case NOT_AN_EMBEDDING_MODEL -> notAnEmbeddingModel(model);
      case PROMPT_QUARANTINED ->
          ApiError.invalid(
              400,
              "prompt_quarantined",
              Optional.of(place),
              "This input has crashed the engine before and is not tried again.");
    };
  }

  /** 400: the model is there, but it generates. */
  public static ApiError notAnEmbeddingModel(String model) {
    return ApiError.invalid(
        400,
        "not_an_embedding_model",
        Optional.of("model"),
        "The model '" + Failures.shown(model) + "' does not make embeddings.");
  }

  /** 400: more numbers than the model's embeddings have. */
  public static ApiError tooManyDimensions(int asked, int size) {
    return ApiError.invalidParameter(
        "dimensions",
        "Invalid 'dimensions': this model's embeddings have " + size + ", got " + asked + ".");
  }
}
