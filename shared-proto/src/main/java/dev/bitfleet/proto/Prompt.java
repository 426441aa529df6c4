package dev.bitfleet.proto;

import java.util.List;
import java.util.Objects;

/** What a completion begins from. */
public sealed interface Prompt {

  /** A chat, to be laid out by the model's own template. */
  record Chat(List<ChatMessage> messages) implements Prompt {
    public Chat {
      messages = List.copyOf(messages);
      if (messages.isEmpty()) {
        throw new IllegalArgumentException("a chat has at least one message");
      }
    }
  }

  /** Raw text, continued as it stands. */
  record Text(String text) implements Prompt {
    public Text {
      Objects.requireNonNull(text);
    }
  }

  /** Token ids of the model's vocabulary. The one way a caller can name control tokens. */
  record Tokens(List<Integer> ids) implements Prompt {
    public Tokens {
      ids = List.copyOf(ids);
    }
  }
}
