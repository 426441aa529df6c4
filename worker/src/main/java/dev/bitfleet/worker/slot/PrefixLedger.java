package dev.bitfleet.worker.slot;

import dev.bitfleet.proto.PrefixSummary;
import dev.bitfleet.proto.PromptChain;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which beginnings of prompts an engine's KV cache probably still holds: those it was last asked
 * for, as far as its room goes. A guess that routing goes by; what was really cached, the engine
 * tells with each stream. Pure; one thread.
 */
public final class PrefixLedger {
  /** What a heartbeat should carry at most: four kilobytes of filter. */
  private static final int MOST_LINKS = 1024;

  private final long room;

  /** Tokens that a link added to the cache, by link, the one that was used longest ago first. */
  private final LinkedHashMap<Long, Integer> links = new LinkedHashMap<>(16, 0.75f, true);

  private long tokens;
  private PrefixSummary summary = PrefixSummary.NONE;
  private boolean stale;

  /**
   * @param room tokens that the cache holds
   */
  public PrefixLedger(long room) {
    this.room = room;
  }

  /**
   * A prompt is computed.
   *
   * @param fresh tokens of it that were not cached
   */
  public void computed(PromptChain chain, int fresh) {
    int unknown = 0;
    for (int i = 0; i < chain.size(); i++) {
      unknown += links.containsKey(chain.link(i)) ? 0 : 1;
    }
    // The beginning last: it is what the others stand on, and goes last.
    for (int i = chain.size() - 1; i >= 0; i--) {
      long link = chain.link(i);
      if (links.get(link) == null) {
        links.put(link, fresh / unknown);
        tokens += fresh / unknown;
        stale = true;
      }
    }
    shrink();
  }

  /** Tokens have been drawn behind a prompt, which take room as its own do. */
  public void drawn(PromptChain chain, int completion) {
    if (chain.size() > 0
        && links.computeIfPresent(deepest(chain), (link, n) -> n + completion) != null) {
      tokens += completion;
      shrink();
    }
  }

  private static long deepest(PromptChain chain) {
    return chain.link(chain.size() - 1);
  }

  /** The cache is empty: its engine is another one. */
  public void clear() {
    links.clear();
    tokens = 0;
    stale = true;
  }

  /** What is held. The same object as long as nothing has changed. */
  public PrefixSummary summary() {
    if (stale) {
      summary = PrefixSummary.of(links.keySet());
      stale = false;
    }
    return summary;
  }

  private void shrink() {
    Iterator<Map.Entry<Long, Integer>> oldest = links.entrySet().iterator();
    while ((tokens > room || links.size() > MOST_LINKS) && oldest.hasNext()) {
      tokens -= oldest.next().getValue();
      oldest.remove();
      stale = true;
    }
  }
}
