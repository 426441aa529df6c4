package dev.bitfleet.app.chat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.util.Optional;

/** A dialogue over streams that are no terminal: one question a line, no prompt, no colour. */
final class PlainScreen implements Screen {
  private final BufferedReader in;
  private final PrintWriter out;
  private final PrintWriter err;

  PlainScreen(Reader in, PrintWriter out, PrintWriter err) {
    this.in = new BufferedReader(in);
    this.out = out;
    this.err = err;
  }

  @Override
  public Line read(String prompt) {
    try {
      var text = new StringBuilder();
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        text.append(line);
        if (!ManyLines.unfinished(text.toString())) {
          return new Line.Text(ManyLines.joined(text.toString()));
        }
        text.append('\n');
      }
      return text.isEmpty() ? new Line.End() : new Line.Text(ManyLines.joined(text.toString()));
    } catch (IOException e) {
      return new Line.End();
    }
  }

  @Override
  public void piece(String text) {
    out.print(PlainText.of(text));
    out.flush();
  }

  @Override
  public void say(String line) {
    out.println(PlainText.of(line));
    out.flush();
  }

  @Override
  public void aside(String line) {
    err.println(PlainText.of(line));
    err.flush();
  }

  @Override
  public void complain(String line) {
    err.println("bitfleet: " + PlainText.of(line));
    err.flush();
  }

  @Override
  public void onInterrupt(Optional<Runnable> action) {
    // Without a terminal Ctrl-C is a signal to the process, and ends it.
  }

  @Override
  public void close() {
    out.flush();
    err.flush();
  }
}
