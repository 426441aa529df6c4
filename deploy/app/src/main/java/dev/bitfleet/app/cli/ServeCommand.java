package dev.bitfleet.app.cli;

import dev.bitfleet.Bitfleet;
import dev.bitfleet.StartException;
import dev.bitfleet.app.BuildVersion;
import dev.bitfleet.app.config.ConfigurationException;
import dev.bitfleet.app.config.ConfigurationLoader;
import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.app.logging.ConsoleLog;
import dev.bitfleet.app.serve.StartReport;
import dev.bitfleet.proto.WorkerHeartbeat;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code bitfleet serve}: a gateway and its workers, until a signal ends them. */
final class ServeCommand implements BitfleetCommand.Command {
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
      return serve(configuration, out);
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

  private static ExitCode serve(ServeConfiguration configuration, PrintWriter out)
      throws StartException, InterruptedException {
    Bitfleet bitfleet = Bitfleet.start(configuration, List.of());
    var hook = new StopOnSignal(bitfleet, configuration.drainTimeout(), out);
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      List<WorkerHeartbeat> workers = bitfleet.awaitReady();
      Duration took = Duration.ofMillis(ManagementFactory.getRuntimeMXBean().getUptime());
      StartReport.of(
              BuildVersion.current(),
              bitfleet.url().toString(),
              bitfleet.managementUrl().toString(),
              workers,
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
}
