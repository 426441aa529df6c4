package dev.bitfleet.app.deployment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * A place in a YAML file of {@code deploy}, with anchors and merge keys resolved.
 *
 * @param path as {@link #at} was asked for it, for messages
 * @param value a map, a list, or a scalar
 */
record Document(String path, Object value) {
  private static final Path FOLDER = Path.of(System.getProperty("bitfleet.repository"), "deploy");

  /** All documents of a file. */
  static List<Document> all(String file) throws IOException {
    var documents = new ArrayList<Document>();
    new Load(LoadSettings.builder().setLabel(file).build())
        .loadAllFromString(Files.readString(FOLDER.resolve(file)))
        .forEach(each -> documents.add(new Document(file, merged(each))));
    return documents;
  }

  /** What is written beside {@code <<} beats what it brings. */
  private static Object merged(Object value) {
    return switch (value) {
      case Map<?, ?> map -> {
        var all = new LinkedHashMap<String, Object>();
        if (map.get("<<") instanceof Map<?, ?> base) {
          base.forEach((key, each) -> all.put(String.valueOf(key), merged(each)));
        }
        map.forEach(
            (key, each) -> {
              if (!key.equals("<<")) {
                all.put(String.valueOf(key), merged(each));
              }
            });
        yield all;
      }
      case List<?> list -> list.stream().map(Document::merged).toList();
      case null -> "";
      default -> value;
    };
  }

  /** What is there: keys, or indexes of a list. */
  Document at(Object... steps) {
    Document here = this;
    for (Object step : steps) {
      Document from = here;
      here =
          from.find(step)
              .orElseThrow(() -> new NoSuchElementException(from.path + " has no " + step));
    }
    return here;
  }

  Optional<Document> find(Object step) {
    Object found =
        switch (value) {
          case Map<?, ?> map -> map.get(step);
          case List<?> list -> step instanceof Integer index ? list.get(index) : null;
          default -> null;
        };
    return Optional.ofNullable(found).map(each -> new Document(path + "/" + step, each));
  }

  /** The elements of a list. */
  List<Document> each() {
    if (!(value instanceof List<?> list)) {
      throw new NoSuchElementException(path + " is no list");
    }
    var elements = new ArrayList<Document>();
    for (int i = 0; i < list.size(); i++) {
      elements.add(at(i));
    }
    return elements;
  }

  /** A map of scalars. */
  Map<String, String> texts() {
    if (!(value instanceof Map<?, ?> map)) {
      throw new NoSuchElementException(path + " is no map");
    }
    var texts = new LinkedHashMap<String, String>();
    map.forEach((key, each) -> texts.put(String.valueOf(key), String.valueOf(each)));
    return texts;
  }

  String text() {
    return String.valueOf(value);
  }

  int number() {
    return Integer.parseInt(text());
  }
}
