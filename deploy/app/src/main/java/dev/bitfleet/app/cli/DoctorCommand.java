package dev.bitfleet.app.cli;

import dev.bitfleet.app.config.ConfigurationException;
import dev.bitfleet.app.config.ConfigurationLoader;
import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.app.doctor.Doctor;
import dev.bitfleet.app.doctor.Report;
import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code bitfleet doctor}: what this machine has, what is wrong, how to mend it. */
final class DoctorCommand implements BitfleetCommand.Command {
  private static final String JSON = "--json";

  static CommandSpec spec() {
    CommandSpec spec = Arguments.command(new DoctorCommand());
    spec.usageMessage()
        .description(
            "Looks at this machine as 'serve' with the same options would use it:",
            "what it has, what is wrong, how to mend it.");
    Arguments.flag(spec, JSON, "one JSON object in place of lines");
    SettingOptions.addTo(spec);
    return spec;
  }

  @Override
  public ExitCode run(ParseResult arguments, PrintWriter out, PrintWriter err) {
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
    Report report = Doctor.ofThisMachine().examine(configuration);
    if (arguments.hasMatchedOption(JSON)) {
      out.println(report.json());
    } else {
      report.text().forEach(out::println);
    }
    return report.serves() ? ExitCode.OK : ExitCode.BLOCKED;
  }
}
