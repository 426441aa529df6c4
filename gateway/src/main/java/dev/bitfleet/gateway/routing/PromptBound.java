package dev.bitfleet.gateway.routing;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.ToolCall;
import dev.bitfleet.proto.ToolDescription;

/**
 * How many tokens a prompt has at most, from its length alone: a token stands for at least one
 * byte. What chat templates add is guessed, generously; a worker that takes the prompt counts
 * again.
 */
public final class PromptBound {
  /** Around a chat: a begin token, the generation prompt, a default system message. */
  private static final long CHAT = 256;

  /** Around each message: its marks and its role. */
  private static final long MESSAGE = 24;

  /** What templates say about how tools are called. */
  private static final long TOOLS = 1024;

  /** Around each tool or call: its wrapping, with what indentation may add. */
  private static final long TOOL = 128;

  /** A character is three bytes at most for each of its UTF-16 units. */
  private static final long BYTES_OF_UNIT = 3;

  private PromptBound() {}

  /** No prompt has more tokens than that, unless its model's template is most unusual. */
  public static long of(Prompt prompt) {
    return switch (prompt) {
      case Prompt.Tokens tokens -> tokens.ids().size();
      // A begin token, and the space that some tokenizers put first.
      case Prompt.Text text -> bytes(text.text()) + 4;
      case Prompt.Chat chat -> chat(chat);
    };
  }

  private static long chat(Prompt.Chat chat) {
    long most = CHAT;
    for (ChatMessage message : chat.messages()) {
      most += MESSAGE + bytes(message.content()) + bytes(message.name());
      for (ToolCall call : message.toolCalls()) {
        most += TOOL + bytes(call.id()) + bytes(call.name()) + 2 * bytes(call.arguments());
      }
    }
    for (ToolDescription tool : chat.tools()) {
      // Indented JSON can be several times as long as it came.
      most += TOOL + bytes(tool.name()) + bytes(tool.description()) + 4 * bytes(tool.parameters());
    }
    return chat.tools().isEmpty() ? most : most + TOOLS;
  }

  /** At most so many; exact for ASCII, which is what long prompts mostly are. */
  private static long bytes(String text) {
    long bytes = 0;
    for (int i = 0; i < text.length(); i++) {
      char unit = text.charAt(i);
      bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : BYTES_OF_UNIT;
    }
    return bytes;
  }
}
