package dev.bitfleet.worker.home;

import dev.bitfleet.worker.files.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Where a file of the home was pulled from; kept as {@code FILE.origin.json} beside it.
 *
 * @param repository as {@code OWNER/REPO}
 * @param revision commit of the repository
 * @param sha256 of the file, 64 lower-case hexadecimal digits
 * @param licence as the model card names it; empty when it does not
 * @param pulled ISO 8601, UTC
 */
public record ModelOrigin(
    String repository,
    String revision,
    String sha256,
    long bytes,
    Optional<String> licence,
    String pulled) {
  private static final String SUFFIX = ".origin.json";
  private static final long MAX_BYTES = 64 << 10;

  /** The file that tells the origin of that one. */
  public static Path besides(Path file) {
    return file.resolveSibling(file.getFileName() + SUFFIX);
  }

  /** What is known of that file; empty when nothing is, or nothing that can be read. */
  public static Optional<ModelOrigin> of(Path file) {
    Path record = besides(file);
    try {
      if (!Files.isRegularFile(record) || Files.size(record) > MAX_BYTES) {
        return Optional.empty();
      }
      JsonNode tree = JsonMapper.shared().readTree(Files.readAllBytes(record));
      String sha256 = tree.path("sha256").asString("");
      if (!sha256.matches("[0-9a-f]{64}")) {
        return Optional.empty();
      }
      return Optional.of(
          new ModelOrigin(
              tree.path("repository").asString(""),
              tree.path("revision").asString(""),
              sha256,
              tree.path("bytes").asLong(0),
              Optional.of(tree.path("license").asString("")).filter(text -> !text.isEmpty()),
              tree.path("pulled").asString("")));
    } catch (IOException | JacksonException e) {
      return Optional.empty();
    }
  }

  /** Writes it beside the file, whole or not at all. */
  public void write(Path file) throws IOException {
    ObjectNode tree = JsonMapper.shared().createObjectNode();
    tree.put("repository", repository);
    tree.put("revision", revision);
    tree.put("sha256", sha256);
    tree.put("bytes", bytes);
    licence.ifPresent(name -> tree.put("license", name));
    tree.put("pulled", pulled);
    Path record = besides(file).toAbsolutePath();
    Path unused =
        WholeFile.put(
            Objects.requireNonNull(record.getParent()),
            partial -> {
              Files.write(
                  partial,
                  JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(tree));
              // Whoever may read the model may know where it is from.
              Files.setPosixFilePermissions(partial, PosixFilePermissions.fromString("rw-r--r--"));
              return record.getFileName().toString();
            });
  }
}
