package dev.bitfleet.app.text;

import java.util.ArrayList;
import java.util.List;

/** Rows of text under each other. */
public final class Columns {
  private static final String GAP = "   ";

  private Columns() {}

  /** For figures: the first column to the left, the others to the right. */
  public static List<String> ofFigures(List<List<String>> rows) {
    return lines(rows, false);
  }

  /** For words: all columns to the left. */
  public static List<String> ofWords(List<List<String>> rows) {
    return lines(rows, true);
  }

  private static List<String> lines(List<List<String>> rows, boolean left) {
    int columns = rows.stream().mapToInt(List::size).max().orElse(0);
    var widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    var lines = new ArrayList<String>(rows.size());
    for (List<String> row : rows) {
      var line = new StringBuilder();
      for (int i = 0; i < row.size(); i++) {
        String cell = row.get(i);
        String space = " ".repeat(widths[i] - cell.length());
        line.append(i == 0 ? "" : GAP).append(left || i == 0 ? cell + space : space + cell);
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }
}
