package dev.bitfleet.app.cli;

import dev.bitfleet.app.config.ConfigurationLoader;
import dev.bitfleet.app.model.BundledModel;
import dev.bitfleet.app.serve.Rehearsal;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code bitfleet rehearse}: for the launcher, which makes later starts faster with it. */
final class RehearseCommand implements BitfleetCommand.Command {
  private static final String DATA_DIR = "--data-dir";

  static CommandSpec spec() {
    CommandSpec spec =
        CommandSpec.wrapWithoutInspection(new RehearseCommand()).mixinStandardHelpOptions(true);
    spec.usageMessage()
        .hidden(true)
        .description("Starts, answers itself twice, and stops; see the launcher.");
    spec.addOption(
        OptionSpec.builder(DATA_DIR)
            .type(String.class)
            .required(true)
            .paramLabel("FOLDER")
            .description("where engine and model are unpacked")
            .build());
    return spec;
  }

  @Override
  public ExitCode run(ParseResult arguments, PrintWriter out, PrintWriter err) throws Exception {
    // The environment is left out: what an operator has set is none of a rehearsal's business.
    var configuration =
        new ConfigurationLoader(
                Map.of(),
                Path.of("").toAbsolutePath(),
                Path.of(System.getProperty("user.home", "/")))
            .load(
                Optional.empty(),
                Map.of(
                    "port", "0",
                    "management-port", "0",
                    "data-dir", arguments.<String>matchedOptionValue(DATA_DIR, "")));
    Optional<Path> model = BundledModel.extract(configuration.dataDir());
    if (model.isEmpty()) {
      err.println("bitfleet: this jar carries no demo model to rehearse with");
      return ExitCode.NO_MODEL;
    }
    Rehearsal.run(configuration, model.get());
    return ExitCode.OK;
  }
}
