package dev.bitfleet.proto;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/** Changes what a node serves. Answered by {@link ModelReply} when it is done or has failed. */
public sealed interface ModelCommand {

  /** How long a model that nobody uses keeps its engine. */
  sealed interface KeepAlive {
    /** Until it is unloaded. */
    record Forever() implements KeepAlive {}

    /** So long after its last stream. */
    record Of(Duration time) implements KeepAlive {
      public Of {
        if (time.isNegative()) {
          throw new IllegalArgumentException("a keep-alive time is not negative: " + time);
        }
      }
    }
  }

  /**
   * Loads a model.
   *
   * @param model its name in the node's model home
   * @param adapter likewise; of no characters = none; empty = that of the replaced one, when it has
   *     the same file
   * @param id name clients use; empty for the model's own
   * @param replace in place of the model of that id, else of the default one; or beside them
   * @param threads 0 = by the machine. Empty here and below: as the replaced one has it
   * @param contextLength 0 = the model's own, within bounds
   * @param adapterType in which an adapter's weights are held: none, int8 or q4_0
   * @param headType in which the output matrix is held, likewise
   */
  record Load(
      String model,
      Optional<String> adapter,
      Optional<String> id,
      boolean replace,
      OptionalInt threads,
      OptionalInt slots,
      OptionalInt contextLength,
      Optional<KeepAlive> keepAlive,
      Optional<String> adapterType,
      Optional<String> headType)
      implements ModelCommand {
    public Load {
      Objects.requireNonNull(model);
      Objects.requireNonNull(adapter);
      Objects.requireNonNull(id);
      Objects.requireNonNull(threads);
      Objects.requireNonNull(slots);
      Objects.requireNonNull(contextLength);
      Objects.requireNonNull(keepAlive);
      Objects.requireNonNull(adapterType);
      Objects.requireNonNull(headType);
    }

    /** In place of the default model, everything else as it was. */
    public static Load replacing(String model) {
      return new Load(
          model,
          Optional.empty(),
          Optional.empty(),
          true,
          OptionalInt.empty(),
          OptionalInt.empty(),
          OptionalInt.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());
    }
  }

  /**
   * Lets a model's streams end, and its engine go.
   *
   * @param model id or alias
   */
  record Unload(String model) implements ModelCommand {
    public Unload {
      Objects.requireNonNull(model);
    }
  }
}
