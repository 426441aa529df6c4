package dev.bitfleet.worker.engine.llamaserver;

import dev.bitfleet.worker.engine.AdapterOptions;
import dev.bitfleet.worker.engine.Engine;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.EngineLauncher;
import dev.bitfleet.worker.engine.process.LaunchWrapper;
import dev.bitfleet.worker.model.ModelFile;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Starts llama-server processes on a free loopback port, each with a tokenizer of ours beside it.
 *
 * <p>The port is picked by binding and closing; should another program take it in between, the
 * server exits at once and the supervisor's immediate restart picks another.
 */
public final class LlamaServerLauncher implements EngineLauncher {
  /** Prompt tokens of one step: short enough to answer pings in between. */
  static final int BATCH_TOKENS = 256;

  // Its kernels keep rows × tokens on the stack; half the default batch stays within any limit.
  private static final int MICRO_BATCH_TOKENS = 128;
  private static final SecureRandom RANDOM = new SecureRandom();

  /** Below those the system hands out, so that no connection takes one before the server does. */
  private static final int FIRST_PORT = 20_000;

  private static final int PORTS = 1_000;

  private final Vertx vertx;
  private final LaunchWrapper wrapper;
  private final Path server;
  private final Path tokenizer;
  private final Settings settings;

  /**
   * What every process of this launcher runs with.
   *
   * @param threads of a step
   * @param slots sequences open at once
   * @param contextLength tokens of one sequence
   * @param cpus to pin to; empty = all
   * @param adapter put beside the weights
   */
  public record Settings(
      ModelFile model,
      int threads,
      int slots,
      int contextLength,
      List<Integer> cpus,
      Optional<AdapterOptions> adapter) {
    public Settings {
      cpus = List.copyOf(cpus);
    }

    /** Without an adapter. */
    public Settings(
        ModelFile model, int threads, int slots, int contextLength, List<Integer> cpus) {
      this(model, threads, slots, contextLength, cpus, Optional.empty());
    }
  }

  /**
   * @param server the llama-server program
   * @param tokenizer the bitfleet-engine program
   */
  public LlamaServerLauncher(
      Vertx vertx, LaunchWrapper wrapper, Path server, Path tokenizer, Settings settings) {
    this.vertx = vertx;
    this.wrapper = wrapper;
    this.server = server;
    this.tokenizer = tokenizer;
    this.settings = settings;
  }

  @Override
  public Engine launch(Consumer<EngineEvent> events) {
    int port = freePort();
    String key = HexFormat.of().formatHex(randomBytes());
    ProcessBuilder command =
        new ProcessBuilder(wrapper.wrap(arguments(port), settings.cpus(), true));
    // The server takes options from LLAMA_… variables; ours alone shall count. The key keeps other
    // users of the machine out, and is not on the command line, where they could read it.
    command.environment().keySet().removeIf(name -> name.startsWith("LLAMA_"));
    command.environment().put("LLAMA_API_KEY", key);
    ProcessBuilder tokenizerCommand =
        new ProcessBuilder(
            wrapper.wrap(
                List.of(
                    tokenizer.toString(),
                    "tokenizer",
                    "--model",
                    settings.model().path().toString()),
                settings.cpus(),
                false));
    return new LlamaServerEngine(
        vertx,
        command,
        tokenizerCommand,
        new LlamaServerEngine.Endpoint(port, key),
        server,
        settings,
        events);
  }

  private List<String> arguments(int port) {
    List<String> arguments = new ArrayList<>();
    arguments.addAll(
        List.of(
            server.toString(),
            "--model",
            settings.model().path().toString(),
            "--host",
            "127.0.0.1",
            "--port",
            Integer.toString(port),
            "--threads",
            Integer.toString(settings.threads()),
            "--parallel",
            Integer.toString(settings.slots()),
            // The server shares its context out among the slots.
            "--ctx-size",
            Long.toString((long) settings.contextLength() * settings.slots()),
            "--batch-size",
            Integer.toString(BATCH_TOKENS),
            "--ubatch-size",
            Integer.toString(MICRO_BATCH_TOKENS),
            "--no-context-shift",
            "--metrics"));
    settings
        .adapter()
        .ifPresent(
            adapter ->
                arguments.addAll(
                    List.of(
                        "--lora-scaled",
                        adapter.file().toString(),
                        Float.toString((float) adapter.strength()))));
    return arguments;
  }

  private static byte[] randomBytes() {
    byte[] bytes = new byte[16];
    RANDOM.nextBytes(bytes);
    return bytes;
  }

  private static int freePort() {
    int begin = RANDOM.nextInt(PORTS);
    for (int tried = 0; tried < PORTS; tried++) {
      int port = FIRST_PORT + (begin + tried) % PORTS;
      if (isFree(port)) {
        return port;
      }
    }
    throw new IllegalStateException(
        "no loopback port from %d to %d is free".formatted(FIRST_PORT, FIRST_PORT + PORTS - 1));
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException taken) {
      return false;
    }
  }
}
