package dev.bitfleet.worker.engine.llamaserver;

import dev.bitfleet.worker.engine.EngineContract;
import dev.bitfleet.worker.engine.EngineLauncher;
import dev.bitfleet.worker.engine.TestModels;
import dev.bitfleet.worker.engine.process.LaunchWrapper;
import dev.bitfleet.worker.model.ModelFile;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** The contract against a real llama-server: {@code -Dbitfleet.llama-server=PATH}. */
@EnabledIfSystemProperty(named = "bitfleet.llama-server", matches = ".+")
class LlamaServerEngineTest extends EngineContract {

  @Override
  protected EngineLauncher launcher(Vertx vertx, Path model) throws Exception {
    return new LlamaServerLauncher(
        vertx,
        new LaunchWrapper(),
        Path.of(System.getProperty("bitfleet.llama-server")),
        TestModels.engine(),
        new LlamaServerLauncher.Settings(
            // Broken files are this engine's to refuse as well; their metadata is read from the
            // whole one.
            withPath(ModelFile.read(TestModels.demo()), model), 1, SLOTS, CONTEXT, List.of()));
  }

  private static ModelFile withPath(ModelFile file, Path path) {
    return new ModelFile(
        path,
        file.name(),
        file.architecture(),
        file.contextLength(),
        file.chatTemplate(),
        file.controlTokens(),
        file.modifiedSeconds());
  }
}
