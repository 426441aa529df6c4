package dev.bitfleet.worker.home;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One line of a listing.
 *
 * @param name what a load takes
 * @param path the file, or the folder of an adapter
 * @param facts empty when the file cannot be used, or is no GGUF
 * @param problem why it cannot be used; empty when it can
 */
public record HomeEntry(
    String name,
    Path path,
    ModelFacts.Kind kind,
    long bytes,
    Optional<ModelFacts> facts,
    Optional<ModelOrigin> origin,
    String problem) {

  /** Everything in the home, models before adapters, by name. Reads the head of every file. */
  public static List<HomeEntry> list(ModelHome home) {
    var models = new ArrayList<HomeEntry>();
    var adapters = new ArrayList<HomeEntry>();
    home.bundled().entrySet().stream()
        .sorted(java.util.Map.Entry.comparingByKey())
        .forEach(each -> models.add(look(each.getKey(), each.getValue())));
    for (Path file : home.files()) {
      HomeEntry entry = look(home.nameOf(file), file);
      (entry.kind() == ModelFacts.Kind.MODEL ? models : adapters).add(entry);
    }
    home.adapterFolders().forEach(folder -> adapters.add(adapter(home.nameOf(folder), folder)));
    models.addAll(adapters);
    return List.copyOf(models);
  }

  private static HomeEntry look(String name, Path file) {
    Optional<ModelOrigin> origin = ModelOrigin.of(file);
    long bytes = size(file);
    try {
      ModelFacts facts = ModelFacts.read(file);
      return new HomeEntry(name, file, facts.kind(), bytes, Optional.of(facts), origin, "");
    } catch (IOException e) {
      return new HomeEntry(
          name,
          file,
          ModelFacts.Kind.MODEL,
          bytes,
          Optional.empty(),
          origin,
          String.valueOf(e.getMessage()));
    }
  }

  private static HomeEntry adapter(String name, Path folder) {
    Path weights = folder.resolve(AdapterFolder.WEIGHTS);
    return new HomeEntry(
        name,
        folder,
        ModelFacts.Kind.ADAPTER,
        size(weights),
        Optional.empty(),
        ModelOrigin.of(weights),
        "");
  }

  /** As the file says, else as the model card said when it was pulled. */
  public Optional<String> licence() {
    return origin.flatMap(ModelOrigin::licence).or(() -> facts.flatMap(ModelFacts::licence));
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      return 0;
    }
  }
}
