package dev.bitfleet.gateway.dialect.llamacpp;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.EmbeddingCall;
import dev.bitfleet.gateway.dialect.EmbeddingFields;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.proto.Embedding;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/**
 * Embeddings as llama-server's own routes have them: a list of {@code {"index","embedding":[[…]]}},
 * the inner list because a server without pooling gives a vector for each token. Stateless; may be
 * used from any thread.
 */
public final class PlainEmbeddings {
  private static final String NORM = "embd_normalize";

  /** Of {@link #NORM}: vectors as the model makes them, which the engine does not give out. */
  private static final int NONE = -1;

  /** The largest number becomes this, which fits 16 bits. */
  private static final int LARGEST = 0;

  private static final double LARGEST_VALUE = 32_760;
  private static final int EUCLIDEAN = 2;

  private PlainEmbeddings() {}

  /** Reads a body that fits the contract. */
  public static EmbeddingCall read(JsonNode body) {
    Fields fields = new Fields(body, Map.of());
    int norm = fields.integer(NORM).orElse(EUCLIDEAN);
    if (norm == NONE) {
      throw new ApiException(
          ApiError.unsupportedParameter(
              NORM, "Unsupported value of 'embd_normalize': the engine's vectors have length 1."));
    }
    String field = fields.given("input") != null ? "input" : "content";
    if (fields.given(field) == null) {
      throw new ApiException(ApiError.missingParameter("input"));
    }
    return EmbeddingFields.read(
        body, field, OptionalInt.empty(), (model, embeddings) -> write(norm, embeddings));
  }

  private static byte[] write(int norm, List<Embedding> embeddings) {
    JsonBytes out = new JsonBytes(1024);
    out.raw("[");
    for (int i = 0; i < embeddings.size(); i++) {
      out.raw(i == 0 ? "" : ",").raw("{\"index\":").number(i).raw(",\"embedding\":[");
      EmbeddingFields.write(normalised(embeddings.get(i).values(), norm), out);
      out.raw("]}");
    }
    return out.raw("]").toByteArray();
  }

  /**
   * Norms do not depend on the length a vector had before, so that any can be made of one of length
   * 1. Source: llama.cpp's documentation of {@code --embd-normalize}.
   */
  private static float[] normalised(float[] values, int norm) {
    if (norm == EUCLIDEAN) {
      return values;
    }
    double measure = 0;
    for (float value : values) {
      double magnitude = Math.abs((double) value);
      measure =
          norm == LARGEST ? Math.max(measure, magnitude) : measure + Math.pow(magnitude, norm);
    }
    measure = norm == LARGEST ? measure / LARGEST_VALUE : Math.pow(measure, 1.0 / norm);
    float[] scaled = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      scaled[i] = measure == 0 ? 0 : (float) (values[i] / measure);
    }
    return scaled;
  }
}
