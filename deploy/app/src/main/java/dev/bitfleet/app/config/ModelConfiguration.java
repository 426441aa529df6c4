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
   */
  public record Wish(
      Optional<String> model,
      Optional<String> id,
      Optional<Integer> slots,
      Optional<Integer> contextLength,
      Optional<Integer> threads,
      Optional<Duration> keepAlive) {
    /** That model with nothing special. */
    public static Wish plain(Optional<String> model, Optional<String> id) {
      return new Wish(
          model, id, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }
  }

  public ModelConfiguration {
    wishes = List.copyOf(wishes);
  }
}
