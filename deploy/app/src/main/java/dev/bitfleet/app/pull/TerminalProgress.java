package dev.bitfleet.app.pull;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * A bar that redraws itself on a terminal, a line for every tenth elsewhere: a log wants no cursor
 * movements.
 */
public final class TerminalProgress implements Progress {
  private static final int BAR = 24;
  private static final long REDRAW_NANOS = 200_000_000;
  private static final int NAME = 32;

  private final PrintWriter out;
  private final boolean terminal;
  private final LongSupplier nanos;
  private String file = "";
  private long total;
  private long beganWith;
  private long beganNanos;
  private long drawnNanos;
  private int tenths;

  /**
   * @param nanos a monotonic clock
   */
  public TerminalProgress(PrintWriter out, boolean terminal, LongSupplier nanos) {
    this.out = out;
    this.terminal = terminal;
    this.nanos = nanos;
  }

  @Override
  public void say(String line) {
    out.println(line);
    out.flush();
  }

  @Override
  public void begin(String name, long done, long all) {
    file = name.length() > NAME ? "…" + name.substring(name.length() - NAME + 1) : name;
    total = all;
    beganWith = done;
    beganNanos = nanos.getAsLong();
    drawnNanos = beganNanos - REDRAW_NANOS;
    tenths = total > 0 ? (int) (10 * done / total) : 0;
    at(done);
  }

  @Override
  public void at(long done) {
    long now = nanos.getAsLong();
    if (terminal) {
      if (now - drawnNanos >= REDRAW_NANOS || done == total) {
        drawnNanos = now;
        // Erases the rest of the line, which may have been longer.
        out.print("\r" + line(done, now) + "\u001b[K");
        out.flush();
      }
      return;
    }
    int reached = total > 0 ? (int) (10 * done / total) : 0;
    if (reached > tenths) {
      tenths = reached;
      out.println(line(done, now));
      out.flush();
    }
  }

  @Override
  public void end() {
    if (terminal) {
      out.println();
      out.flush();
    }
  }

  private String line(long done, long now) {
    if (total <= 0) {
      return file + "  " + Sizes.write(done);
    }
    double share = (double) done / total;
    int full = (int) (share * BAR);
    String bar = terminal ? "▕" + "█".repeat(full) + " ".repeat(BAR - full) + "▏ " : "";
    double seconds = (now - beganNanos) / 1e9;
    double perSecond = seconds > 0.5 ? (done - beganWith) / seconds : 0;
    String pace =
        perSecond > 0 && done < total
            ? String.format(
                Locale.ROOT,
                "  %s/s  %s left",
                Sizes.write((long) perSecond),
                time((long) ((total - done) / perSecond)))
            : "";
    return String.format(
        Locale.ROOT,
        "%s %s%3d %%  %s of %s%s",
        file,
        bar,
        (int) (100 * share),
        Sizes.write(done),
        Sizes.write(total),
        pace);
  }

  private static String time(long seconds) {
    return seconds >= 3600
        ? String.format(
            Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60)
        : String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60);
  }
}
