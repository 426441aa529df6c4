package dev.bitfleet.worker.host;

import dev.bitfleet.worker.Offer;
import java.util.List;

/**
 * A model with its workers.
 *
 * @param deployments of its workers, by worker id in the same order
 */
record LoadedModel(
    ModelSetup setup, Offer offer, List<String> workerIds, List<String> deployments) {
  LoadedModel {
    workerIds = List.copyOf(workerIds);
    deployments = List.copyOf(deployments);
  }

  boolean answersTo(String name) {
    return setup.id().equals(name) || offer.aliases().contains(name);
  }
}
