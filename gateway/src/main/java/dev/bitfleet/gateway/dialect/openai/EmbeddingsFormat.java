package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.dialect.EmbeddingCall;
import dev.bitfleet.gateway.dialect.EmbeddingFields;
import dev.bitfleet.gateway.dialect.Failures;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.proto.EmbedReply;
import dev.bitfleet.proto.Embedding;
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

  private enum Encoding {
    FLOAT,
    /** 32-bit floats, little-endian, in base64: what OpenAI's SDKs ask for. */
    BASE64
  }

  /** Reads a body that fits the contract. */
  public static EmbeddingCall read(JsonNode body) {
    Fields fields = new Fields(body, Map.of());
    Encoding encoding =
        fields.text("encoding_format").filter("base64"::equals).isPresent()
            ? Encoding.BASE64
            : Encoding.FLOAT;
    OptionalInt dimensions = fields.integer("dimensions");
    return EmbeddingFields.read(
        body,
        INPUT,
        dimensions,
        (model, embeddings) -> write(encoding, dimensions, model, embeddings));
  }

  private static byte[] write(
      Encoding encoding, OptionalInt dimensions, String model, List<Embedding> embeddings) {
    JsonBytes out = new JsonBytes(1024);
    out.raw("{\"object\":\"list\",\"data\":[");
    long tokens = 0;
    for (int i = 0; i < embeddings.size(); i++) {
      tokens += embeddings.get(i).promptTokens();
      out.raw(i == 0 ? "" : ",").raw("{\"object\":\"embedding\",\"index\":").number(i);
      out.raw(",\"embedding\":");
      vector(shortened(embeddings.get(i).values(), dimensions), encoding, out);
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
      case FLOAT -> EmbeddingFields.write(values, out);
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
  public static ApiError describe(EmbedReply.Refused refusal, EmbeddingCall call, String model) {
    String place = call.place(refusal.index());
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
