package dev.bitfleet.proto;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.LongPredicate;

/**
 * The beginnings of a prompt, each known by a number: link n stands for everything up to where it
 * ends. Two prompts that begin alike have equal links up to where they part, wherever they are
 * looked at. So gateways and workers can speak of what a KV cache may still hold without the text
 * or its tokens.
 *
 * <p>Links end with each message of a chat, and every {@link #BLOCK} UTF-16 units of a text (or
 * {@link #BLOCK_OF_TOKENS} ids) within it. They are no digests: a false match costs a detour to a
 * worker that has to compute a prompt after all, and nothing else. Tenants never match each other,
 * since their caches are apart. Immutable.
 */
public final class PromptChain {
  static final int BLOCK = 1024;
  static final int BLOCK_OF_TOKENS = 256;

  /** About what a token is worth in text. */
  private static final int UNITS_OF_TOKEN = 4;

  /** Links that are kept of a prompt: the first, which strangers may share, and the last. */
  private static final int FIRST_KEPT = 16;

  private static final int LAST_KEPT = 48;

  /** A prompt that begins like no other. */
  public static final PromptChain NONE = new PromptChain(new long[0], new int[0], 0, 0, -1);

  private final long[] links;
  private final int[] ends;
  private final int length;
  private final long key;
  private final int turnBefore;

  private PromptChain(long[] links, int[] ends, int length, long key, int turnBefore) {
    this.links = links;
    this.ends = ends;
    this.length = length;
    this.key = key;
    this.turnBefore = turnBefore;
  }

  /** That prompt's, within the cache scope of its tenant. */
  public static PromptChain of(Prompt prompt, long cacheScope) {
    Maker maker = new Maker(mixed(cacheScope));
    switch (prompt) {
      case Prompt.Chat chat -> maker.chat(chat);
      case Prompt.Text text -> maker.text(text.text());
      case Prompt.Tokens tokens -> maker.tokens(tokens.ids());
    }
    return maker.chain();
  }

  /** How many links there are. */
  public int size() {
    return links.length;
  }

  /** A link, from the beginning. */
  public long link(int index) {
    return links[index];
  }

  /** Where that link ends, in UTF-16 units of the prompt. */
  public int end(int index) {
    return ends[index];
  }

  /**
   * UTF-16 units of the whole prompt; tokens and marks of messages are counted as about as many.
   */
  public int length() {
    return length;
  }

  /**
   * What all turns of a conversation have in common and few others: the link after its first user's
   * message. Of what is no chat, the first link.
   */
  public long key() {
    return key;
  }

  /**
   * The link up to which the turn before this one was asked; empty when this is the first. Who
   * holds it has this very conversation, and not only what many begin with.
   */
  public OptionalInt turnBefore() {
    return turnBefore < 0 ? OptionalInt.empty() : OptionalInt.of(turnBefore);
  }

  /**
   * The deepest link that is held with all before it; empty when the first is not. Who holds a link
   * holds those before it, so a false claim has to come twice to be believed.
   */
  public OptionalInt deepest(LongPredicate held) {
    int depth = 0;
    while (depth < links.length && held.test(links[depth])) {
      depth++;
    }
    return depth == 0 ? OptionalInt.empty() : OptionalInt.of(depth - 1);
  }

  private static long mixed(long value) {
    return SplitMix64.at(value, 1);
  }

  private static final class Maker {
    private static final int MESSAGE = 16;

    private long state;
    private int length;
    private long[] links = new long[8];
    private int[] ends = new int[8];
    private int size;
    private long key;
    private int turnBefore = -1;

    Maker(long seed) {
      state = seed;
    }

    void chat(Prompt.Chat chat) {
      for (ToolDescription tool : chat.tools()) {
        add(tool.name());
        add(tool.description());
        add(tool.parameters());
      }
      for (ChatMessage message : chat.messages()) {
        if (message.role() == Role.ASSISTANT) {
          turnBefore = size - 1;
        }
        state = mixed(state + message.role().ordinal());
        add(message.name());
        add(message.toolCallId());
        for (ToolCall call : message.toolCalls()) {
          add(call.name());
          add(call.arguments());
        }
        text(message.content());
        length += MESSAGE;
        link();
        if (key == 0 && message.role() == Role.USER) {
          key = state;
        }
      }
    }

    void text(String text) {
      int from = 0;
      for (; text.length() - from > BLOCK; from += BLOCK) {
        add(text.substring(from, from + BLOCK));
        link();
      }
      add(text.substring(from));
    }

    void tokens(List<Integer> ids) {
      for (int from = 0; from < ids.size(); from += BLOCK_OF_TOKENS) {
        List<Integer> block = ids.subList(from, Math.min(ids.size(), from + BLOCK_OF_TOKENS));
        state = mixed(state ^ ((long) block.size() << 32 ^ block.hashCode()));
        length += UNITS_OF_TOKEN * block.size();
        if (block.size() == BLOCK_OF_TOKENS) {
          link();
        }
      }
    }

    private void add(String text) {
      // String.hashCode is vectorized; with the length it is apart enough for what is at stake.
      state = mixed(state ^ ((long) text.length() << 32 ^ text.hashCode()));
      length += text.length();
    }

    private void link() {
      if (size == links.length) {
        links = Arrays.copyOf(links, 2 * size);
        ends = Arrays.copyOf(ends, 2 * size);
      }
      links[size] = state;
      ends[size++] = length;
    }

    PromptChain chain() {
      int kept = Math.min(size, FIRST_KEPT + LAST_KEPT);
      long[] keptLinks = Arrays.copyOf(links, kept);
      int[] keptEnds = Arrays.copyOf(ends, kept);
      if (size > kept) {
        System.arraycopy(links, size - LAST_KEPT, keptLinks, FIRST_KEPT, LAST_KEPT);
        System.arraycopy(ends, size - LAST_KEPT, keptEnds, FIRST_KEPT, LAST_KEPT);
      }
      int dropped = size - kept;
      int before = turnBefore >= FIRST_KEPT + dropped ? turnBefore - dropped : turnBefore;
      boolean lost = turnBefore >= FIRST_KEPT && turnBefore < FIRST_KEPT + dropped;
      return new PromptChain(
          keptLinks, keptEnds, length, key == 0 && size > 0 ? links[0] : key, lost ? -1 : before);
    }
  }
}
