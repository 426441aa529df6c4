package dev.bitfleet.worker.supervise;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Prompts that were there when engines died. Pure: times are nanoseconds of the caller's clock.
 *
 * <p>A crash makes a suspect of every prompt that was open, the killer and the bystanders alike,
 * and their clients tend to send all of them again together. So suspects are tried one at a time:
 * while one is open the others wait. If the engine dies again within the window, the one suspect
 * that was open is convicted and refused for a while; one that finishes in good order, or gets past
 * where its completion was when the engine died, is cleared. Thus no prompt kills more than two
 * engines, and no bystander is refused along with it, or waits for the whole of another's text.
 * Bounded; the least recently noted is forgotten first.
 *
 * <p>An engine may have been dead already when it was handed a prompt. So a prompt that no engine
 * had accepted is convicted at the third death only: then it is the handing over that kills.
 */
public final class Quarantine {
  private static final int CAPACITY = 1024;

  private final long windowNanos;
  private final long timeNanos;
  private final Map<PromptHash, Standing> records = new LinkedHashMap<>();

  /** Tokens past the place of its death that clear a prompt: more than one step draws. */
  static final int PROVEN = 32;

  /**
   * A prompt that an engine has.
   *
   * @param tokens that its completion has, those drawn elsewhere included
   * @param accepted whether the engine has said that it has it
   */
  public record Open(PromptHash prompt, int tokens, boolean accepted) {}

  /**
   * What is known of a prompt.
   *
   * @param weight of the deaths it was there at
   */
  private record Standing(boolean convicted, long lastCrash, int tokens, int weight) {}

  // Two deaths convict what was accepted, three what was handed over.
  private static final int ACCEPTED = 3;
  private static final int HANDED_OVER = 2;
  private static final int CONVICTING = 6;

  /** What may be done with a prompt now. */
  public enum Verdict {
    /** Nothing speaks against it. */
    ADMITTED,
    /** It is a suspect, and another suspect is being tried. */
    WAITS,
    /** It is convicted. */
    REFUSED
  }

  public Quarantine(SupervisionSettings settings) {
    this.windowNanos = settings.quarantineWindow().toNanos();
    this.timeNanos = settings.quarantineTime().toNanos();
  }

  /**
   * Whether the engine may be given that prompt.
   *
   * @param open prompts the engine has now
   */
  public Verdict verdict(PromptHash prompt, Collection<PromptHash> open, long now) {
    Standing known = records.get(prompt);
    if (known != null && known.convicted()) {
      if (now - known.lastCrash() < timeNanos) {
        return Verdict.REFUSED;
      }
      records.remove(prompt);
    }
    return suspected(prompt, now) && open.stream().anyMatch(other -> suspected(other, now))
        ? Verdict.WAITS
        : Verdict.ADMITTED;
  }

  /** An engine died with these prompts open. */
  public void engineLost(Collection<Open> open, long now) {
    Set<PromptHash> suspectsOpen =
        open.stream()
            .map(Open::prompt)
            .filter(prompt -> suspected(prompt, now))
            .collect(Collectors.toSet());
    Map<PromptHash, Open> once = new LinkedHashMap<>();
    for (Open each : open) {
      once.merge(each.prompt(), each, (one, other) -> one.accepted() ? one : other);
    }
    for (Open each : once.values()) {
      PromptHash prompt = each.prompt();
      // With two suspects open, either may be the innocent one.
      boolean alone = suspectsOpen.size() == 1 && suspectsOpen.contains(prompt);
      // Removed first, so that it goes to the young end of the order.
      Standing before = records.remove(prompt);
      int weight =
          (alone && before != null ? before.weight() : 0)
              + (each.accepted() ? ACCEPTED : HANDED_OVER);
      boolean convicted = alone && weight >= CONVICTING;
      records.put(prompt, new Standing(convicted, now, each.tokens(), weight));
    }
    var eldest = records.entrySet().iterator();
    while (records.size() > CAPACITY) {
      eldest.next();
      eldest.remove();
    }
  }

  /**
   * That prompt was computed to its end: it does not kill.
   *
   * @return whether there was anything against it
   */
  public boolean cleared(PromptHash prompt) {
    return records.remove(prompt) != null;
  }

  /**
   * The completion of that prompt has so many tokens now.
   *
   * @return whether that clears it
   */
  public boolean reached(PromptHash prompt, int tokens) {
    if (records.isEmpty()) {
      return false;
    }
    Standing known = records.get(prompt);
    return known != null
        && !known.convicted()
        && tokens >= known.tokens() + PROVEN
        && cleared(prompt);
  }

  private boolean suspected(PromptHash prompt, long now) {
    Standing known = records.get(prompt);
    return known != null && !known.convicted() && now - known.lastCrash() < windowNanos;
  }
}
