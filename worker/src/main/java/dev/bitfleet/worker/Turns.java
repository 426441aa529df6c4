package dev.bitfleet.worker;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import java.util.ArrayList;
import java.util.List;

/**
 * A chat by its turns: a user's message with all up to the next user's, so that a call of a tool
 * never loses its result. What stands before the first user's message is a turn too. Messages of
 * system and developer belong to none, wherever they stand: they always stay.
 */
final class Turns {
  private final Prompt.Chat chat;
  // Index of each turn's first message.
  private final List<Integer> begins = new ArrayList<>();

  private Turns(Prompt.Chat chat) {
    this.chat = chat;
    for (int i = 0; i < chat.messages().size(); i++) {
      Role role = chat.messages().get(i).role();
      if (!stays(role) && (role == Role.USER || begins.isEmpty())) {
        begins.add(i);
      }
    }
  }

  static Turns of(Prompt.Chat chat) {
    return new Turns(chat);
  }

  int count() {
    return begins.size();
  }

  /** Index of the first message of a turn. */
  int beginOf(int turn) {
    return begins.get(turn);
  }

  /** The chat without so many of its oldest turns; fewer than there are. */
  Prompt.Chat without(int turns) {
    int from = beginOf(turns);
    List<ChatMessage> kept = new ArrayList<>();
    for (int i = 0; i < chat.messages().size(); i++) {
      ChatMessage message = chat.messages().get(i);
      if (i >= from || stays(message.role())) {
        kept.add(message);
      }
    }
    return new Prompt.Chat(kept, chat.tools());
  }

  /** The fewest turns to drop so that what is said in the rest is no longer than that. */
  int fewestWithin(long units) {
    long length = length(chat);
    int turn = 0;
    for (int i = 0; i < chat.messages().size() && length > units; i++) {
      while (turn + 1 < begins.size() && begins.get(turn + 1) <= i) {
        turn++;
      }
      ChatMessage message = chat.messages().get(i);
      if (!stays(message.role())) {
        length -= length(message);
      }
    }
    return length(chat) > units ? turn + 1 : 0;
  }

  /** UTF-16 units of what is said in a chat. */
  static long length(Prompt.Chat chat) {
    return chat.messages().stream().mapToLong(Turns::length).sum();
  }

  private static long length(ChatMessage message) {
    return message.content().length();
  }

  private static boolean stays(Role role) {
    return role == Role.SYSTEM || role == Role.DEVELOPER;
  }
}
