package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.completion.CompletionEvent;
import tools.jackson.databind.node.ObjectNode;

/** llama.cpp's {@code timings} of a finished choice. */
public final class Timings {
  private Timings() {}

  /** Fills an empty object. */
  public static ObjectNode write(CompletionEvent.Finished finished, ObjectNode timings) {
    timings.put("cache_n", finished.usage().cachedTokens());
    int computed = finished.usage().promptTokens() - finished.usage().cachedTokens();
    phase(timings, "prompt", computed, finished.prefillMicros());
    phase(timings, "predicted", finished.usage().completionTokens(), finished.decodeMicros());
    return timings;
  }

  private static void phase(ObjectNode into, String name, int tokens, long micros) {
    into.put(name + "_n", tokens);
    into.put(name + "_ms", micros / 1e3);
    into.put(name + "_per_token_ms", tokens == 0 ? 0 : micros / 1e3 / tokens);
    into.put(name + "_per_second", micros == 0 ? 0 : tokens * 1e6 / micros);
  }
}
