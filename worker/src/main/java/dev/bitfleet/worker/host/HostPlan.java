package dev.bitfleet.worker.host;

import dev.bitfleet.worker.EngineChoice;
import dev.bitfleet.worker.Offer;
import dev.bitfleet.worker.WorkerOptions;
import dev.bitfleet.worker.engine.SchedulingOptions;
import dev.bitfleet.worker.home.ModelHome;
import dev.bitfleet.worker.supervise.SupervisionSettings;
import dev.bitfleet.worker.topology.CorePlan;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a node runs. Every model gets a worker on each share of the cores: a model that nobody asks
 * computes nothing, so the cores are whose turn it is.
 *
 * @param shares of the cores; at least one
 * @param home where models are loaded from by name
 * @param models at the start, the default one first
 * @param stopDrain for which streams may go on when the node stops
 * @param scheduling of every engine
 */
public record HostPlan(
    String nodeId,
    List<CorePlan.Share> shares,
    EngineChoice engine,
    Optional<Path> engineBinary,
    Path dataDir,
    ModelHome home,
    List<ModelSetup> models,
    Duration stopDrain,
    SupervisionSettings supervision,
    SchedulingOptions scheduling) {
  public HostPlan {
    shares = List.copyOf(shares);
    models = List.copyOf(models);
    if (shares.isEmpty()) {
      throw new IllegalArgumentException("no cores to run on");
    }
  }

  /** The workers that the node starts with, model by model. */
  public List<WorkerOptions> workers() {
    var workers = new ArrayList<WorkerOptions>();
    for (int rank = 0; rank < models.size(); rank++) {
      ModelSetup model = models.get(rank);
      workers.addAll(
          workersOf(model, new Offer(List.of(), rank, model.keepAlive()), rank * shares.size()));
    }
    return List.copyOf(workers);
  }

  /**
   * A worker for each share.
   *
   * @param firstNumber of the first one's id; ids are not used twice in a node's life
   */
  List<WorkerOptions> workersOf(ModelSetup model, Offer offer, int firstNumber) {
    var workers = new ArrayList<WorkerOptions>();
    for (CorePlan.Share share : shares) {
      workers.add(
          new WorkerOptions(
              nodeId + "-" + (firstNumber + workers.size()),
              nodeId,
              model.id(),
              model.file(),
              engine,
              engineBinary,
              share.cpus(),
              model.threads().orElse(share.threads()),
              model.slots(),
              model.contextLength(),
              dataDir,
              WorkerOptions.DEFAULT_HEARTBEAT_INTERVAL,
              stopDrain,
              supervision,
              model.weights(),
              offer,
              scheduling));
    }
    return List.copyOf(workers);
  }
}
