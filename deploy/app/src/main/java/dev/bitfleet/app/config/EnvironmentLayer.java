package dev.bitfleet.app.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The environment as a layer: every variable that begins with {@code BITFLEET_}. */
final class EnvironmentLayer {
  private static final String PREFIX = "BITFLEET_";

  /** Variables of ours that are no setting: the file's place, and what the launcher reads. */
  private static final Set<String> OTHERS =
      Set.of(ConfigurationLoader.FILE_VARIABLE, "BITFLEET_JAVA_OPTS", "BITFLEET_JAVA_HOME");

  private EnvironmentLayer() {}

  static Layer of(Map<String, String> environment, Path workingFolder) {
    var byVariable = new LinkedHashMap<String, Setting<?>>();
    Settings.ALL.forEach(setting -> byVariable.put(setting.variable(), setting));
    List<String> known = Stream.concat(byVariable.keySet().stream(), OTHERS.stream()).toList();
    var entries = new LinkedHashMap<String, Layer.Entry>();
    var problems = new ArrayList<Problem>();
    new TreeMap<>(environment)
        .forEach(
            (variable, text) -> {
              Setting<?> setting = byVariable.get(variable);
              var source = new Source.Variable(variable);
              if (setting != null) {
                entries.put(setting.name(), new Layer.Entry(text, source));
              } else if (variable.startsWith(PREFIX) && !OTHERS.contains(variable)) {
                problems.add(new Problem(source, Layer.unknown("variable", variable, known)));
              }
            });
    return new Layer(entries, problems, workingFolder);
  }
}
