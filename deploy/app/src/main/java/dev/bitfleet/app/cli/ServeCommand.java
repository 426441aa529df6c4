package dev.bitfleet.app.cli;

import dev.bitfleet.app.BuildVersion;
import dev.bitfleet.app.config.ConfigurationException;
import dev.bitfleet.app.config.ConfigurationLoader;
import dev.bitfleet.app.config.ModelConfiguration;
import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.app.logging.ConsoleLog;
import dev.bitfleet.app.model.BundledModel;
import dev.bitfleet.app.serve.FleetPlan;
import dev.bitfleet.app.serve.LocalFleet;
import dev.bitfleet.app.serve.StartReport;
import dev.bitfleet.app.serve.WorkerFailedException;
import dev.bitfleet.gateway.keys.KeyFileException;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.home.ModelHome;
import dev.bitfleet.worker.home.ModelNotFoundException;
import dev.bitfleet.worker.model.ModelFile;
import dev.bitfleet.worker.model.ModelFileException;
import dev.bitfleet.worker.topology.CpuTopology;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.net.BindException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code bitfleet serve}: a gateway and its workers, until a signal ends them. */
final class ServeCommand implements BitfleetCommand.Command {
  private static final String NODE = "local";
  private static final Duration STOP_WITHIN = Duration.ofSeconds(5);

  static CommandSpec spec() {
    CommandSpec spec =
        CommandSpec.wrapWithoutInspection(new ServeCommand()).mixinStandardHelpOptions(true);
    spec.usageMessage()
        .description("Serves a model: gateway and workers in this process.")
        .footer(
            "",
            "Each option is also a name in the file of --config (port: 8080) and a variable of the",
            "environment (BITFLEET_PORT=8080). A flag beats a variable, which beats the file.");
    SettingOptions.addTo(spec);
    return spec;
  }

  @Override
  public ExitCode run(ParseResult arguments, PrintWriter out, PrintWriter err) throws Exception {
    ServeConfiguration configuration;
    ModelHome home;
    List<Path> models = new ArrayList<>();
    try {
      configuration =
          ConfigurationLoader.ofProcess()
              .load(SettingOptions.file(arguments), SettingOptions.given(arguments));
      ConsoleLog.setLevel(configuration.logLevel());
      home = home(configuration);
      for (ModelConfiguration.Wish wish : configuration.model().wishes()) {
        Path model = home.find(wish.model().orElse(BundledModel.ID), Path.of("").toAbsolutePath());
        // The worker would find out too, and go on trying; at a start a person is watching.
        var unused = ModelFile.read(model);
        models.add(model);
      }
    } catch (ConfigurationException e) {
      err.println("bitfleet: the configuration cannot be used");
      err.println(e.getMessage());
      return ExitCode.CONFIGURATION;
    } catch (ModelNotFoundException e) {
      return failed(err, ExitCode.NO_MODEL, e.getMessage());
    } catch (ModelFileException e) {
      return failed(err, ExitCode.BAD_MODEL, "the model cannot be used: " + e.getMessage());
    } catch (IOException e) {
      return failed(err, ExitCode.SOFTWARE, "the model cannot be read or unpacked: " + e);
    }
    return switch (FleetPlan.of(configuration, CpuTopology.ofThisMachine(), home, models, NODE)) {
      case FleetPlan.Outcome.Impossible impossible -> {
        err.println("bitfleet: the configuration does not fit this machine");
        impossible.problems().forEach(problem -> err.println("  " + problem));
        yield ExitCode.CONFIGURATION;
      }
      case FleetPlan.Outcome.Planned planned -> serve(planned.plan(), configuration, out, err);
    };
  }

  private static ModelHome home(ServeConfiguration configuration) throws IOException {
    return new ModelHome(
        configuration.model().home(),
        BundledModel.extract(configuration.dataDir())
            .map(file -> Map.of(BundledModel.ID, file))
            .orElse(Map.of()));
  }

  private static ExitCode serve(
      FleetPlan plan, ServeConfiguration configuration, PrintWriter out, PrintWriter err)
      throws InterruptedException {
    LocalFleet fleet;
    try {
      fleet = LocalFleet.start(plan);
    } catch (ExecutionException e) {
      return startFailed(e.getCause(), configuration, err);
    }
    var hook = new StopOnSignal(fleet, configuration.drainTimeout(), out);
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      List<WorkerHeartbeat> workers = fleet.ready().toCompletionStage().toCompletableFuture().get();
      Duration took = Duration.ofMillis(ManagementFactory.getRuntimeMXBean().getUptime());
      StartReport.of(
              BuildVersion.current(),
              url(configuration.http().host(), fleet.port()),
              url(configuration.management().host(), fleet.managementPort()),
              workers,
              took)
          .forEach(out::println);
    } catch (ExecutionException e) {
      hook.disarm();
      stopAtOnce(fleet);
      return startFailed(e.getCause(), configuration, err);
    }
    // From here on only a signal ends it, and the hook ends the process.
    new CountDownLatch(1).await();
    throw new IllegalStateException("unreachable");
  }

  /** Nobody was served yet. */
  private static void stopAtOnce(LocalFleet fleet) throws InterruptedException {
    try {
      fleet.stop(STOP_WITHIN);
    } catch (TimeoutException e) {
      LoggerFactory.getLogger(ServeCommand.class).warn("not all of it stopped in time");
    }
  }

  private static ExitCode startFailed(
      @Nullable Throwable cause, ServeConfiguration configuration, PrintWriter err) {
    return switch (cause) {
      case WorkerFailedException e -> failed(err, ExitCode.BAD_MODEL, e.getMessage());
      case KeyFileException e -> failed(err, ExitCode.CONFIGURATION, "api-keys: " + e.getMessage());
      case BindException e -> addressUnavailable(e, configuration, err);
      case UnknownHostException e -> addressUnavailable(e, configuration, err);
      case UnresolvedAddressException e -> addressUnavailable(e, configuration, err);
      case null -> failed(err, ExitCode.SOFTWARE, "the start failed");
      default -> failed(err, ExitCode.SOFTWARE, "the start failed: " + cause);
    };
  }

  private static ExitCode addressUnavailable(
      Exception cause, ServeConfiguration configuration, PrintWriter err) {
    return failed(
        err,
        ExitCode.UNAVAILABLE,
        "cannot listen on %s:%d (API) and %s:%d (management): %s. Choose others with --port and --management-port; 0 picks free ones."
            .formatted(
                configuration.http().host(),
                configuration.http().port(),
                configuration.management().host(),
                configuration.management().port(),
                cause.getMessage()));
  }

  private static ExitCode failed(PrintWriter err, ExitCode code, @Nullable String message) {
    err.println("bitfleet: " + message);
    return code;
  }

  /** An address a program on this machine can call. */
  private static String url(String host, int port) {
    String reachable =
        switch (host) {
          case "0.0.0.0" -> "127.0.0.1";
          case "::" -> "[::1]";
          default -> host.contains(":") ? "[" + host + "]" : host;
        };
    return "http://" + reachable + ":" + port;
  }
}
