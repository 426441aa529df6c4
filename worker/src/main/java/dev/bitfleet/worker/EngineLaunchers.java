package dev.bitfleet.worker;

import dev.bitfleet.worker.engine.EngineLauncher;
import dev.bitfleet.worker.engine.builtin.BuiltinLauncher;
import dev.bitfleet.worker.engine.builtin.BundledEngine;
import dev.bitfleet.worker.engine.llamaserver.LlamaServerLauncher;
import dev.bitfleet.worker.engine.process.LaunchWrapper;
import dev.bitfleet.worker.model.ModelFile;
import dev.bitfleet.worker.topology.CpuTopology;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Makes the launcher a worker's options ask for. Blocks on files. */
final class EngineLaunchers {
  private EngineLaunchers() {}

  static EngineLauncher create(Vertx vertx, WorkerOptions options, ModelFile model)
      throws IOException {
    LaunchWrapper wrapper = new LaunchWrapper();
    int threads = threads(options);
    int contextLength = contextLength(options, model);
    return switch (options.engine()) {
      case BUILTIN -> {
        Path binary =
            options.engineBinary().isPresent()
                ? options.engineBinary().get()
                : BundledEngine.extract(options.dataDir());
        yield new BuiltinLauncher(
            vertx,
            wrapper,
            binary,
            new BuiltinLauncher.Settings(
                options.modelFile(),
                threads,
                options.slots(),
                contextLength,
                options.cores(),
                options.weights(),
                options.scheduling(),
                Optional.of(Files.createDirectories(options.dataDir().resolve("prepared")))));
      }
      case LLAMA_SERVER ->
          new LlamaServerLauncher(
              vertx,
              wrapper,
              options.engineBinary().orElseThrow(),
              BundledEngine.extract(options.dataDir()),
              new LlamaServerLauncher.Settings(
                  model,
                  threads,
                  options.slots(),
                  contextLength,
                  options.cores(),
                  options.weights().adapter()));
    };
  }

  private static int threads(WorkerOptions options) {
    if (options.threads() > 0) {
      return options.threads();
    }
    CpuTopology topology = CpuTopology.ofThisMachine();
    return options.cores().isEmpty()
        ? topology.fullSpeedThreads()
        : Math.max(1, topology.oneCpuPerCore(options.cores()).size());
  }

  private static int contextLength(WorkerOptions options, ModelFile model) {
    int most = model.contextLength().orElse(WorkerOptions.MAX_DEFAULT_CONTEXT);
    return options.contextLength() > 0
        ? Math.min(options.contextLength(), most)
        : Math.min(most, WorkerOptions.MAX_DEFAULT_CONTEXT);
  }
}
