package dev.bitfleet.app.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Layers laid over each other: the strongest value of each setting, parsed, and whose it is. */
public final class ResolvedSettings {
  private final Map<Setting<?>, Object> values = new HashMap<>();
  private final Map<Setting<?>, Source> sources = new HashMap<>();
  private final List<Problem> problems = new ArrayList<>();

  /**
   * Parses every entry of every layer, also those that a stronger layer covers: a mistake in the
   * file stays a mistake when a flag happens to hide it.
   *
   * @param layers weakest first
   */
  ResolvedSettings(List<Layer> layers) {
    for (Layer layer : layers) {
      problems.addAll(layer.problems());
      for (Setting<?> setting : Settings.ALL) {
        Layer.Entry entry = layer.entries().get(setting.name());
        if (entry != null) {
          put(setting, entry, layer.base());
        }
      }
    }
  }

  private <T> void put(Setting<T> setting, Layer.Entry entry, Path base) {
    try {
      values.put(setting, setting.kind().parse(entry.text(), base));
      sources.put(setting, entry.source());
    } catch (IllegalArgumentException e) {
      problems.add(new Problem(entry.source(), setting.name() + ": " + e.getMessage()));
    } catch (ArithmeticException e) {
      problems.add(
          new Problem(entry.source(), setting.name() + ": '" + entry.text() + "' is too large"));
    }
  }

  /** The value, or the setting's fallback. */
  @SuppressWarnings("unchecked") // put() stores under a setting only what its own kind parsed.
  public <T> T get(Setting<T> setting) {
    Object value = values.get(setting);
    return value == null ? setting.fallback() : (T) value;
  }

  /** Where the value of {@link #get} was written. */
  public Source source(Setting<?> setting) {
    return sources.getOrDefault(setting, new Source.BuiltIn());
  }

  List<Problem> problems() {
    return problems;
  }
}
