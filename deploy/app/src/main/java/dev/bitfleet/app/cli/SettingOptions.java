package dev.bitfleet.app.cli;

import dev.bitfleet.app.config.Setting;
import dev.bitfleet.app.config.Settings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * One command-line option for each setting. All are plain text here: the configuration parses them,
 * so that a wrong flag is told together with a wrong line of the file.
 */
final class SettingOptions {
  private static final String FILE = "--config";

  private SettingOptions() {}

  static void addTo(CommandSpec command) {
    Arguments.several(
        command,
        "MODEL",
        Settings.MODEL_NAME.description()
            + "; of several, the first serves requests that name none");
    Arguments.option(command, FILE, "FILE", "YAML file of settings, each named as its flag is");
    for (Setting<?> setting : Settings.ALL) {
      if (setting == Settings.MODEL_NAME) {
        continue;
      }
      if (setting.fallback() instanceof Boolean) {
        Arguments.flag(command, setting.flag(), setting.description());
      } else {
        Arguments.option(command, setting.flag(), "VALUE", setting.description());
      }
    }
  }

  /** The file that {@code --config} names. */
  static Optional<String> file(ParseResult arguments) {
    return Arguments.text(arguments, FILE);
  }

  /** The written form of every setting that was given, by name. */
  static Map<String, String> given(ParseResult arguments) {
    var given = new LinkedHashMap<String, String>();
    List<String> models = arguments.matchedPositionalValue(0, List.of());
    if (models.size() == 1) {
      given.put(Settings.MODEL_NAME.name(), models.getFirst());
    } else if (models.size() > 1) {
      given.put(Settings.MODELS.name(), String.join(",", models));
    }
    for (Setting<?> setting : Settings.ALL) {
      if (arguments.hasMatchedOption(setting.flag())) {
        given.put(
            setting.name(),
            String.valueOf(arguments.matchedOption(setting.flag()).<Object>getValue()));
      }
    }
    return given;
  }
}
