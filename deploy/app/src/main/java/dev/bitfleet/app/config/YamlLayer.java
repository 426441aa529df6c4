package dev.bitfleet.app.config;

import dev.bitfleet.app.text.FileTrouble;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.dataformat.yaml.YAMLFactory;

/**
 * The configuration file as a layer.
 *
 * <p>Read token by token, not into a tree: only tokens know their line. A mapping prefixes the
 * names inside it; a list becomes its items joined by commas.
 */
final class YamlLayer {
  /** A configuration file is a page or two. */
  private static final long MAX_BYTES = 1 << 20;

  private static final int MAX_DEPTH = 8;
  private static final String MODEL = "model";

  /** What an item of {@code models} may set; each as the setting of that name does for all. */
  static final List<String> OF_A_MODEL =
      List.of(
          MODEL,
          "id",
          "slots",
          "ctx-size",
          "threads",
          "keep-alive",
          "lora",
          "lora-quant",
          "unembed-quant",
          "pooling");

  private final Path file;
  private final Map<String, Layer.Entry> entries = new LinkedHashMap<>();
  private final List<Problem> problems = new ArrayList<>();
  private final List<Map<String, Layer.Entry>> models = new ArrayList<>();

  private YamlLayer(Path file) {
    this.file = file;
  }

  /** Reads the file; what is wrong with it is among the layer's problems. */
  static Layer read(Path file) {
    Path absolute = file.toAbsolutePath().normalize();
    var layer = new YamlLayer(file);
    layer.readAll();
    Path folder = absolute.getParent();
    return new Layer(
        layer.entries, layer.problems, folder == null ? absolute : folder, layer.models);
  }

  private void readAll() {
    try {
      if (Files.size(file) > MAX_BYTES) {
        problem(1, "the file is larger than " + new DataSize(MAX_BYTES));
        return;
      }
      try (InputStream in = Files.newInputStream(file);
          JsonParser parser = new YAMLFactory().createParser(ObjectReadContext.empty(), in)) {
        JsonToken first = parser.nextToken();
        if (first == JsonToken.START_OBJECT) {
          mapping(parser, "", 1);
          if (parser.nextToken() != null) {
            problem(line(parser.currentTokenLocation()), "a second document");
          }
        } else if (first != null && first != JsonToken.VALUE_NULL) {
          problem(line(parser.currentTokenLocation()), "expected 'name: value' lines");
        }
      }
    } catch (NoSuchFileException e) {
      problem(1, FileTrouble.words(e));
    } catch (IOException e) {
      problem(1, "cannot be read: " + FileTrouble.words(e));
    } catch (JacksonException e) {
      TokenStreamLocation at = e.getLocation();
      problem(at == null ? 1 : line(at), "not YAML: " + firstLine(e.getOriginalMessage()));
    }
  }

  /** Consumes up to the END_OBJECT of a mapping whose START_OBJECT has been read. */
  private void mapping(JsonParser parser, String prefix, int depth) {
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      int line = line(parser.currentTokenLocation());
      String key = parser.currentName();
      String name = prefix.isEmpty() ? key : prefix + "-" + key;
      JsonToken value = parser.nextToken();
      switch (value) {
        case START_OBJECT -> {
          if (depth == MAX_DEPTH) {
            problem(line, "nested too deep");
            parser.skipChildren();
          } else {
            mapping(parser, name, depth + 1);
          }
        }
        case START_ARRAY -> list(parser, name, line);
        case VALUE_NULL -> problem(line, "'" + name + "' has no value; leave the line out");
        default -> put(name, parser.getString(), line);
      }
    }
  }

  private void list(JsonParser parser, String name, int line) {
    var items = new ArrayList<String>();
    var own = new ArrayList<Map<String, Layer.Entry>>();
    boolean plain = true;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken().isScalarValue()) {
        items.add(parser.getString());
        own.add(Map.of());
      } else if (name.equals(Settings.MODELS.name())
          && parser.currentToken() == JsonToken.START_OBJECT) {
        Map<String, Layer.Entry> settings = model(parser);
        // One without a name has become a problem; the others are looked at all the same.
        items.add(
            Optional.ofNullable(settings.get(MODEL))
                .map(Layer.Entry::text)
                .orElse("?" + items.size()));
        own.add(settings);
      } else {
        plain = false;
        parser.skipChildren();
      }
    }
    if (plain) {
      put(name, String.join(",", items), line);
      if (name.equals(Settings.MODELS.name())) {
        models.clear();
        models.addAll(own);
      }
    } else {
      problem(line, "'" + name + "' takes a list of plain values");
    }
  }

  /** One item of {@code models} that has settings of its own. */
  private Map<String, Layer.Entry> model(JsonParser parser) {
    int begin = line(parser.currentTokenLocation());
    var settings = new LinkedHashMap<String, Layer.Entry>();
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      int line = line(parser.currentTokenLocation());
      String key = parser.currentName();
      if (!parser.nextToken().isScalarValue()) {
        problem(line, "'" + key + "' of a model takes one value");
        parser.skipChildren();
      } else if (!OF_A_MODEL.contains(key)) {
        problem(line, Layer.unknown("setting of a model", key, OF_A_MODEL));
      } else {
        settings.put(key, new Layer.Entry(parser.getString(), new Source.FileLine(file, line)));
      }
    }
    if (!settings.containsKey(MODEL)) {
      problem(begin, "a model without 'model': name a file, or one of the model home");
    }
    return settings;
  }

  private void put(String name, String text, int line) {
    if (!Settings.names().contains(name)) {
      problem(line, Layer.unknown("setting", name, Settings.names()));
      return;
    }
    var entry = new Layer.Entry(text, new Source.FileLine(file, line));
    Layer.Entry before = entries.putIfAbsent(name, entry);
    if (before != null) {
      problem(line, "'" + name + "' is set twice, first at " + before.source());
    }
  }

  private void problem(int line, String message) {
    problems.add(new Problem(new Source.FileLine(file, line), message));
  }

  private static int line(TokenStreamLocation location) {
    return Math.max(1, location.getLineNr());
  }

  private static String firstLine(String message) {
    return message.lines().findFirst().orElse("").strip();
  }
}
