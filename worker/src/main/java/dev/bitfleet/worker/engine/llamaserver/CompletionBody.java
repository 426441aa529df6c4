package dev.bitfleet.worker.engine.llamaserver;

import dev.bitfleet.proto.Sampling;
import dev.bitfleet.worker.engine.SequenceRequest;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The body of {@code POST /completion}: numbers and token ids alone, every field named and typed,
 * nothing of a client's text in it but a grammar that our own parser has read, in ASCII. The server
 * crashes on invalid UTF-8, on odd stop lists and deep JSON, and ignores mistyped fields; none of
 * that can be built here.
 */
final class CompletionBody {
  private static final long SEED_MASK = 0xffff_ffffL;
  // This value asks the server for a random seed.
  private static final long RANDOM_SEED = 0xffff_ffffL;

  private CompletionBody() {}

  /**
   * The body as JSON text, pure ASCII.
   *
   * @param prompt ids, checked against the vocabulary
   * @param maxTokens at least 1; with the prompt within the context
   * @param slot the server's slot, checked to exist
   * @param reuse whether what the slot holds of this prompt may be reused
   * @param controlTokens ids of the model's control tokens. The server's own ignore_eos spares one
   *     end token and ends at every other, so a request that ignores them draws none at all
   */
  static String json(
      SequenceRequest request,
      List<Integer> prompt,
      int maxTokens,
      int contextLength,
      int slot,
      boolean reuse,
      Collection<Integer> controlTokens) {
    Sampling sampling = request.sampling();
    ObjectNode body = CompletionChunk.JSON.createObjectNode();
    ArrayNode ids = body.putArray("prompt");
    prompt.forEach(ids::add);
    body.put("stream", true)
        .put("cache_prompt", reuse)
        .put("id_slot", slot)
        .put("n_predict", maxTokens)
        .put("temperature", sampling.temperature())
        .put("top_k", sampling.topK())
        .put("top_p", sampling.topP())
        .put("min_p", sampling.minP())
        .put("typical_p", sampling.typicalP())
        .put("repeat_penalty", sampling.repeatPenalty())
        // The server stands still for seconds on a long memory.
        .put("repeat_last_n", Math.min(sampling.repeatLastN(), contextLength))
        .put("penalize_nl", true)
        .put("presence_penalty", sampling.presencePenalty())
        .put("frequency_penalty", sampling.frequencyPenalty())
        .put("mirostat", 0)
        .put("tfs_z", 1.0)
        .put("n_probs", 0)
        .put("n_keep", 0)
        .put("ignore_eos", request.ignoreEndTokens())
        .put("seed", seed(sampling.seed()));
    body.putArray("stop");
    if (!request.grammar().isEmpty()) {
      body.put("grammar", ascii(request.grammar()));
    }
    ArrayNode bias = body.putArray("logit_bias");
    sampling.logitBias().forEach((id, value) -> bias.addArray().add(id).add(value));
    if (request.ignoreEndTokens()) {
      // false is minus infinity.
      controlTokens.forEach(id -> bias.addArray().add(id).add(false));
    }
    return body.toString();
  }

  /**
   * A grammar means the same with its characters written as escapes: they stand in texts and sets,
   * or in comments, where nobody reads them.
   */
  static String ascii(String grammar) {
    StringBuilder out = new StringBuilder(grammar.length());
    grammar
        .codePoints()
        .forEach(
            point -> {
              if (point < 0x80) {
                out.append((char) point);
              } else {
                out.append(String.format(Locale.ROOT, "\\U%08X", point));
              }
            });
    return out.toString();
  }

  /** The server has 32 bits; all of ours count. */
  static long seed(long seed) {
    long folded = (seed ^ (seed >>> 32)) & SEED_MASK;
    return folded == RANDOM_SEED ? 0 : folded;
  }
}
