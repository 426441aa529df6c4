package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.proto.Usage;
import java.util.Optional;

/** Who started a response, and hears what becomes of it. Event loop only. */
interface RunClient {

  /** A worker has it; once more when it begins anew. */
  default void opened() {}

  /** More of it has come. */
  default void progressed(int tokens) {}

  /** What it cost. */
  default void used(Usage usage) {}

  /** It has ended and is kept, as far as it is to be kept. */
  default void ended() {}

  /** It has come to nothing. */
  default void refused(Throwable why) {}

  /** It is not one that runs here any more, and nothing more of it will be kept from here. */
  default void gone() {}

  /** Whether the run will be started again: an error that passes kept it from beginning. */
  default boolean triesAgain(ApiError error) {
    return false;
  }

  /**
   * What a repeat of the request is to get.
   *
   * @param last the event that ends the stream
   */
  default Optional<ResponseArchive.Replay> replay(byte[] last) {
    return Optional.empty();
  }
}
