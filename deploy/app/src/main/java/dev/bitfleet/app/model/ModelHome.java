package dev.bitfleet.app.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The folder models are kept in: {@code NAME.gguf}, or {@code NAME/….gguf} as downloads often come.
 *
 * @param folder need not exist
 */
public record ModelHome(Path folder) {
  private static final String SUFFIX = ".gguf";

  /** Depth of {@code owner/name/file.gguf}. */
  private static final int DEPTH = 3;

  /** A bound on what one listing shows. */
  private static final int MAX_LISTED = 200;

  /** Every model file there is, by path; empty when the folder is missing. */
  public List<Path> files() {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> tree = Files.walk(folder, DEPTH)) {
      return tree.filter(ModelHome::isModelFile).sorted().limit(MAX_LISTED).toList();
    } catch (IOException | java.io.UncheckedIOException e) {
      return List.of();
    }
  }

  /** What {@link #find} takes for that file. */
  public String nameOf(Path file) {
    String relative = folder.relativize(file).toString();
    return relative.substring(0, relative.length() - SUFFIX.length());
  }

  /**
   * The file that is meant: a path when it looks like one and exists, else a name in this home.
   *
   * @param model never blank
   * @param workingFolder what a relative path starts from
   * @throws ModelNotFoundException naming what was looked for and what there is
   */
  public Path find(String model, Path workingFolder) throws ModelNotFoundException {
    Path asPath = workingFolder.resolve(expanded(model)).normalize();
    if (Files.isRegularFile(asPath)) {
      return asPath;
    }
    Path inHome = folder.resolve(model).normalize();
    // A name stays inside the home, whatever dots are in it.
    if (inHome.startsWith(folder.normalize())) {
      for (Path candidate : List.of(inHome, inHome.resolveSibling(inHome.getFileName() + SUFFIX))) {
        if (isModelFile(candidate)) {
          return candidate;
        }
      }
      List<Path> inside = files().stream().filter(file -> file.startsWith(inHome)).toList();
      if (inside.size() == 1) {
        return inside.getFirst();
      }
      if (inside.size() > 1) {
        throw new ModelNotFoundException(
            "'" + model + "' is a folder of several models; name one of " + names(inside));
      }
    }
    throw new ModelNotFoundException(missing(model, asPath));
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
    return message.append(". Without a MODEL the bundled demo is served.").toString();
  }

  private String names(List<Path> files) {
    return String.join(", ", files.stream().map(this::nameOf).toList());
  }

  private static String expanded(String model) {
    return model.startsWith("~/") ? System.getProperty("user.home") + model.substring(1) : model;
  }

  private static boolean isModelFile(Path file) {
    return file.toString().endsWith(SUFFIX) && Files.isRegularFile(file);
  }
}
