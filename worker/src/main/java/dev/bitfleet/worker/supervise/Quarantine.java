package dev.bitfleet.worker.supervise;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Prompts that were there when engines died. Pure: times are nanoseconds of the caller's clock.
 *
 * <p>A prompt open at one crash is a suspect; open at a second one within the window, it is refused
 * for a while, so that no prompt kills more than two engines. One that finishes in good order is
 * cleared: it was a bystander. Bounded; the least recently noted is forgotten first.
 */
public final class Quarantine {
  private static final int CAPACITY = 1024;
  private static final int CRASHES_TO_REFUSE = 2;

  private final long windowNanos;
  private final long timeNanos;
  private final Map<PromptHash, Suspect> suspects = new LinkedHashMap<>();

  private record Suspect(int crashes, long lastCrash) {}

  public Quarantine(SupervisionSettings settings) {
    this.windowNanos = settings.quarantineWindow().toNanos();
    this.timeNanos = settings.quarantineTime().toNanos();
  }

  /** Whether that prompt is refused now. */
  public boolean refuses(PromptHash prompt, long now) {
    Suspect suspect = suspects.get(prompt);
    if (suspect == null || suspect.crashes() < CRASHES_TO_REFUSE) {
      return false;
    }
    if (now - suspect.lastCrash() >= timeNanos) {
      suspects.remove(prompt);
      return false;
    }
    return true;
  }

  /** An engine died with these prompts open. */
  public void engineLost(Collection<PromptHash> open, long now) {
    for (PromptHash prompt : new HashSet<>(open)) {
      // Removed first, so that it goes to the young end of the order.
      Suspect before = suspects.remove(prompt);
      int crashesBefore =
          before != null && now - before.lastCrash() < windowNanos ? before.crashes() : 0;
      suspects.put(prompt, new Suspect(crashesBefore + 1, now));
    }
    var eldest = suspects.entrySet().iterator();
    while (suspects.size() > CAPACITY) {
      eldest.next();
      eldest.remove();
    }
  }

  /** That prompt was computed to its end: it does not kill. */
  public void cleared(PromptHash prompt) {
    suspects.remove(prompt);
  }
}
