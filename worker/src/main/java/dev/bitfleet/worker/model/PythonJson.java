package dev.bitfleet.worker.model;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON text as Python's json.dumps writes it with ensure_ascii off, which is what transformers'
 * {@code tojson} is: models were trained on its blanks. Source: CPython, Lib/json/encoder.py.
 */
final class PythonJson {
  private static final int MAX_DEPTH = 200;

  private final StringBuilder out = new StringBuilder();
  private final int indent;

  private PythonJson(int indent) {
    this.indent = indent;
  }

  /** On one line, with a blank after each comma and colon. */
  static String line(@Nullable Object value) {
    return write(value, -1);
  }

  /**
   * @param indent blanks for each level, a line for each element; negative = all on one line
   */
  static String write(@Nullable Object value, int indent) {
    PythonJson json = new PythonJson(indent);
    json.value(value, 0);
    return json.out.toString();
  }

  private void value(@Nullable Object value, int depth) {
    if (depth > MAX_DEPTH) {
      throw new IllegalArgumentException("JSON nested deeper than " + MAX_DEPTH);
    }
    switch (value) {
      case null -> out.append("null");
      case Map<?, ?> map -> map(map, depth);
      case List<?> list -> list(list, depth);
      case Boolean truth -> out.append(truth);
      case Double number -> number(number);
      case Float number -> number(number.doubleValue());
      case BigDecimal number -> out.append(number);
      case Number number -> out.append(number);
      default -> string(value.toString());
    }
  }

  private void number(double number) {
    if (Double.isNaN(number)) {
      out.append("NaN");
    } else if (Double.isInfinite(number)) {
      out.append(number > 0 ? "Infinity" : "-Infinity");
    } else {
      out.append(number);
    }
  }

  private void map(Map<?, ?> map, int depth) {
    if (map.isEmpty()) {
      out.append("{}");
      return;
    }
    out.append('{');
    boolean first = true;
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      separate(first, depth + 1);
      string(String.valueOf(entry.getKey()));
      out.append(": ");
      value(entry.getValue(), depth + 1);
      first = false;
    }
    newLine(depth);
    out.append('}');
  }

  private void list(List<?> list, int depth) {
    if (list.isEmpty()) {
      out.append("[]");
      return;
    }
    out.append('[');
    boolean first = true;
    for (Object element : list) {
      separate(first, depth + 1);
      value(element, depth + 1);
      first = false;
    }
    newLine(depth);
    out.append(']');
  }

  private void separate(boolean first, int depth) {
    if (!first) {
      out.append(indent < 0 ? ", " : ",");
    }
    newLine(depth);
  }

  private void newLine(int depth) {
    if (indent >= 0) {
      out.append('\n').repeat(' ', indent * depth);
    }
  }

  private void string(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < 0x20) {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
