package dev.bitfleet.app.cli;

import dev.bitfleet.app.BuildVersion;
import dev.bitfleet.app.config.ConfigurationException;
import dev.bitfleet.app.config.ConfigurationLoader;
import dev.bitfleet.app.doctor.BundledEngineProbe;
import dev.bitfleet.proto.ProtocolVersion;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code bitfleet version}: this build, the JVM under it, the engine inside it. */
final class VersionCommand implements BitfleetCommand.Command {

  static CommandSpec spec() {
    CommandSpec spec =
        CommandSpec.wrapWithoutInspection(new VersionCommand()).mixinStandardHelpOptions(true);
    spec.usageMessage().description("Prints the versions of Bitfleet, its JVM and its engine.");
    return spec;
  }

  @Override
  public ExitCode run(ParseResult arguments, PrintWriter out, PrintWriter err)
      throws ConfigurationException {
    out.println("bitfleet  " + BuildVersion.current());
    out.println("fleet     protocol " + ProtocolVersion.FLEET);
    out.printf(
        "jvm       %s %s (%s)%n",
        System.getProperty("java.vm.name"),
        System.getProperty("java.vm.version"),
        System.getProperty("java.vendor"));
    var dataDir = ConfigurationLoader.ofProcess().load(Optional.empty(), Map.of()).dataDir();
    BundledEngineProbe.of(dataDir).describe().forEach(line -> out.println("engine    " + line));
    return ExitCode.OK;
  }
}
