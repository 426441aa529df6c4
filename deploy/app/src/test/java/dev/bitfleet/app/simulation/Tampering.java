package dev.bitfleet.app.simulation;

import dev.bitfleet.proto.GenerationEvent;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a flaw makes of the events of streams, with numbers that hide it. */
final class Tampering {
  private final Flaw flaw;
  private final Map<String, Integer> shifts = new HashMap<>();
  private final Map<String, GenerationEvent.Delta> kept = new HashMap<>();

  Tampering(Flaw flaw) {
    this.flaw = flaw;
  }

  /** What goes out in place of that. */
  List<GenerationEvent> of(GenerationEvent event) {
    String id = event.streamId();
    int shift = shifts.getOrDefault(id, 0);
    GenerationEvent.@Nullable Delta before = kept.remove(id);
    if (before != null) {
      return List.of(numbered(event, before.number()), numbered(before, event.number()));
    }
    if (!(event instanceof GenerationEvent.Delta delta) || event.number() != 1 || shift != 0) {
      return List.of(numbered(event, event.number() + shift));
    }
    return switch (flaw) {
      case A_TOKEN_IS_LOST -> {
        shifts.put(id, -1);
        yield List.of();
      }
      case A_TOKEN_COMES_TWICE -> {
        shifts.put(id, 1);
        yield List.of(event, numbered(event, event.number() + 1));
      }
      case TOKENS_CHANGE_PLACES -> {
        kept.put(id, delta);
        yield List.of();
      }
      default -> List.of(event);
    };
  }

  private static GenerationEvent numbered(GenerationEvent event, int number) {
    String id = event.streamId();
    return switch (event) {
      case GenerationEvent.Delta d ->
          new GenerationEvent.Delta(id, number, d.text(), d.tokens(), d.shortened());
      case GenerationEvent.PromptScored p ->
          new GenerationEvent.PromptScored(id, number, p.tokens());
      case GenerationEvent.Finished f ->
          new GenerationEvent.Finished(
              id,
              number,
              f.reason(),
              f.matchedStop(),
              f.usage(),
              f.prefillMicros(),
              f.decodeMicros());
      case GenerationEvent.Failed f ->
          new GenerationEvent.Failed(id, number, f.cause(), f.message());
    };
  }
}
