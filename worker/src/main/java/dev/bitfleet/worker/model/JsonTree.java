package dev.bitfleet.worker.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON that clients sent as text, as the maps and lists a template can walk. */
final class JsonTree {
  private static final int MAX_DEPTH = 64;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxStringLength(Integer.MAX_VALUE)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          // A number comes back as it was written, however long.
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  private JsonTree() {}

  /** The object a text is; empty when it is none. Keys keep their order. */
  static Optional<Map<String, Object>> object(String text) {
    if (text.isBlank()) {
      return Optional.empty();
    }
    try {
      Object value = MAPPER.readValue(text, Object.class);
      if (value instanceof Map<?, ?> map) {
        Map<String, Object> object = new LinkedHashMap<>();
        map.forEach((key, element) -> object.put(String.valueOf(key), element));
        return Optional.of(object);
      }
      return Optional.empty();
    } catch (JacksonException e) {
      return Optional.empty();
    }
  }

  /** The same with every string in it changed, names of fields as well. */
  static @Nullable Object map(@Nullable Object value, UnaryOperator<String> change) {
    return switch (value) {
      case null -> null;
      case String text -> change.apply(text);
      case Map<?, ?> map -> {
        Map<String, @Nullable Object> changed = new LinkedHashMap<>();
        map.forEach(
            (key, element) -> changed.put(change.apply(String.valueOf(key)), map(element, change)));
        yield changed;
      }
      case List<?> list -> {
        List<@Nullable Object> changed = new ArrayList<>(list.size());
        list.forEach(element -> changed.add(map(element, change)));
        yield changed;
      }
      default -> value;
    };
  }
}
