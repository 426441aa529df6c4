package dev.bitfleet.worker.engine;

import java.util.List;
import java.util.Objects;

/** One stretch of a prompt that is ready for an engine. */
public sealed interface PromptSegment {

  /** Text that never yields control tokens, whatever it spells. */
  record Text(String text) implements PromptSegment {
    public Text {
      Objects.requireNonNull(text);
    }
  }

  /** Token ids as they stand: how a chat template's control tokens arrive. */
  record Tokens(List<Integer> ids) implements PromptSegment {
    public Tokens {
      ids = List.copyOf(ids);
    }
  }
}
