package dev.bitfleet.proto;

import java.util.Objects;

/** Asks a worker to end a stream; it answers with the stream's last event, if it still has one. */
public record CancelGeneration(String streamId) {
  public CancelGeneration {
    Objects.requireNonNull(streamId);
  }
}
