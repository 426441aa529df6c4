package dev.bitfleet.worker.slot;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Who holds which of a worker's slots. Pure, and used from one thread: the event loop of
 * WorkerVerticle.
 *
 * <p>A slot is claimed by a stream, and comes back exactly once: {@link #release} returns the
 * stream the first time and nothing ever after, so whoever gets it sends the one terminal event.
 * Cancelling releases nothing; the engine still computes for the slot until its end event says
 * otherwise.
 *
 * @param <S> what the worker keeps for each open stream
 */
public final class SlotTable<S> {
  private final int slots;
  private final Map<Long, Entry<S>> bySequence = new HashMap<>();
  private final Map<String, Long> sequenceOfStream = new HashMap<>();
  private long sequences;

  private record Entry<S>(String streamId, S stream) {}

  /** What came of a claim. */
  public sealed interface Claim<S> {
    /** The slot is the stream's until its sequence is released. */
    record Claimed<S>(long sequenceId, S stream) implements Claim<S> {}

    /** Every slot is taken. */
    record NoneFree<S>() implements Claim<S> {}

    /** That stream holds a slot already: a request that was delivered twice. */
    record Duplicate<S>(S stream) implements Claim<S> {}
  }

  /** Makes the state of a stream that got a slot. */
  @FunctionalInterface
  public interface StreamFactory<S> {
    S create(long sequenceId);
  }

  public SlotTable(int slots) {
    if (slots < 1) {
      throw new IllegalArgumentException("a worker has at least one slot, not " + slots);
    }
    this.slots = slots;
  }

  /** Claims a free slot under a sequence id that was never used before. */
  public Claim<S> claim(String streamId, StreamFactory<S> factory) {
    Optional<S> there = byStream(streamId);
    if (there.isPresent()) {
      return new Claim.Duplicate<>(there.get());
    }
    if (bySequence.size() == slots) {
      return new Claim.NoneFree<>();
    }
    long sequenceId = ++sequences;
    S stream = factory.create(sequenceId);
    bySequence.put(sequenceId, new Entry<>(streamId, stream));
    sequenceOfStream.put(streamId, sequenceId);
    return new Claim.Claimed<>(sequenceId, stream);
  }

  /** The open stream of that sequence. */
  public Optional<S> bySequence(long sequenceId) {
    return Optional.ofNullable(bySequence.get(sequenceId)).map(Entry::stream);
  }

  /** The open stream of that id. */
  public Optional<S> byStream(String streamId) {
    return Optional.ofNullable(sequenceOfStream.get(streamId)).flatMap(this::bySequence);
  }

  /** Frees the slot; the stream comes back the first time only. */
  public Optional<S> release(long sequenceId) {
    Entry<S> entry = bySequence.remove(sequenceId);
    if (entry == null) {
      return Optional.empty();
    }
    sequenceOfStream.remove(entry.streamId());
    return Optional.of(entry.stream());
  }

  /** Frees every slot: the engine is gone. */
  public List<S> releaseAll() {
    List<S> streams = streams();
    bySequence.clear();
    sequenceOfStream.clear();
    return streams;
  }

  /** Open streams, in no order. */
  public List<S> streams() {
    List<S> streams = new ArrayList<>(bySequence.size());
    bySequence.values().forEach(entry -> streams.add(entry.stream()));
    return streams;
  }

  public int slots() {
    return slots;
  }

  public int open() {
    return bySequence.size();
  }

  /**
   * Checks what must always hold.
   *
   * @throws IllegalStateException when it does not
   */
  public void checkInvariants() {
    if (bySequence.size() > slots) {
      throw new IllegalStateException(bySequence.size() + " streams in " + slots + " slots");
    }
    if (bySequence.size() != sequenceOfStream.size()) {
      throw new IllegalStateException("the two indexes differ in size");
    }
    sequenceOfStream.forEach(
        (streamId, sequenceId) -> {
          Entry<S> entry = bySequence.get(sequenceId);
          if (entry == null || !entry.streamId().equals(streamId)) {
            throw new IllegalStateException("the indexes disagree about " + streamId);
          }
          if (sequenceId > sequences) {
            throw new IllegalStateException("a sequence id that was never given out");
          }
        });
  }
}
