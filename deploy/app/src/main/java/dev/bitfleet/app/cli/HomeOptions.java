package dev.bitfleet.app.cli;

import dev.bitfleet.app.config.ConfigurationException;
import dev.bitfleet.app.config.ConfigurationLoader;
import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.app.config.Setting;
import dev.bitfleet.app.config.Settings;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** Where the model home is, for commands that serve nothing: as {@code serve} would find it. */
final class HomeOptions {
  private static final String FILE = "--config";
  private static final List<Setting<?>> SETTINGS = List.of(Settings.MODEL_HOME, Settings.DATA_DIR);

  private HomeOptions() {}

  static void addTo(CommandSpec command) {
    for (Setting<?> setting : SETTINGS) {
      command.addOption(
          OptionSpec.builder(setting.flag())
              .paramLabel("FOLDER")
              .type(String.class)
              .description(setting.description())
              .build());
    }
    command.addOption(
        OptionSpec.builder(FILE)
            .paramLabel("FILE")
            .type(String.class)
            .description("YAML file of settings")
            .build());
  }

  /** The configuration; empty when it cannot be used, which has been told then. */
  static Optional<ServeConfiguration> read(ParseResult arguments, PrintWriter err) {
    var given = new LinkedHashMap<String, String>();
    for (Setting<?> setting : SETTINGS) {
      String text = arguments.matchedOptionValue(setting.flag(), (String) null);
      if (text != null) {
        given.put(setting.name(), text);
      }
    }
    try {
      return Optional.of(
          ConfigurationLoader.ofProcess()
              .load(Optional.ofNullable(arguments.matchedOptionValue(FILE, (String) null)), given));
    } catch (ConfigurationException e) {
      err.println("bitfleet: the configuration cannot be used");
      err.println(e.getMessage());
      return Optional.empty();
    }
  }
}
