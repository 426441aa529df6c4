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

/**
 * The few settings that matter to a command that serves nothing; the others are as {@code serve}
 * would find them.
 */
record FewSettings(List<Setting<?>> settings) {
  /** Where the models are. */
  static final FewSettings MODEL_HOME =
      new FewSettings(List.of(Settings.MODEL_HOME, Settings.DATA_DIR));

  /** Where the API keys are. */
  static final FewSettings API_KEYS =
      new FewSettings(List.of(Settings.API_KEYS, Settings.DATA_DIR));

  /** Where things are kept. */
  static final FewSettings DATA_DIR = new FewSettings(List.of(Settings.DATA_DIR));

  private static final String FILE = "--config";

  void addTo(CommandSpec command) {
    for (Setting<?> setting : settings) {
      command.addOption(
          OptionSpec.builder(setting.flag())
              .paramLabel("PATH")
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
  Optional<ServeConfiguration> read(ParseResult arguments, PrintWriter err) {
    var given = new LinkedHashMap<String, String>();
    for (Setting<?> setting : settings) {
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
