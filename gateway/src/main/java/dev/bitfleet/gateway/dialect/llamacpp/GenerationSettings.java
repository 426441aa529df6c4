package dev.bitfleet.gateway.dialect.llamacpp;

import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.Sampling;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** llama.cpp's {@code generation_settings}: what the request came to, defaults and all. */
final class GenerationSettings {
  private GenerationSettings() {}

  static ObjectNode of(CompletionRequest request, String model) {
    Sampling sampling = request.sampling();
    int limit = limit(request);
    ObjectNode settings = JsonMapper.shared().createObjectNode();
    settings.put("model", model);
    settings.put("n_predict", limit);
    settings.put("max_tokens", limit);
    settings.put("n_ctx", request.contextLimit());
    settings.put("seed", sampling.seed());
    settings.put("temperature", sampling.temperature());
    settings.put("top_k", sampling.topK());
    settings.put("top_p", sampling.topP());
    settings.put("min_p", sampling.minP());
    settings.put("typical_p", sampling.typicalP());
    settings.put("repeat_penalty", sampling.repeatPenalty());
    settings.put("repeat_last_n", sampling.repeatLastN());
    settings.put("presence_penalty", sampling.presencePenalty());
    settings.put("frequency_penalty", sampling.frequencyPenalty());
    settings.put("n_probs", request.topLogprobs().orElse(0));
    settings.put("ignore_eos", request.ignoreEndTokens());
    settings.put("grammar", request.grammar());
    settings.put("stream", request.delivery() == Delivery.STREAMED);
    ArrayNode stop = settings.putArray("stop");
    request.stopStrings().forEach(stop::add);
    ArrayNode samplers = settings.putArray("samplers");
    for (String name :
        new String[] {"penalties", "top_k", "typ_p", "top_p", "min_p", "temperature"}) {
      samplers.add(name);
    }
    return settings;
  }

  private static int limit(CompletionRequest request) {
    if (request.promptScoring() == PromptScoring.ALONE) {
      return 0;
    }
    return request.maxTokens() == 0 ? -1 : request.maxTokens();
  }
}
