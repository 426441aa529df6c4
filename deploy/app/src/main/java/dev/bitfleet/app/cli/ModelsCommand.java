package dev.bitfleet.app.cli;

import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.app.model.BundledModel;
import dev.bitfleet.app.text.Columns;
import dev.bitfleet.worker.home.HomeEntry;
import dev.bitfleet.worker.home.ModelFacts;
import dev.bitfleet.worker.home.ModelHome;
import dev.bitfleet.worker.home.ModelNotFoundException;
import dev.bitfleet.worker.home.ModelOrigin;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code bitfleet models}: what is in the model home; {@code models rm}: and what is not any more.
 */
final class ModelsCommand implements BitfleetCommand.Command {
  private static final String JSON = "--json";

  static CommandSpec spec() {
    CommandSpec spec = Arguments.command(new ModelsCommand());
    spec.usageMessage().description("Lists the models and adapters of the model home.");
    Arguments.flag(spec, JSON, "a JSON array in place of a table");
    FewSettings.MODEL_HOME.addTo(spec);
    CommandSpec remove = Arguments.command(ModelsCommand::remove);
    remove.usageMessage().description("Deletes a model of the model home, and says what it freed.");
    Arguments.required(remove, "NAME", "as the list names it");
    FewSettings.MODEL_HOME.addTo(remove);
    spec.addSubcommand("rm", remove);
    return spec;
  }

  @Override
  public ExitCode run(ParseResult arguments, PrintWriter out, PrintWriter err) throws Exception {
    Optional<ServeConfiguration> configuration = FewSettings.MODEL_HOME.read(arguments, err);
    if (configuration.isEmpty()) {
      return ExitCode.CONFIGURATION;
    }
    Map<String, Path> bundled = new LinkedHashMap<>();
    BundledModel.extract(configuration.get().dataDir())
        .ifPresent(file -> bundled.put(BundledModel.ID, file));
    var home = new ModelHome(configuration.get().model().home(), bundled);
    List<HomeEntry> entries = HomeEntry.list(home);
    if (arguments.hasMatchedOption(JSON)) {
      out.println(json(entries));
    } else {
      table(entries).forEach(out::println);
    }
    return ExitCode.OK;
  }

  private static ExitCode remove(ParseResult arguments, PrintWriter out, PrintWriter err)
      throws IOException {
    Optional<ServeConfiguration> configuration = FewSettings.MODEL_HOME.read(arguments, err);
    if (configuration.isEmpty()) {
      return ExitCode.CONFIGURATION;
    }
    var home = new ModelHome(configuration.get().model().home());
    String name = arguments.matchedPositionalValue(0, "");
    Path path;
    try {
      path = home.resolveAdapter(name);
    } catch (ModelNotFoundException e) {
      err.println("bitfleet: " + e.getMessage());
      return ExitCode.NO_MODEL;
    }
    List<Path> files = new ArrayList<>();
    if (Files.isDirectory(path)) {
      try (var inside = Files.list(path)) {
        inside.filter(Files::isRegularFile).forEach(files::add);
      }
    } else {
      files.add(path);
      files.add(ModelOrigin.besides(path));
    }
    long freed = 0;
    for (Path file : files) {
      freed += Files.isRegularFile(file) ? Files.size(file) : 0;
      Files.deleteIfExists(file);
    }
    removeEmptyFolders(path, home.folder());
    out.println("Removed " + home.nameOf(path) + " (" + megabytes(freed) + ")");
    return ExitCode.OK;
  }

  private static void removeEmptyFolders(Path removed, Path home) throws IOException {
    for (Path folder = removed;
        folder != null && !folder.equals(home) && folder.startsWith(home);
        folder = folder.getParent()) {
      if (!Files.isDirectory(folder)) {
        continue;
      }
      try (var inside = Files.list(folder)) {
        if (inside.findAny().isPresent()) {
          return;
        }
      }
      Files.delete(folder);
    }
  }

  private static List<String> table(List<HomeEntry> entries) {
    if (entries.isEmpty()) {
      return List.of("There are no models. 'bitfleet pull OWNER/REPO' fetches one.");
    }
    var rows = new ArrayList<List<String>>();
    rows.add(List.of("NAME", "SIZE", "TYPE", "ARCHITECTURE", "CONTEXT", "LICENCE"));
    for (HomeEntry entry : entries) {
      Optional<ModelFacts> facts = entry.facts();
      rows.add(
          List.of(
              entry.name() + (entry.kind() == ModelFacts.Kind.ADAPTER ? " (adapter)" : ""),
              megabytes(entry.bytes()),
              facts.map(ModelFacts::quantization).orElse("-"),
              entry.problem().isEmpty()
                  ? facts.map(ModelFacts::architecture).orElse("-")
                  : "broken: " + entry.problem(),
              facts
                  .flatMap(
                      each ->
                          each.contextLength().isPresent()
                              ? Optional.of(Long.toString(each.contextLength().getAsLong()))
                              : Optional.empty())
                  .orElse("-"),
              entry.licence().orElse("-")));
    }
    return Columns.ofWords(rows);
  }

  private static String json(List<HomeEntry> entries) {
    ArrayNode list = JsonMapper.shared().createArrayNode();
    for (HomeEntry entry : entries) {
      ObjectNode node = list.addObject();
      node.put("name", entry.name());
      node.put("kind", entry.kind().name().toLowerCase(Locale.ROOT));
      node.put("path", entry.path().toString());
      node.put("bytes", entry.bytes());
      entry
          .facts()
          .ifPresent(
              facts -> {
                node.put("architecture", facts.architecture());
                node.put("quantization", facts.quantization());
                node.put("parameters", facts.parameters());
                facts.contextLength().ifPresent(length -> node.put("context_length", length));
              });
      entry.licence().ifPresent(licence -> node.put("license", licence));
      entry
          .origin()
          .ifPresent(
              origin -> {
                node.put("repository", origin.repository());
                node.put("revision", origin.revision());
                node.put("sha256", origin.sha256());
                node.put("pulled", origin.pulled());
              });
      if (!entry.problem().isEmpty()) {
        node.put("problem", entry.problem());
      }
    }
    return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(list);
  }

  static String megabytes(long bytes) {
    return bytes >= 1_000_000_000
        ? String.format(Locale.ROOT, "%.2f GB", bytes / 1e9)
        : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }
}
