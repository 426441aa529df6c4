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
  private final Map<Setting<?>, Integer> strengths = new HashMap<>();
  private final List<Problem> problems = new ArrayList<>();
  private List<Map<String, Layer.Entry>> models = List.of();
  private Path modelsBase = Path.of("");

  /**
   * Parses every entry of every layer, also those that a stronger layer covers: a mistake in the
   * file stays a mistake when a flag happens to hide it.
   *
   * @param layers weakest first
   */
  ResolvedSettings(List<Layer> layers) {
    for (int strength = 0; strength < layers.size(); strength++) {
      Layer layer = layers.get(strength);
      problems.addAll(layer.problems());
      if (layer.entries().containsKey(Settings.MODELS.name())) {
        models = layer.models();
        modelsBase = layer.base();
      }
      for (Setting<?> setting : Settings.ALL) {
        Layer.Entry entry = layer.entries().get(setting.name());
        if (entry != null) {
          put(setting, entry, layer.base());
          strengths.put(setting, strength);
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

  /** How strong the place is that set it; −1 when none did. */
  int strength(Setting<?> setting) {
    return strengths.getOrDefault(setting, -1);
  }

  /** What the items of the strongest {@code models} set for themselves; may be empty. */
  List<Map<String, Layer.Entry>> models() {
    return models;
  }

  /** A value of one item of {@code models}, by the kind of the setting for all. */
  <T> T ofModel(int item, String key, Setting<T> setting, T fallback) {
    Layer.Entry entry = item < models.size() ? models.get(item).get(key) : null;
    if (entry == null) {
      return fallback;
    }
    try {
      return setting.kind().parse(entry.text(), modelsBase);
    } catch (IllegalArgumentException | ArithmeticException e) {
      problems.add(new Problem(entry.source(), key + ": " + e.getMessage()));
      return fallback;
    }
  }

  List<Problem> problems() {
    return problems;
  }
}
