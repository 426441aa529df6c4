package dev.bitfleet.worker.model;

import java.util.regex.Pattern;

/** What is rewritten in a template's text, since Jinjava reads it otherwise than Jinja does. */
final class TemplateSource {
  private static final String NAMESPACE = "namespace(";

  private static final Pattern GENERATION = Pattern.compile("(\\{%-?\\s*)generation(\\s*-?%})");
  private static final Pattern END_OF_GENERATION =
      Pattern.compile("(\\{%-?\\s*)endgeneration(\\s*-?%})");

  private TemplateSource() {}

  static String adapt(String source) {
    // A reversed slice is the one step that published templates use; Jinjava has no steps.
    String adapted = source.replace("[::-1]", "|reverse|list");
    adapted = parenthesize(adapted);
    // transformers' marks of what a model says; they render what is between them.
    adapted = GENERATION.matcher(adapted).replaceAll("$1if true$2");
    adapted = END_OF_GENERATION.matcher(adapted).replaceAll("$1endif$2");
    // Jinja drops a newline at the very end.
    return adapted.endsWith("\n") ? adapted.substring(0, adapted.length() - 1) : adapted;
  }

  /**
   * {@code namespace(a=b - 1)} becomes {@code namespace(a=(b - 1))}: Jinjava takes the former for
   * {@code (a=b) - 1}.
   */
  private static String parenthesize(String source) {
    StringBuilder out = new StringBuilder(source.length());
    int from = 0;
    for (int at = source.indexOf(NAMESPACE); at >= 0; at = source.indexOf(NAMESPACE, from)) {
      int begin = at + NAMESPACE.length();
      int end = endOfArguments(source, begin);
      if (end < 0) {
        break;
      }
      out.append(source, from, begin);
      arguments(source.substring(begin, end), out);
      from = end;
    }
    return out.append(source, from, source.length()).toString();
  }

  private static void arguments(String arguments, StringBuilder out) {
    int from = 0;
    while (from <= arguments.length()) {
      int end = endOfArgument(arguments, from);
      String argument = arguments.substring(from, end);
      int equals = argument.indexOf('=');
      if (equals > 0 && argument.substring(0, equals).strip().matches("\\w+")) {
        out.append(argument, 0, equals + 1).append('(').append(argument.substring(equals + 1));
        out.append(')');
      } else {
        out.append(argument);
      }
      if (end < arguments.length()) {
        out.append(',');
      }
      from = end + 1;
    }
  }

  /** Where the bracket closes; −1 when it does not. */
  private static int endOfArguments(String text, int from) {
    int at = from;
    while (at < text.length()) {
      at = endOfArgument(text, at);
      if (at >= text.length() || text.charAt(at) == ')') {
        return at < text.length() ? at : -1;
      }
      at++;
    }
    return -1;
  }

  /** The next comma or closing bracket that is within no bracket and no quotes; or the end. */
  private static int endOfArgument(String text, int from) {
    int depth = 0;
    char quote = 0;
    for (int at = from; at < text.length(); at++) {
      char c = text.charAt(at);
      if (quote != 0) {
        if (c == '\\') {
          at++;
        } else if (c == quote) {
          quote = 0;
        }
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '(' || c == '[' || c == '{') {
        depth++;
      } else if (c == ')' || c == ']' || c == '}') {
        if (depth == 0) {
          return at;
        }
        depth--;
      } else if (c == ',' && depth == 0) {
        return at;
      }
    }
    return text.length();
  }
}
