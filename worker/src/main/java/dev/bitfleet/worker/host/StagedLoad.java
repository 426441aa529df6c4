package dev.bitfleet.worker.host;

import dev.bitfleet.proto.WorkerHeartbeat;
import java.util.List;
import java.util.Optional;

/**
 * A model whose workers have made a token and are not offered yet.
 *
 * @param replaced what it takes the place of
 * @param workers as they were when the last one was there
 */
record StagedLoad(
    LoadedModel loaded, Optional<LoadedModel> replaced, List<WorkerHeartbeat> workers) {
  StagedLoad {
    workers = List.copyOf(workers);
  }

  String id() {
    return loaded.setup().id();
  }
}
