package dev.bitfleet.app.config;

import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How the text of a setting becomes a value.
 *
 * @param <T> the value's type
 */
@FunctionalInterface
public interface Kind<T> {

  /** CPU numbers above this are typing errors: the kernel itself stops at 8192. */
  int MAX_CPU = 8191;

  int MAX_PORT = 65_535;

  /** A name, an IPv4 address, or an IPv6 address in brackets. */
  Pattern HOST_NAME = Pattern.compile("[A-Za-z0-9._-]{1,255}|\\[[0-9a-fA-F:.]{2,45}]");

  /** The same, perhaps with a port. */
  Pattern NODE = Pattern.compile("(" + HOST_NAME.pattern() + ")(:([1-9][0-9]{0,4}))?");

  /** Scheme, hosts and name, then options; no user before the hosts. */
  Pattern DATABASE = Pattern.compile("jdbc:postgresql:(//[^\\s/?@]+/)?[^\\s/?@]+(\\?[^\\s?#@]*)?");

  /**
   * The value.
   *
   * @param base folder that a relative path starts from
   * @throws IllegalArgumentException whose message says what is wrong and what is expected
   */
  T parse(String text, Path base);

  static Kind<String> text(String what, Pattern form) {
    return (text, base) -> {
      if (!form.matcher(text).matches()) {
        throw new IllegalArgumentException("'" + text + "' is not " + what);
      }
      return text;
    };
  }

  static Kind<Integer> integer(int least, int most) {
    return (text, base) -> {
      long value;
      try {
        value = Long.parseLong(text.strip());
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("'" + text + "' is not a whole number", e);
      }
      if (value < least || value > most) {
        throw new IllegalArgumentException(
            value + " is out of range: from " + least + " to " + most);
      }
      return (int) value;
    };
  }

  static Kind<Boolean> flag() {
    return (text, base) ->
        switch (text.strip().toLowerCase(Locale.ROOT)) {
          case "true", "yes", "on", "1" -> true;
          case "false", "no", "off", "0" -> false;
          default -> throw new IllegalArgumentException("'" + text + "' is neither true nor false");
        };
  }

  static Kind<Duration> duration(Duration least, Duration most) {
    return (text, base) -> {
      Duration value = Durations.parse(text);
      if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
        throw new IllegalArgumentException(
            Durations.write(value)
                + " is out of range: from "
                + Durations.write(least)
                + " to "
                + Durations.write(most));
      }
      return value;
    };
  }

  static Kind<DataSize> size(DataSize least, DataSize most) {
    return (text, base) -> {
      DataSize value = DataSize.parse(text);
      if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
        throw new IllegalArgumentException(
            value + " is out of range: from " + least + " to " + most);
      }
      return value;
    };
  }

  static <E extends Enum<E>> Kind<E> oneOf(Class<E> type, Aliases<E> aliases) {
    return (text, base) -> {
      String wanted = text.strip().toLowerCase(Locale.ROOT);
      for (E constant : type.getEnumConstants()) {
        if (aliases.of(constant).contains(wanted)) {
          return constant;
        }
      }
      List<String> known = new ArrayList<>();
      for (E constant : type.getEnumConstants()) {
        known.addAll(aliases.of(constant));
      }
      String guess =
          Spelling.nearest(wanted, known).map(word -> "; did you mean " + word + "?").orElse("");
      throw new IllegalArgumentException(
          "'" + text + "' is none of " + String.join(", ", known) + guess);
    };
  }

  /** The words a constant goes by, the usual one first. */
  @FunctionalInterface
  interface Aliases<E extends Enum<E>> {
    List<String> of(E constant);
  }

  /** A path; {@code ~/} is the home folder, a relative one starts where it was written. */
  static Kind<Path> path() {
    return (text, base) -> {
      if (text.isBlank()) {
        throw new IllegalArgumentException("a path is needed");
      }
      try {
        return text.equals("~") || text.startsWith("~/")
            ? Path.of(System.getProperty("user.home"), text.substring(1)).normalize()
            : base.resolve(text).toAbsolutePath().normalize();
      } catch (InvalidPathException e) {
        throw new IllegalArgumentException("'" + text + "' is not a path: " + e.getReason(), e);
      }
    };
  }

  /**
   * A database of PostgreSQL, as JDBC has it. What could be a password is refused, and no message
   * shows it: URLs are written to logs.
   */
  static Kind<String> databaseUrl() {
    return (text, base) -> {
      if (!DATABASE.matcher(text).matches()) {
        throw new IllegalArgumentException(
            "this is not a database of PostgreSQL: write jdbc:postgresql://HOST/DATABASE, without a"
                + " user and a password");
      }
      int options = text.indexOf('?');
      for (String option :
          options < 0 ? new String[0] : text.substring(options + 1).split("&", -1)) {
        String name = option.replaceFirst("=.*", "");
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.contains("user") || lower.contains("password")) {
          throw new IllegalArgumentException(
              "leave '" + name + "' to journal-user and journal-password-file");
        }
        if (lower.endsWith("timeout")) {
          throw new IllegalArgumentException("'" + name + "' is Bitfleet's own: leave it out");
        }
      }
      return text;
    };
  }

  /** CPU numbers as Linux writes them: {@code 0-3,8}. Ascending, without doubles. */
  static Kind<List<Integer>> cpuList() {
    return (text, base) -> {
      var cpus = new TreeSet<Integer>();
      for (String part : text.strip().split(",", -1)) {
        String[] ends = part.strip().split("-", -1);
        try {
          int first = Integer.parseInt(ends[0].strip());
          int last = ends.length == 1 ? first : Integer.parseInt(ends[1].strip());
          if (ends.length > 2 || first < 0 || last < first || last > MAX_CPU) {
            throw new NumberFormatException(part);
          }
          for (int cpu = first; cpu <= last; cpu++) {
            cpus.add(cpu);
          }
        } catch (NumberFormatException e) {
          throw new IllegalArgumentException(
              "'" + text + "' is not a list of CPU numbers such as 0-3,8", e);
        }
      }
      return List.copyOf(cpus);
    };
  }

  /** Host names or addresses without a port, {@code loopback}, or {@code *} for any. */
  static Kind<List<String>> hostNames() {
    return (text, base) -> {
      var names = new ArrayList<String>();
      for (String part : text.split(",", -1)) {
        String name = part.strip();
        if (name.isEmpty()) {
          continue;
        }
        if (!name.equals("*") && !HOST_NAME.matcher(name).matches()) {
          throw new IllegalArgumentException(
              "'" + name + "' is not a host name without a port, nor loopback, nor *");
        }
        names.add(name);
      }
      if (names.isEmpty()) {
        throw new IllegalArgumentException("no host name");
      }
      return List.copyOf(names);
    };
  }

  /** Hosts, each perhaps with a port, separated by commas. */
  static Kind<List<String>> nodes() {
    return (text, base) -> {
      List<String> nodes = names().parse(text, base);
      for (String node : nodes) {
        Matcher parts = NODE.matcher(node);
        if (!parts.matches()) {
          throw new IllegalArgumentException("'" + node + "' is neither HOST nor HOST:PORT");
        }
        if (parts.group(3) != null && Integer.parseInt(parts.group(3)) > MAX_PORT) {
          throw new IllegalArgumentException("'" + node + "' has no port from 1 to " + MAX_PORT);
        }
      }
      return nodes;
    };
  }

  /** Names separated by commas; at least one, none twice. */
  static Kind<List<String>> names() {
    return (text, base) -> {
      var names = new ArrayList<String>();
      for (String part : text.split(",", -1)) {
        String name = part.strip();
        if (name.isEmpty()) {
          throw new IllegalArgumentException("'" + text + "' has an empty name in it");
        }
        if (names.contains(name)) {
          throw new IllegalArgumentException("'" + name + "' is named twice");
        }
        names.add(name);
      }
      return List.copyOf(names);
    };
  }

  /** Web origins, {@code loopback}, or {@code *} for any; separated by commas. */
  static Kind<List<String>> origins() {
    return (text, base) -> {
      var origins = new ArrayList<String>();
      for (String part : text.split(",", -1)) {
        String origin = part.strip();
        if (!origin.isEmpty()) {
          origins.add(checkedOrigin(origin));
        }
      }
      return List.copyOf(origins);
    };
  }

  private static String checkedOrigin(String origin) {
    if (origin.equals("*") || origin.equals("loopback")) {
      return origin;
    }
    try {
      URI uri = URI.create(origin);
      String rest = Optional.ofNullable(uri.getRawPath()).orElse("");
      if (uri.getScheme() != null
          && uri.getHost() != null
          && rest.isEmpty()
          && uri.getRawQuery() == null) {
        return origin;
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(notAnOrigin(origin), e);
    }
    throw new IllegalArgumentException(notAnOrigin(origin));
  }

  private static String notAnOrigin(String origin) {
    return "'"
        + origin
        + "' is not an origin: write a scheme and host, such as https://app.example";
  }

  /** {@code auto}, or what the other kind reads. */
  static <T> Kind<Optional<T>> orAuto(Kind<T> kind) {
    return (text, base) ->
        text.strip().equals("auto") ? Optional.empty() : Optional.of(kind.parse(text, base));
  }

  /** The same, present: for settings that may be left out. */
  static <T> Kind<Optional<T>> optional(Kind<T> kind) {
    return (text, base) -> Optional.of(kind.parse(text, base));
  }

  /** CPU numbers in the form {@link #cpuList} reads. */
  static String writeCpuList(List<Integer> cpus) {
    return cpus.stream().map(String::valueOf).collect(Collectors.joining(","));
  }
}
