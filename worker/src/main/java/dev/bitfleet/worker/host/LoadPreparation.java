package dev.bitfleet.worker.host;

import dev.bitfleet.proto.ModelCommand;
import dev.bitfleet.proto.ModelReply.Code;
import dev.bitfleet.worker.WorkerOptions;
import dev.bitfleet.worker.home.ModelHome;
import dev.bitfleet.worker.home.ModelNotFoundException;
import dev.bitfleet.worker.model.ModelFile;
import dev.bitfleet.worker.model.ModelFileException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/** From a command to what is to be served: every check that needs no engine. Reads files. */
final class LoadPreparation {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}");
  private static final int MAX_THREADS = 1024;
  private static final int MAX_CONTEXT = 1 << 20;
  private static final int DEFAULT_SLOTS = 4;
  private static final Duration LONGEST_KEEP_ALIVE = Duration.ofDays(365);

  private final ModelHome home;

  LoadPreparation(ModelHome home) {
    this.home = home;
  }

  /** The file that is meant, and what clients will call it. */
  record Target(String id, Path file) {}

  /** Finds and reads the file. Blocks. */
  Target target(ModelCommand.Load load) throws RefusedException {
    // Left out in silence they would give answers of another model than the one that was asked for.
    refused("adapter", load.adapter());
    refused("adapter_type", load.adapterType());
    refused("head_type", load.headType());
    Path file;
    try {
      file = home.resolve(load.model());
    } catch (ModelNotFoundException e) {
      throw new RefusedException(Code.NOT_FOUND, String.valueOf(e.getMessage()), "model");
    }
    try {
      ModelFile model = ModelFile.read(file);
      if (model.architecture().isBlank()) {
        throw new ModelFileException("general.architecture is empty");
      }
    } catch (ModelFileException e) {
      throw new RefusedException(
          Code.UNUSABLE, "'" + home.nameOf(file) + "' cannot be used: " + e.getMessage(), "model");
    } catch (IOException e) {
      throw new RefusedException(
          Code.FAILED, "'" + home.nameOf(file) + "' cannot be read: " + e.getMessage(), "model");
    }
    String id = load.id().orElseGet(() -> home.idOf(file));
    if (!ID.matcher(id).matches()) {
      throw new RefusedException(
          Code.INVALID,
          "a model id is made of letters, digits and . _ : / @ -, at most 128",
          load.id().isPresent() ? "id" : "model");
    }
    return new Target(id, file);
  }

  private static void refused(String param, Optional<String> value) throws RefusedException {
    if (value.isPresent()) {
      throw new RefusedException(
          Code.INVALID, "adapters and other types of weights cannot be loaded by name yet", param);
    }
  }

  /** What is to be served: as asked, else as the one that is replaced. */
  static ModelSetup setup(
      ModelCommand.Load load, Target target, Optional<ModelSetup> replaced, ModelSetup fallback)
      throws RefusedException {
    ModelSetup before = replaced.orElse(fallback);
    within("threads", load.threads(), 0, MAX_THREADS);
    within("slots", load.slots(), 1, WorkerOptions.MAX_SLOTS);
    within("context_length", load.contextLength(), 0, MAX_CONTEXT);
    Optional<Duration> keepAlive = before.keepAlive();
    if (load.keepAlive().isPresent()) {
      keepAlive =
          switch (load.keepAlive().get()) {
            case ModelCommand.KeepAlive.Forever ignored -> Optional.empty();
            case ModelCommand.KeepAlive.Of of -> Optional.of(of.time());
          };
    }
    if (keepAlive.filter(time -> time.compareTo(LONGEST_KEEP_ALIVE) > 0).isPresent()) {
      throw new RefusedException(
          Code.INVALID, "keep_alive is more than a year; -1 is for ever", "keep_alive");
    }
    return new ModelSetup(
        target.id(),
        target.file(),
        load.threads().isPresent() ? load.threads() : before.threads(),
        load.slots().orElse(before.slots()),
        load.contextLength().orElse(before.contextLength()),
        keepAlive);
  }

  /** For a node that has nothing loaded. */
  static ModelSetup fallback(Path file) {
    return new ModelSetup("", file, OptionalInt.empty(), DEFAULT_SLOTS, 0, Optional.empty());
  }

  private static void within(String param, OptionalInt value, int least, int most)
      throws RefusedException {
    if (value.isPresent() && (value.getAsInt() < least || value.getAsInt() > most)) {
      throw new RefusedException(
          Code.INVALID, param + " is not within " + least + ".." + most, param);
    }
  }
}
