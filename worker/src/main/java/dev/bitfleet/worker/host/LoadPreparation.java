package dev.bitfleet.worker.host;

import dev.bitfleet.proto.ModelCommand;
import dev.bitfleet.proto.ModelReply.Code;
import dev.bitfleet.worker.EngineChoice;
import dev.bitfleet.worker.WorkerOptions;
import dev.bitfleet.worker.engine.AdapterOptions;
import dev.bitfleet.worker.engine.WeightOptions;
import dev.bitfleet.worker.engine.WeightQuant;
import dev.bitfleet.worker.home.ModelHome;
import dev.bitfleet.worker.home.ModelNotFoundException;
import dev.bitfleet.worker.lora.AdapterFiles;
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
  private final AdapterFiles adapters;
  private final EngineChoice engine;

  /**
   * @param dataDir where adapters are kept in the form that engines read
   */
  LoadPreparation(ModelHome home, Path dataDir, EngineChoice engine) {
    this.home = home;
    this.adapters = new AdapterFiles(home, dataDir);
    this.engine = engine;
  }

  /**
   * The files that are meant, and what clients will call the model.
   *
   * @param adapter GGUF; empty when the command names none
   */
  record Target(String id, Path file, Optional<Path> adapter) {}

  /** Finds and reads the files. Blocks. */
  Target target(ModelCommand.Load load) throws RefusedException {
    Path file;
    try {
      file = home.resolve(load.model());
    } catch (ModelNotFoundException e) {
      throw new RefusedException(Code.NOT_FOUND, String.valueOf(e.getMessage()), "model");
    }
    try {
      if (ModelFile.read(file).architecture().isBlank()) {
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
    Optional<String> adapter = load.adapter().filter(name -> !name.isEmpty());
    return new Target(
        id,
        file,
        adapter.isPresent() ? Optional.of(adapter(adapter.get(), file)) : Optional.empty());
  }

  private Path adapter(String name, Path model) throws RefusedException {
    try {
      return adapters.find(name, model);
    } catch (ModelNotFoundException e) {
      throw new RefusedException(Code.NOT_FOUND, String.valueOf(e.getMessage()), "adapter");
    } catch (ModelFileException e) {
      throw new RefusedException(Code.UNUSABLE, String.valueOf(e.getMessage()), "adapter");
    } catch (IOException e) {
      throw new RefusedException(
          Code.FAILED, "the adapter '" + name + "' cannot be read: " + e.getMessage(), "adapter");
    }
  }

  /**
   * An adapter belongs to the model it was trained with: it is kept when the same file is loaded
   * again, and not carried over to another.
   */
  private WeightOptions weights(ModelCommand.Load load, Target target, ModelSetup before)
      throws RefusedException {
    Optional<WeightQuant> adapterQuant = quant("adapter_type", load.adapterType());
    if (adapterQuant.filter(quant -> quant == WeightQuant.AUTO).isPresent()) {
      throw new RefusedException(
          Code.INVALID, "adapters are rounded to none, int8 or q4_0", "adapter_type");
    }
    WeightQuant headQuant =
        quant("head_type", load.headType()).orElse(before.weights().unembedQuant());
    Optional<AdapterOptions> kept =
        load.adapter().isEmpty() && before.file().equals(target.file())
            ? before.weights().adapter()
            : Optional.empty();
    Optional<AdapterOptions> adapter =
        target
            .adapter()
            .map(file -> new AdapterOptions(file, 1, adapterQuant.orElse(WeightQuant.NONE)))
            .or(
                () ->
                    kept.map(
                        old ->
                            new AdapterOptions(
                                old.file(), old.strength(), adapterQuant.orElse(old.quant()))));
    if (adapter.isEmpty() && adapterQuant.filter(quant -> quant != WeightQuant.NONE).isPresent()) {
      throw new RefusedException(
          Code.INVALID, "there is no adapter whose weights could be rounded", "adapter_type");
    }
    // Like an adapter, the way a model's states are pooled does not suit another file.
    return new WeightOptions(
        adapter,
        headQuant,
        before.file().equals(target.file()) ? before.weights().pooling() : Optional.empty());
  }

  private Optional<WeightQuant> quant(String param, Optional<String> name) throws RefusedException {
    if (name.isEmpty()) {
      return Optional.empty();
    }
    WeightQuant quant =
        WeightQuant.named(name.get())
            .orElseThrow(
                () ->
                    new RefusedException(
                        Code.INVALID,
                        "'" + name.get() + "' is none of auto, none, int8 and q4_0",
                        param));
    if (engine == EngineChoice.LLAMA_SERVER
        && quant != WeightQuant.NONE
        && quant != WeightQuant.AUTO) {
      throw new RefusedException(
          Code.INVALID, "llama-server rounds no weights when it loads them", param);
    }
    return Optional.of(quant);
  }

  /** What is to be served: as asked, else as the one that is replaced. */
  ModelSetup setup(
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
        keepAlive,
        weights(load, target, before));
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
