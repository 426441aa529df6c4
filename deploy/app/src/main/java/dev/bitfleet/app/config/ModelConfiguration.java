package dev.bitfleet.app.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What is served.
 *
 * @param wishes at least one; the first serves requests that name no model
 * @param home folder of models
 * @param keepAlive how long a model stays in memory unused; empty for ever
 */
public record ModelConfiguration(List<Wish> wishes, Path home, Optional<Duration> keepAlive) {

  /**
   * One model. What is empty is as for all.
   *
   * @param model a path or a name in the model home; empty for the bundled demo
   * @param id what clients call it; empty for its own
   * @param making what is made of its file
   */
  public record Wish(
      Optional<String> model,
      Optional<String> id,
      Optional<Integer> slots,
      Optional<Integer> contextLength,
      Optional<Integer> threads,
      Optional<Duration> keepAlive,
      Making making) {
    /** That model with nothing special. */
    public static Wish plain(Optional<String> model, Optional<String> id) {
      return plain(model, id, Making.PLAIN);
    }

    /** That model with nothing special beyond what is made of its file. */
    static Wish plain(Optional<String> model, Optional<String> id, Making making) {
      return new Wish(
          model,
          id,
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          making);
    }
  }

  /**
   * What an engine makes of a model's file beyond reading it; in the words of the settings. Empty
   * is nothing, or as the file says.
   *
   * @param lora a name of the model home, perhaps with {@code =SCALE}
   */
  public record Making(
      Optional<String> lora,
      Optional<String> loraQuant,
      Optional<String> unembedQuant,
      Optional<String> pooling) {
    public static final Making PLAIN =
        new Making(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    /** The adapter's name. */
    public Optional<String> adapter() {
      return lora.map(text -> text.split("=", 2)[0]);
    }

    /** What the adapter is multiplied with. */
    public double adapterScale() {
      return lora.map(text -> text.split("=", 2))
          .filter(parts -> parts.length == 2)
          .map(parts -> Double.parseDouble(parts[1]))
          .orElse(1.0);
    }
  }

  public ModelConfiguration {
    wishes = List.copyOf(wishes);
  }
}
