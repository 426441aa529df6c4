package dev.bitfleet.proto;

import java.util.List;
import java.util.Objects;

/** A node's answer to a {@link RolloutCommand}. */
public sealed interface RolloutReply {

  /**
   * The new workers are there, and wait.
   *
   * @param model id
   * @param fingerprint equal fingerprints give equal tokens
   * @param canary tokens of the answer to it, or the bits of an embedding's numbers; none from an
   *     engine that does not name its tokens
   */
  record Prepared(String model, String fingerprint, List<Integer> canary) implements RolloutReply {
    public Prepared {
      Objects.requireNonNull(model);
      Objects.requireNonNull(fingerprint);
      canary = List.copyOf(canary);
    }
  }

  /** The lease is renewed; it is not prepared yet. */
  record Renewed() implements RolloutReply {}

  /** It is committed here; also what an abort that comes too late hears. */
  record Committed() implements RolloutReply {}

  /** It is not committed here, and will not be. */
  record Aborted() implements RolloutReply {}

  /** It could not be prepared, or is not known here; nothing is held for it. */
  record Refused(ModelReply.Refused why) implements RolloutReply {
    public Refused {
      Objects.requireNonNull(why);
    }
  }
}
