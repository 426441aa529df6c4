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
      Arguments.option(command, setting.flag(), "PATH", setting.description());
    }
    Arguments.option(command, FILE, "FILE", "YAML file of settings");
  }

  /** The configuration; empty when it cannot be used, which has been told then. */
  Optional<ServeConfiguration> read(ParseResult arguments, PrintWriter err) {
    var given = new LinkedHashMap<String, String>();
    for (Setting<?> setting : settings) {
      Arguments.text(arguments, setting.flag()).ifPresent(text -> given.put(setting.name(), text));
    }
    try {
      return Optional.of(
          ConfigurationLoader.ofProcess().load(Arguments.text(arguments, FILE), given));
    } catch (ConfigurationException e) {
      err.println("bitfleet: the configuration cannot be used");
      err.println(e.getMessage());
      return Optional.empty();
    }
  }
}
