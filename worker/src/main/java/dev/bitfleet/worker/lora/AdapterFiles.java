package dev.bitfleet.worker.lora;

import dev.bitfleet.worker.home.ModelFacts;
import dev.bitfleet.worker.home.ModelHome;
import dev.bitfleet.worker.home.ModelNotFoundException;
import dev.bitfleet.worker.model.ModelFile;
import dev.bitfleet.worker.model.ModelFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The adapters of a model home, in the form that engines read. Blocks on files.
 *
 * @param dataDir where those are kept that had to be made into that form
 */
public record AdapterFiles(ModelHome home, Path dataDir) {

  /**
   * The adapter of that name, for that model.
   *
   * @return GGUF
   * @throws ModelNotFoundException when there is none
   * @throws ModelFileException when it is not one, or one for another model
   */
  public Path find(String name, Path model)
      throws ModelNotFoundException, ModelFileException, IOException {
    Path found = home.resolveAdapter(name);
    try {
      return Files.isDirectory(found)
          ? PeftConversion.convert(found, model, dataDir)
          : checked(found, ModelFile.read(model).architecture());
    } catch (ModelFileException e) {
      throw new ModelFileException(
          "the adapter '" + home.nameOf(found) + "' cannot be used: " + e.getMessage());
    }
  }

  private static Path checked(Path adapter, String architecture)
      throws ModelFileException, IOException {
    ModelFacts facts = ModelFacts.read(adapter);
    if (facts.kind() != ModelFacts.Kind.ADAPTER) {
      throw new ModelFileException("it is a model");
    }
    if (!facts.architecture().equals(architecture)) {
      throw new ModelFileException(
          "it is for the architecture '%s', the model's is '%s'"
              .formatted(facts.architecture(), architecture));
    }
    return adapter;
  }
}
