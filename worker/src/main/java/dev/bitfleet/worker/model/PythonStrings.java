package dev.bitfleet.worker.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The methods of Python's str that chat templates call, with Python's meaning. */
final class PythonStrings {
  /** What split() may make; a list's bound elsewhere in Jinjava too. */
  static final int MAX_PARTS = 100_000;

  private PythonStrings() {}

  static Object call(String text, String method, List<Object> args) {
    return switch (method) {
      case "strip" ->
          args.isEmpty() ? strip(text, true, true) : trim(text, arg(args, 0), true, true);
      case "lstrip" ->
          args.isEmpty() ? strip(text, true, false) : trim(text, arg(args, 0), true, false);
      case "rstrip" ->
          args.isEmpty() ? strip(text, false, true) : trim(text, arg(args, 0), false, true);
      case "upper" -> text.toUpperCase(Locale.ROOT);
      case "lower" -> text.toLowerCase(Locale.ROOT);
      case "capitalize" -> capitalize(text);
      case "title" -> title(text);
      case "startswith" -> text.startsWith(arg(args, 0));
      case "endswith" -> text.endsWith(arg(args, 0));
      case "replace" -> arg(args, 0).isEmpty() ? text : text.replace(arg(args, 0), arg(args, 1));
      case "find" -> (long) text.indexOf(arg(args, 0));
      case "split" -> args.isEmpty() ? splitOnSpace(text) : split(text, arg(args, 0));
      default -> throw TemplateValueResolver.missing(method);
    };
  }

  /** str.strip() without arguments: all that str.isspace() is true of. */
  static String strip(String text, boolean left, boolean right) {
    int from = 0;
    int to = text.length();
    while (left && from < to && isSpace(text.charAt(from))) {
      from++;
    }
    while (right && to > from && isSpace(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  /** First letter upper case, all others lower, as str.capitalize(). */
  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = text.offsetByCodePoints(0, 1);
    return text.substring(0, first).toUpperCase(Locale.ROOT)
        + text.substring(first).toLowerCase(Locale.ROOT);
  }

  private static String title(String text) {
    StringBuilder out = new StringBuilder(text.length());
    boolean inWord = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      out.append(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
      inWord = Character.isLetter(c);
    }
    return out.toString();
  }

  private static String trim(String text, String chars, boolean left, boolean right) {
    int from = 0;
    int to = text.length();
    while (left && from < to && chars.indexOf(text.charAt(from)) >= 0) {
      from++;
    }
    while (right && to > from && chars.indexOf(text.charAt(to - 1)) >= 0) {
      to--;
    }
    return text.substring(from, to);
  }

  private static List<Object> split(String text, String separator) {
    if (separator.isEmpty()) {
      throw new IllegalArgumentException("split() with an empty separator");
    }
    List<Object> parts = new ArrayList<>();
    int from = 0;
    for (int at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, from)) {
      add(parts, text.substring(from, at));
      from = at + separator.length();
    }
    add(parts, text.substring(from));
    return parts;
  }

  private static List<Object> splitOnSpace(String text) {
    List<Object> parts = new ArrayList<>();
    int from = -1;
    for (int i = 0; i <= text.length(); i++) {
      boolean space = i == text.length() || isSpace(text.charAt(i));
      if (!space && from < 0) {
        from = i;
      } else if (space && from >= 0) {
        add(parts, text.substring(from, i));
        from = -1;
      }
    }
    return parts;
  }

  private static void add(List<Object> parts, String part) {
    if (parts.size() == MAX_PARTS) {
      throw new RenderScope.Abort("splits a text into more than " + MAX_PARTS + " parts");
    }
    parts.add(part);
  }

  /** str.isspace(): Unicode white space and the four separators \x1c–\x1f. */
  private static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
  }

  private static String arg(List<Object> args, int index) {
    if (index >= args.size()) {
      throw new IllegalArgumentException("a method of a string lacks an argument");
    }
    return String.valueOf(args.get(index));
  }
}
