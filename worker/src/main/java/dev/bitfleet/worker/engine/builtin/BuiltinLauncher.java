package dev.bitfleet.worker.engine.builtin;

import dev.bitfleet.worker.engine.Engine;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.EngineLauncher;
import dev.bitfleet.worker.engine.SchedulingOptions;
import dev.bitfleet.worker.engine.WeightOptions;
import dev.bitfleet.worker.engine.process.LaunchWrapper;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Starts {@code bitfleet-engine serve} processes. */
public final class BuiltinLauncher implements EngineLauncher {
  /**
   * Prompt tokens of one step at most; the engine takes fewer where the step budget asks for it.
   */
  static final int PREFILL_CHUNK_TOKENS = 256;

  private final Vertx vertx;
  private final LaunchWrapper wrapper;
  private final Path binary;
  private final Settings settings;

  /**
   * What every process of this launcher runs with.
   *
   * @param model GGUF file
   * @param threads of a step
   * @param slots sequences open at once
   * @param contextLength tokens of one sequence
   * @param cpus to pin to; empty = all
   * @param weights what is made of the model's weights
   * @param scheduling how sequences share memory and steps
   * @param preparedFolder where the engine may keep prepared weights of models whose own folder
   *     takes none; it is there
   */
  public record Settings(
      Path model,
      int threads,
      int slots,
      int contextLength,
      List<Integer> cpus,
      WeightOptions weights,
      SchedulingOptions scheduling,
      Optional<Path> preparedFolder) {
    public Settings {
      cpus = List.copyOf(cpus);
    }

    /** The weights as the file has them, and all else by default. */
    public Settings(Path model, int threads, int slots, int contextLength, List<Integer> cpus) {
      this(
          model,
          threads,
          slots,
          contextLength,
          cpus,
          WeightOptions.PLAIN,
          SchedulingOptions.DEFAULTS,
          Optional.empty());
    }

    private List<String> schedulingFlags() {
      List<String> flags = new ArrayList<>();
      scheduling
          .kvBytes()
          .ifPresent(bytes -> flags.addAll(List.of("--kv-mib", Long.toString(bytes >> 20))));
      flags.addAll(
          List.of(
              "--kv-quant",
              scheduling.kvQuant().wireName(),
              "--step-budget-ms",
              Long.toString(scheduling.stepBudget().toMillis()),
              "--speculation",
              scheduling.speculation().wireName(),
              "--kernel",
              scheduling.kernels().wireName()));
      return flags;
    }

    private List<String> weightFlags() {
      List<String> flags = new ArrayList<>();
      weights
          .adapter()
          .ifPresent(
              adapter ->
                  flags.addAll(
                      List.of(
                          "--lora",
                          // The strength is what follows the last colon: a path may hold others.
                          "%s:%s".formatted(adapter.file(), (float) adapter.strength()),
                          "--lora-quant",
                          adapter.quant().wireName())));
      flags.addAll(List.of("--unembed-quant", weights.unembedQuant().wireName()));
      weights
          .pooling()
          .ifPresent(pooling -> flags.addAll(List.of("--pooling", pooling.wireName())));
      preparedFolder.ifPresent(
          folder -> flags.addAll(List.of("--prepared-dir", folder.toString())));
      return flags;
    }
  }

  public BuiltinLauncher(Vertx vertx, LaunchWrapper wrapper, Path binary, Settings settings) {
    this.vertx = vertx;
    this.wrapper = wrapper;
    this.binary = binary;
    this.settings = settings;
  }

  @Override
  public Engine launch(Consumer<EngineEvent> events) {
    List<String> engine = new ArrayList<>();
    engine.addAll(
        List.of(
            binary.toString(),
            "serve",
            "--model",
            settings.model().toString(),
            "--threads",
            Integer.toString(settings.threads()),
            "--slots",
            Integer.toString(settings.slots()),
            "--ctx-size",
            Integer.toString(settings.contextLength()),
            "--batch",
            Integer.toString(PREFILL_CHUNK_TOKENS)));
    engine.addAll(settings.weightFlags());
    engine.addAll(settings.schedulingFlags());
    return new BuiltinEngine(
        vertx.getOrCreateContext(),
        new ProcessBuilder(wrapper.wrap(engine, settings.cpus(), false)),
        PREFILL_CHUNK_TOKENS,
        events);
  }
}
