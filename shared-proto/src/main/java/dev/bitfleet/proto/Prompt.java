package dev.bitfleet.proto;

import java.util.List;
import java.util.Objects;

/** What a completion begins from. */
public sealed interface Prompt {

  /**
   * A chat, to be laid out by the model's own template.
   *
   * @param tools the model is told of; the output's form is the grammar's affair
   */
  record Chat(List<ChatMessage> messages, List<ToolDescription> tools) implements Prompt {
    public Chat {
      tools = List.copyOf(tools);
      messages = List.copyOf(messages);
      if (messages.isEmpty()) {
        throw new IllegalArgumentException("a chat has at least one message");
      }
    }

    public Chat(List<ChatMessage> messages) {
      this(messages, List.of());
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
