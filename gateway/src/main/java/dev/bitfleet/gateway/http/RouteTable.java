package dev.bitfleet.gateway.http;

import dev.bitfleet.gateway.contract.Operation;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Finds the operation for a method and a path. A dozen templates are compared one by one; that is
 * faster than anything clever, and its answers about wrong methods are exact.
 */
final class RouteTable {

  /** What was found. */
  sealed interface Match {
    /** Parameters are percent-decoded. */
    record Found(Operation operation, Map<String, String> parameters) implements Match {}

    /** The path exists, but not with this method; these it has. */
    record WrongMethod(String allow) implements Match {}

    /** No such path. */
    record Nothing() implements Match {}

    /** The path cannot be decoded. */
    record Malformed() implements Match {}
  }

  private record Template(Operation operation, List<String> segments) {}

  private final List<Template> templates =
      Arrays.stream(Operation.values()).map(op -> new Template(op, op.segments())).toList();

  /**
   * @param path as it came, percent-encoded, without the query
   */
  Match find(String method, String path) {
    if (!path.startsWith("/")) {
      return new Match.Nothing();
    }
    String[] segments = path.substring(1).split("/", -1);
    TreeSet<String> allowed = new TreeSet<>();
    // HEAD is GET without the body.
    String wanted = method.equals("HEAD") ? "GET" : method;
    for (Template template : templates) {
      if (!fits(template.segments(), segments)) {
        continue;
      }
      Operation operation = template.operation();
      if (operation.method().equals(wanted)) {
        return parameters(template.segments(), segments)
            .<Match>map(parameters -> new Match.Found(operation, parameters))
            .orElseGet(Match.Malformed::new);
      }
      allowed.add(operation.method());
      if (operation.method().equals("GET")) {
        allowed.add("HEAD");
      }
    }
    if (allowed.isEmpty()) {
      return new Match.Nothing();
    }
    allowed.add("OPTIONS");
    return new Match.WrongMethod(String.join(", ", allowed));
  }

  private static boolean fits(List<String> template, String[] path) {
    for (int i = 0; i < template.size(); i++) {
      String segment = template.get(i);
      if (i >= path.length || path[i].isEmpty()) {
        return false;
      }
      if (segment.endsWith("+}")) {
        return true;
      }
      if (!segment.startsWith("{") && !segment.equals(path[i])) {
        return false;
      }
    }
    return path.length == template.size();
  }

  private static Optional<Map<String, String>> parameters(List<String> template, String[] path) {
    Map<String, String> parameters = new HashMap<>();
    for (int i = 0; i < template.size(); i++) {
      String segment = template.get(i);
      if (!segment.startsWith("{")) {
        continue;
      }
      boolean rest = segment.endsWith("+}");
      String raw = rest ? String.join("/", Arrays.asList(path).subList(i, path.length)) : path[i];
      Optional<String> decoded = decode(raw);
      if (decoded.isEmpty()) {
        return Optional.empty();
      }
      parameters.put(segment.substring(1, segment.length() - (rest ? 2 : 1)), decoded.get());
    }
    return Optional.of(parameters);
  }

  /** Percent-decodes; unlike in a form, '+' is itself. Empty when that is not UTF-8. */
  private static Optional<String> decode(String raw) {
    if (raw.indexOf('%') < 0) {
      return Optional.of(raw);
    }
    ByteBuffer bytes = ByteBuffer.allocate(raw.length() * 3);
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      if (c != '%') {
        bytes.put(String.valueOf(c).getBytes(StandardCharsets.UTF_8));
        continue;
      }
      if (i + 2 >= raw.length()) {
        return Optional.empty();
      }
      int high = Character.digit(raw.charAt(i + 1), 16);
      int low = Character.digit(raw.charAt(i + 2), 16);
      if (high < 0 || low < 0) {
        return Optional.empty();
      }
      bytes.put((byte) (high << 4 | low));
      i += 2;
    }
    try {
      return Optional.of(StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }
}
