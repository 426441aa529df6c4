package dev.bitfleet.gateway.keys;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * The file of keys: YAML, one entry under {@code keys} for each. It holds hashes, never secrets.
 *
 * <pre>
 * keys:
 *   - name: web-app
 *     sha256: 9f86d0…
 *     tenant: acme                # the name, when left out
 *     scopes: [inference, conversations]
 *     requests-per-minute: 600
 *     tokens-per-minute: 100000
 *     concurrent: 8
 * </pre>
 */
public final class KeyFile {
  private static final long LARGEST = 4 << 20;
  private static final int MOST_KEYS = 10_000;
  private static final Set<String> FIELDS =
      Set.of(
          "name",
          "sha256",
          "tenant",
          "scopes",
          "requests-per-minute",
          "tokens-per-minute",
          "concurrent");

  private KeyFile() {}

  /**
   * Reads it.
   *
   * @throws KeyFileException with every problem there is
   */
  public static List<ApiKey> read(Path file) throws KeyFileException {
    List<String> problems = new ArrayList<>();
    List<ApiKey> keys = new ArrayList<>();
    try {
      if (Files.size(file) > LARGEST) {
        throw new KeyFileException(file, List.of("larger than " + LARGEST + " bytes"));
      }
      JsonNode tree = YAMLMapper.shared().readTree(Files.readString(file, StandardCharsets.UTF_8));
      for (String field : tree.propertyNames()) {
        if (!field.equals("keys")) {
          problems.add("unknown key '" + field + "'");
        }
      }
      JsonNode entries = tree.path("keys");
      if (!entries.isMissingNode() && !entries.isNull() && !entries.isArray()
          || entries.size() > MOST_KEYS) {
        problems.add("'keys' has to be a list of at most " + MOST_KEYS);
      }
      for (int i = 0; i < Math.min(entries.size(), MOST_KEYS); i++) {
        entry(entries.get(i), "keys[" + i + "]", keys, problems);
      }
      unique(keys, problems);
    } catch (NoSuchFileException e) {
      problems.add("there is no such file");
    } catch (AccessDeniedException e) {
      problems.add("cannot be read: permission denied");
    } catch (IOException e) {
      problems.add("cannot be read: " + e.getMessage());
    } catch (JacksonException e) {
      problems.add("not well-formed YAML: " + e.getOriginalMessage());
    }
    if (!problems.isEmpty()) {
      throw new KeyFileException(file, problems);
    }
    return List.copyOf(keys);
  }

  private static void entry(
      JsonNode entry, String where, List<ApiKey> keys, List<String> problems) {
    if (!entry.isObject()) {
      problems.add(where + ": not a mapping");
      return;
    }
    int before = problems.size();
    for (String field : entry.propertyNames()) {
      if (!FIELDS.contains(field)) {
        problems.add(where + ": unknown key '" + field + "'");
      }
    }
    String name = text(entry, "name", where, problems);
    String hash = text(entry, "sha256", where, problems);
    String tenant = entry.has("tenant") ? text(entry, "tenant", where, problems) : name;
    Set<Scope> scopes = scopes(entry.path("scopes"), where, problems);
    long requests = limit(entry, "requests-per-minute", Integer.MAX_VALUE, where, problems);
    long tokens = limit(entry, "tokens-per-minute", Long.MAX_VALUE / 2, where, problems);
    long concurrent = limit(entry, "concurrent", Integer.MAX_VALUE, where, problems);
    if (problems.size() > before) {
      return;
    }
    try {
      keys.add(
          new ApiKey(
              name,
              tenant,
              hash,
              scopes,
              new KeyLimits(
                  requests == 0 ? OptionalInt.empty() : OptionalInt.of((int) requests),
                  tokens == 0 ? OptionalLong.empty() : OptionalLong.of(tokens),
                  concurrent == 0 ? OptionalInt.empty() : OptionalInt.of((int) concurrent))));
    } catch (IllegalArgumentException e) {
      problems.add(where + ": " + e.getMessage());
    }
  }

  private static String text(JsonNode entry, String field, String where, List<String> problems) {
    JsonNode value = entry.path(field);
    if (!value.isString()) {
      problems.add(where + ": '" + field + "' has to be a text");
      return "";
    }
    return value.stringValue();
  }

  /** 0 when absent. */
  private static long limit(
      JsonNode entry, String field, long most, String where, List<String> problems) {
    JsonNode value = entry.path(field);
    if (value.isMissingNode() || value.isNull()) {
      return 0;
    }
    if (!value.isIntegralNumber()
        || !value.canConvertToLong()
        || value.longValue() < 1
        || value.longValue() > most) {
      problems.add(where + ": '" + field + "' has to be a whole number of at least 1");
      return 0;
    }
    return value.longValue();
  }

  private static Set<Scope> scopes(JsonNode list, String where, List<String> problems) {
    if (list.isMissingNode() || list.isNull()) {
      return Scope.USUAL;
    }
    Set<Scope> scopes = EnumSet.noneOf(Scope.class);
    for (JsonNode each : list) {
      Scope.of(each.asString())
          .ifPresentOrElse(
              scopes::add,
              () ->
                  problems.add(
                      where
                          + ": unknown scope '"
                          + each.asString()
                          + "'; there are inference, conversations and models"));
    }
    if (scopes.isEmpty()) {
      problems.add(where + ": 'scopes' is empty");
    }
    return scopes;
  }

  private static void unique(List<ApiKey> keys, List<String> problems) {
    Set<String> names = new HashSet<>();
    Set<String> hashes = new HashSet<>();
    for (ApiKey key : keys) {
      if (!names.add(key.name())) {
        problems.add("two keys are named '" + key.name() + "'");
      }
      if (!hashes.add(key.sha256())) {
        problems.add("the key of '" + key.name() + "' is there twice");
      }
    }
  }

  /** Writes it anew, whole or not at all, readable by its owner alone. */
  public static void write(Path file, List<ApiKey> keys) throws IOException {
    ObjectNode tree = YAMLMapper.shared().createObjectNode();
    ArrayNode entries = tree.putArray("keys");
    for (ApiKey key : keys) {
      ObjectNode entry = entries.addObject().put("name", key.name()).put("sha256", key.sha256());
      if (!key.tenant().equals(key.name())) {
        entry.put("tenant", key.tenant());
      }
      ArrayNode scopes = entry.putArray("scopes");
      key.scopes().stream().sorted().forEach(scope -> scopes.add(scope.wireName()));
      key.limits().requestsPerMinute().ifPresent(n -> entry.put("requests-per-minute", n));
      key.limits().tokensPerMinute().ifPresent(n -> entry.put("tokens-per-minute", n));
      key.limits().concurrent().ifPresent(n -> entry.put("concurrent", n));
    }
    Path target = file.toAbsolutePath();
    Path folder = target.getParent();
    if (folder == null) {
      throw new IOException(file + " is no file");
    }
    Files.createDirectories(folder);
    Path fresh =
        Files.createTempFile(
            folder,
            "keys",
            ".new",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      try (FileChannel out = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        out.write(ByteBuffer.wrap(YAMLMapper.shared().writeValueAsBytes(tree)));
        out.force(true);
      }
      Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }
}
