package dev.bitfleet.worker.home;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The folder models are kept in: {@code OWNER/REPO/FILE.gguf}, {@code NAME/FILE.gguf} or {@code
 * NAME.gguf}. Every method reads the disk; none keeps anything.
 *
 * @param folder need not exist
 * @param bundled models that lie elsewhere, by the name they go by
 */
public record ModelHome(Path folder, Map<String, Path> bundled) {
  static final String SUFFIX = ".gguf";

  /** Depth of {@code owner/repo/folder/file.gguf}. */
  private static final int DEPTH = 4;

  /** A bound on what one listing shows. */
  private static final int MAX_LISTED = 1000;

  private static final int MAX_NAME_CHARACTERS = 512;

  public ModelHome {
    folder = folder.toAbsolutePath().normalize();
    bundled = Map.copyOf(bundled);
  }

  /** A home with nothing but what is in its folder. */
  public ModelHome(Path folder) {
    this(folder, Map.of());
  }

  /** Every {@code .gguf} file there is, by path; empty when the folder is missing. */
  public List<Path> files() {
    return walk(ModelHome::isModelFile);
  }

  /** Every folder that holds a PEFT adapter, by path. */
  public List<Path> adapterFolders() {
    return walk(AdapterFolder::isOne);
  }

  private List<Path> walk(Predicate<Path> wanted) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> tree = Files.walk(folder, DEPTH)) {
      return tree.filter(wanted).sorted().limit(MAX_LISTED).toList();
    } catch (IOException | UncheckedIOException e) {
      return List.of();
    }
  }

  /** What {@link #find} and {@link #resolve} take for that file or folder. */
  public String nameOf(Path file) {
    String relative = folder.relativize(file).toString();
    return relative.endsWith(SUFFIX)
        ? relative.substring(0, relative.length() - SUFFIX.length())
        : relative;
  }

  /**
   * What clients call that model unless its operator says otherwise: the repository's name when the
   * file is the only one of its folder, for files of repositories are often all called the same;
   * else the file's own without its ending.
   */
  public String idOf(Path file) {
    for (Map.Entry<String, Path> each : bundled.entrySet()) {
      if (each.getValue().equals(file)) {
        return each.getKey();
      }
    }
    String own = file.getFileName().toString();
    String stem = own.endsWith(SUFFIX) ? own.substring(0, own.length() - SUFFIX.length()) : own;
    Path parent = file.toAbsolutePath().normalize().getParent();
    if (parent == null || parent.equals(folder) || !parent.startsWith(folder)) {
      return stem;
    }
    List<Path> siblings = files().stream().filter(each -> each.startsWith(parent)).toList();
    return siblings.size() == 1 ? parent.getFileName().toString() : stem;
  }

  /**
   * The file that is meant on the command line: a path when it looks like one and exists, else a
   * name in this home.
   *
   * @param model never blank
   * @param workingFolder what a relative path starts from
   * @throws ModelNotFoundException naming what was looked for and what there is
   */
  public Path find(String model, Path workingFolder) throws ModelNotFoundException {
    Path known = bundled.get(model);
    if (known != null) {
      return known;
    }
    Path asPath = workingFolder.resolve(expanded(model)).normalize();
    if (Files.isRegularFile(asPath)) {
      return asPath;
    }
    Path inHome = folder.resolve(colonAsSlash(model)).normalize();
    // A name stays inside the home, whatever dots are in it.
    if (inHome.startsWith(folder)) {
      Optional<Path> found = pick(inHome, model, ModelHome::isModelFile);
      if (found.isPresent()) {
        return found.get();
      }
    }
    throw new ModelNotFoundException(missing(model, asPath));
  }

  /**
   * The model that is meant by somebody who may not name files of this machine: {@code OWNER/REPO},
   * {@code OWNER/REPO:FILE}, {@code OWNER/REPO/FILE}, a plain name, or a path that begins with the
   * home's own.
   *
   * @throws ModelNotFoundException also when the name would lead out of the home; its message
   *     mentions no folder of this machine
   */
  public Path resolve(String name) throws ModelNotFoundException {
    Path known = bundled.get(name);
    return known != null ? known : inside(name, "model", ModelHome::isModelFile);
  }

  /**
   * The adapter that is meant, under the same rules as {@link #resolve}: a {@code .gguf} file, or a
   * folder with {@code adapter_config.json} and {@code adapter_model.safetensors}.
   */
  public Path resolveAdapter(String name) throws ModelNotFoundException {
    return inside(name, "adapter", path -> isModelFile(path) || AdapterFolder.isOne(path));
  }

  private Path inside(String name, String kind, Predicate<Path> wanted)
      throws ModelNotFoundException {
    Path candidate = folder.resolve(checked(name, kind)).normalize();
    if (!candidate.startsWith(folder) || candidate.equals(folder)) {
      throw unknown(name, kind);
    }
    Path found = pick(candidate, name, wanted).orElseThrow(() -> unknown(name, kind));
    try {
      // The name was clean; a link inside the home could still lead anywhere.
      Path home = folder.toRealPath();
      for (Path each : Files.isDirectory(found) ? AdapterFolder.files(found) : List.of(found)) {
        if (!each.toRealPath().startsWith(home)) {
          throw unknown(name, kind);
        }
      }
    } catch (IOException e) {
      throw unknown(name, kind);
    }
    return found;
  }

  /** That file, that file with its ending, or the only one of that folder. */
  private Optional<Path> pick(Path path, String name, Predicate<Path> wanted)
      throws ModelNotFoundException {
    for (Path each : List.of(path, path.resolveSibling(path.getFileName() + SUFFIX))) {
      if (wanted.test(each)) {
        return Optional.of(each);
      }
    }
    List<Path> within = files().stream().filter(file -> file.startsWith(path)).toList();
    if (within.size() > 1) {
      throw new ModelNotFoundException(
          "'" + name + "' is a folder of several models; name one of " + names(within));
    }
    return within.stream().findFirst();
  }

  private Path checked(String name, String kind) throws ModelNotFoundException {
    if (name.isBlank() || name.length() > MAX_NAME_CHARACTERS) {
      throw unknown(name, kind);
    }
    try {
      Path path = Path.of(colonAsSlash(name));
      if (path.isAbsolute()) {
        if (!path.startsWith(folder)) {
          throw unknown(name, kind);
        }
        path = folder.relativize(path);
      }
      for (Path part : path) {
        if (part.toString().startsWith(".") || part.toString().isEmpty()) {
          throw unknown(name, kind);
        }
      }
      return path;
    } catch (InvalidPathException e) {
      throw unknown(name, kind);
    }
  }

  private ModelNotFoundException unknown(String name, String kind) {
    String shown = name.length() > 100 ? name.substring(0, 100) + "…" : name;
    List<Path> known = files();
    return new ModelNotFoundException(
        "there is no "
            + kind
            + " '"
            + shown
            + "' in the model home, which "
            + (known.isEmpty() ? "is empty" : "has " + names(known)));
  }

  private String missing(String model, Path asPath) {
    List<Path> known = files();
    var message = new StringBuilder("there is no model '").append(model).append("'. ");
    if (model.contains("/") || model.endsWith(SUFFIX)) {
      message
          .append(Files.isDirectory(asPath) ? asPath + " is a folder" : "No file " + asPath)
          .append(", and none of that name in ");
    } else {
      message.append("Looked in ");
    }
    message.append(folder);
    if (known.isEmpty()) {
      message.append(
          Files.isDirectory(folder)
              ? ", where there is no .gguf file"
              : ", which does not exist (--model-home names another folder)");
    } else {
      message.append(", which has ").append(names(known));
    }
    return message
        .append(". 'bitfleet pull OWNER/REPO' fetches one; without a MODEL the bundled demo is")
        .append(" served.")
        .toString();
  }

  private String names(List<Path> files) {
    return String.join(", ", files.stream().map(this::nameOf).toList());
  }

  /** A pull writes {@code OWNER/REPO:FILE}, and so may whoever loads it. */
  private static String colonAsSlash(String name) {
    return name.replace(':', '/');
  }

  private static String expanded(String model) {
    return model.startsWith("~/") ? System.getProperty("user.home") + model.substring(1) : model;
  }

  private static boolean isModelFile(Path file) {
    return file.toString().endsWith(SUFFIX) && Files.isRegularFile(file);
  }
}
