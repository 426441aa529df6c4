package dev.bitfleet.gateway.routing;

import java.util.Objects;
import java.util.Optional;

/**
 * Which model a request means. What its name stands for is for {@link FleetView} alone to say: an
 * id, or an alias of one.
 *
 * @param name as the client wrote it; empty = whichever is served
 * @param orDefault whether a name that nobody knows means what no name means
 */
public record ModelWish(Optional<String> name, boolean orDefault) {
  /** Whichever is served. */
  public static final ModelWish ANY = new ModelWish(Optional.empty(), false);

  public ModelWish {
    Objects.requireNonNull(name);
  }

  /** That model and no other, if one is named. */
  public static ModelWish of(Optional<String> name) {
    return new ModelWish(name, false);
  }

  /** That model and no other. */
  public static ModelWish of(String name) {
    return of(Optional.of(name));
  }

  /** The same, where an unknown name means the default model. */
  public ModelWish lenient() {
    return new ModelWish(name, true);
  }
}
