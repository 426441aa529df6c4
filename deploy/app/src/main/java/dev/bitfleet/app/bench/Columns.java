package dev.bitfleet.app.bench;

import java.util.ArrayList;
import java.util.List;

/** Rows of text under each other: the first column to the left, the others to the right. */
final class Columns {
  private static final String GAP = "   ";

  private Columns() {}

  static List<String> of(List<List<String>> rows) {
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
        line.append(i == 0 ? cell + space : GAP + space + cell);
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }
}
