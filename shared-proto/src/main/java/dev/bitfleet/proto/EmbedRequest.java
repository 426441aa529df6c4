package dev.bitfleet.proto;

import java.util.List;
import java.util.Objects;

/**
 * Asks a worker to embed texts; answered by {@link EmbedReply}. {@link CancelGeneration} with its
 * id gives it up.
 *
 * @param requestId unique in the fleet, among streams as well
 * @param model id of the model the request was routed for
 * @param prompts 1 to {@value #MOST_PROMPTS} texts, or token ids that stand as they are
 * @param cacheScope prefixes are shared only within one scope, which is a tenant
 */
public record EmbedRequest(String requestId, String model, List<Prompt> prompts, long cacheScope) {
  /** Texts of one request at most, as OpenAI has it. */
  public static final int MOST_PROMPTS = 2048;

  public EmbedRequest {
    Objects.requireNonNull(requestId);
    Objects.requireNonNull(model);
    prompts = List.copyOf(prompts);
    if (prompts.isEmpty() || prompts.size() > MOST_PROMPTS) {
      throw new IllegalArgumentException("1 to " + MOST_PROMPTS + " texts, not " + prompts.size());
    }
    if (prompts.stream().anyMatch(Prompt.Chat.class::isInstance)) {
      throw new IllegalArgumentException("a chat is not embedded");
    }
  }
}
