package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.dialect.fields.Fields;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * llama.cpp's {@code samplers}: those that are to be applied, in order. One that is not listed is
 * off. The engines' order is fixed, so a list may leave out, but not change places.
 */
final class SamplerList {
  static final String PENALTIES = "penalties";
  static final String TOP_K = "top_k";
  static final String TYPICAL_P = "typ_p";
  static final String TOP_P = "top_p";
  static final String MIN_P = "min_p";
  static final String TEMPERATURE = "temperature";

  /** Those that there are, in the engines' order. */
  private static final List<String> ORDER =
      List.of(PENALTIES, TOP_K, TYPICAL_P, TOP_P, MIN_P, TEMPERATURE);

  /** Known, never applied here: their own fields are refused unless they are off. */
  private static final Set<String> WITHOUT_EFFECT =
      Set.of("dry", "xtc", "top_n_sigma", "infill", "adaptive_p");

  private final @Nullable Set<String> listed;

  private SamplerList(@Nullable Set<String> listed) {
    this.listed = listed;
  }

  static SamplerList read(@Nullable JsonNode samplers) {
    if (samplers == null) {
      return new SamplerList(null);
    }
    Set<String> listed = new HashSet<>();
    int last = -1;
    for (int i = 0; i < samplers.size(); i++) {
      String name = canonical(samplers.get(i).stringValue());
      if (WITHOUT_EFFECT.contains(name)) {
        continue;
      }
      String path = "samplers[" + i + ']';
      int place = ORDER.indexOf(name);
      if (place < 0) {
        throw Fields.unsupported(path, "available are " + String.join(", ", ORDER) + '.');
      }
      if (place <= last) {
        throw Fields.unsupported(
            path,
            "samplers are applied once each, in this order: " + String.join(", ", ORDER) + '.');
      }
      last = place;
      listed.add(name);
    }
    return new SamplerList(listed);
  }

  private static String canonical(String name) {
    return switch (name) {
      case "typical_p", "typical" -> TYPICAL_P;
      case "temp" -> TEMPERATURE;
      default -> name;
    };
  }

  /** Whether that one is applied. */
  boolean has(String name) {
    return listed == null || listed.contains(name);
  }
}
