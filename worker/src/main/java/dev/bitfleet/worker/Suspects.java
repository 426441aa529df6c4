package dev.bitfleet.worker;

import dev.bitfleet.proto.PromptNote;
import dev.bitfleet.worker.supervise.PromptHash;
import dev.bitfleet.worker.supervise.Quarantine;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What the workers of a model know together of prompts that were there when engines died: each
 * tells the others of its own engines' deaths, so that a prompt does not kill an engine of each.
 * One thread: its worker's.
 */
final class Suspects {
  private final String workerId;
  private final Quarantine quarantine;
  private final Supplier<String> fingerprint;
  private final Consumer<PromptNote> others;
  private final LongSupplier clock;

  /**
   * @param fingerprint of the model; empty while there is none
   * @param others tells them
   * @param clock monotonic nanoseconds
   */
  Suspects(
      WorkerOptions options,
      Supplier<String> fingerprint,
      Consumer<PromptNote> others,
      LongSupplier clock) {
    this.workerId = options.workerId();
    this.quarantine = new Quarantine(options.supervision());
    this.fingerprint = fingerprint;
    this.others = others;
    this.clock = clock;
  }

  /**
   * Whether the engine may be given that prompt.
   *
   * @param open prompts it has now
   */
  Quarantine.Verdict verdict(PromptHash prompt, Collection<PromptHash> open) {
    return quarantine.verdict(prompt, open, clock.getAsLong());
  }

  /** This worker's engine died with these open. */
  void engineLost(List<Quarantine.Open> open) {
    quarantine.engineLost(open, clock.getAsLong());
    if (!open.isEmpty()) {
      tell(
          PromptNote.Kind.ENGINE_LOST,
          open.stream().map(each -> noted(each.prompt(), each.tokens(), each.accepted())).toList());
    }
  }

  /** A completion or a text has been computed to its end here. */
  void finished(PromptHash prompt) {
    if (quarantine.cleared(prompt)) {
      tell(PromptNote.Kind.CLEARED, List.of(noted(prompt, 0, true)));
    }
  }

  /** A completion has so many tokens now. */
  void reached(PromptHash prompt, int tokens) {
    if (quarantine.reached(prompt, tokens)) {
      tell(PromptNote.Kind.CLEARED, List.of(noted(prompt, 0, true)));
    }
  }

  /** What another worker tells. */
  void hear(PromptNote note) {
    if (note.workerId().equals(workerId) || !note.fingerprint().equals(fingerprint.get())) {
      return;
    }
    switch (note.kind()) {
      case ENGINE_LOST ->
          quarantine.engineLost(
              note.prompts().stream()
                  .map(each -> new Quarantine.Open(hash(each), each.tokens(), each.accepted()))
                  .toList(),
              clock.getAsLong());
      case CLEARED -> note.prompts().forEach(each -> quarantine.cleared(hash(each)));
    }
  }

  private void tell(PromptNote.Kind kind, List<PromptNote.Prompt> prompts) {
    others.accept(new PromptNote(workerId, fingerprint.get(), kind, prompts));
  }

  private static PromptNote.Prompt noted(PromptHash prompt, int tokens, boolean accepted) {
    return new PromptNote.Prompt(prompt.high(), prompt.low(), tokens, accepted);
  }

  private static PromptHash hash(PromptNote.Prompt prompt) {
    return new PromptHash(prompt.hashHigh(), prompt.hashLow());
  }
}
