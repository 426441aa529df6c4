package dev.bitfleet.gateway.testing;

import dev.bitfleet.proto.EmbedReply;
import dev.bitfleet.proto.EmbedRequest;
import dev.bitfleet.proto.Embedding;
import dev.bitfleet.proto.Prompt;
import java.util.ArrayList;
import java.util.List;

/** Vectors without a model: a text's is a function of its length; "long" does not fit. */
public final class TestEmbeddings {
  public static final int SIZE = 4;

  private TestEmbeddings() {}

  static EmbedReply answer(EmbedRequest request) {
    List<Embedding> embeddings = new ArrayList<>();
    for (int i = 0; i < request.prompts().size(); i++) {
      Prompt prompt = request.prompts().get(i);
      if (prompt.equals(new Prompt.Text("long"))) {
        return new EmbedReply.Refused(
            EmbedReply.Code.CONTEXT_LENGTH_EXCEEDED, "too long", i, 9000, 512);
      }
      int length =
          prompt instanceof Prompt.Text text
              ? text.text().length()
              : ((Prompt.Tokens) prompt).ids().size();
      embeddings.add(new Embedding(vector(length), length));
    }
    return new EmbedReply.Embedded(embeddings, TestWorker.FINGERPRINT);
  }

  /** Of length 1. */
  public static float[] vector(int length) {
    float x = 1f / (1 + length);
    return new float[] {0.6f * x, 0.8f * x, (float) Math.sqrt(1 - x * x), 0};
  }
}
