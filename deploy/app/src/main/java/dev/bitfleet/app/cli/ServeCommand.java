package dev.bitfleet.app.cli;

import dev.bitfleet.Bitfleet;
import dev.bitfleet.StartException;
import dev.bitfleet.app.BuildVersion;
import dev.bitfleet.app.config.ClusterConfiguration;
import dev.bitfleet.app.config.ConfigurationException;
import dev.bitfleet.app.config.ConfigurationLoader;
import dev.bitfleet.app.config.NodeRole;
import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.app.logging.ConsoleLog;
import dev.bitfleet.app.serve.StartReport;
import dev.bitfleet.proto.WorkerHeartbeat;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * {@code bitfleet serve}, {@code gateway} and {@code worker}: a gateway and its workers, or one of
 * both, until a signal ends them. All take the same settings, so that a fleet can have one file.
 */
final class ServeCommand implements BitfleetCommand.Command {
  private final NodeRole role;

  private ServeCommand(NodeRole role) {
    this.role = role;
  }

  static CommandSpec spec(NodeRole role) {
    CommandSpec spec =
        CommandSpec.wrapWithoutInspection(new ServeCommand(role)).mixinStandardHelpOptions(true);
    spec.usageMessage()
        .description(
            switch (role) {
              case BOTH -> "Serves a model: gateway and workers in this process.";
              case GATEWAY -> "Answers clients of a cluster; its other nodes compute.";
              case WORKER -> "Computes for the gateways of a cluster.";
            })
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
    try {
      configuration =
          ConfigurationLoader.ofProcess()
              .load(SettingOptions.file(arguments), SettingOptions.given(arguments));
    } catch (ConfigurationException e) {
      err.println("bitfleet: the configuration cannot be used");
      err.println(e.getMessage());
      return ExitCode.CONFIGURATION;
    }
    ConsoleLog.setLevel(configuration.logLevel());
    try {
      return serve(configuration, role, out);
    } catch (StartException e) {
      err.println("bitfleet: " + e.getMessage());
      return switch (e.reason()) {
        case CONFIGURATION -> ExitCode.CONFIGURATION;
        case NO_MODEL -> ExitCode.NO_MODEL;
        case BAD_MODEL -> ExitCode.BAD_MODEL;
        case ADDRESS_UNAVAILABLE -> ExitCode.UNAVAILABLE;
        case SOFTWARE -> ExitCode.SOFTWARE;
      };
    }
  }

  private static ExitCode serve(ServeConfiguration configuration, NodeRole role, PrintWriter out)
      throws StartException, InterruptedException {
    Bitfleet bitfleet = Bitfleet.start(configuration, role, List.of());
    var hook =
        new StopOnSignal(bitfleet, configuration.drainDelay(), configuration.drainTimeout(), out);
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      List<WorkerHeartbeat> workers = bitfleet.awaitReady();
      Duration took = Duration.ofMillis(ManagementFactory.getRuntimeMXBean().getUptime());
      StartReport.of(
              BuildVersion.current(),
              role.answers() ? Optional.of(bitfleet.url().toString()) : Optional.empty(),
              bitfleet.managementUrl().toString(),
              workers,
              configuration.cluster().map(cluster -> cluster(cluster, bitfleet.nodes())),
              took)
          .forEach(out::println);
    } catch (StartException e) {
      hook.disarm();
      throw e;
    }
    // From here on only a signal ends it, and the hook ends the process.
    new CountDownLatch(1).await();
    throw new IllegalStateException("unreachable");
  }

  private static String cluster(ClusterConfiguration cluster, int nodes) {
    return "%s, %d %s, this one at %s:%d (and %d for the bus)"
        .formatted(
            cluster.name(),
            nodes,
            nodes == 1 ? "node" : "nodes",
            cluster.host(),
            cluster.port(),
            cluster.busPort());
  }
}
