package dev.bitfleet.worker.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a worker needs to know of a model file before any engine has loaded it.
 *
 * @param path of the file
 * @param name from the metadata, empty when absent
 * @param architecture general.architecture
 * @param contextLength the model was trained for; empty when the file does not say
 * @param chatTemplate the file's own, when it has one
 * @param controlTokens tokens that steer the model and that no text of a user may become
 * @param modifiedSeconds Unix time of the file's last change
 */
public record ModelFile(
    Path path,
    String name,
    String architecture,
    OptionalInt contextLength,
    Optional<String> chatTemplate,
    ControlTokens controlTokens,
    long modifiedSeconds) {

  private static final int MAX_CONTEXT = 16 * 1024 * 1024;

  /**
   * Reads the file's metadata.
   *
   * @throws ModelFileException when it is broken or no model
   * @throws IOException when it cannot be read
   */
  public static ModelFile read(Path path) throws IOException {
    GgufMetadata metadata = GgufMetadata.read(path);
    String architecture =
        metadata
            .text("general.architecture")
            .orElseThrow(() -> new ModelFileException("general.architecture is missing"));
    OptionalInt contextLength = OptionalInt.empty();
    var told = metadata.integer(architecture + ".context_length");
    if (told.isPresent()) {
      if (told.getAsLong() < 1 || told.getAsLong() > MAX_CONTEXT) {
        throw new ModelFileException(
            architecture + ".context_length is " + Long.toUnsignedString(told.getAsLong()));
      }
      contextLength = OptionalInt.of((int) told.getAsLong());
    }
    return new ModelFile(
        path,
        metadata.text("general.name").orElse(""),
        architecture,
        contextLength,
        metadata.text("tokenizer.chat_template"),
        ControlTokens.of(metadata),
        Files.getLastModifiedTime(path).toMillis() / 1000);
  }

  /** The id a model goes by when its operator gave it none: the file's name without .gguf. */
  public static String defaultId(Path path) {
    String file = path.getFileName().toString();
    return file.endsWith(".gguf") ? file.substring(0, file.length() - ".gguf".length()) : file;
  }
}
