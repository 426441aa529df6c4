package dev.bitfleet.app.chat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jline.keymap.KeyMap;
import org.jline.reader.Binding;
import org.jline.reader.EOFError;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.Macro;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jline.terminal.Terminal;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** A dialogue on a terminal: editing, history over runs, completion of commands, colours. */
final class TerminalScreen implements Screen {
  private static final AttributedStyle DIM = AttributedStyle.DEFAULT.faint();
  private static final AttributedStyle RED =
      AttributedStyle.DEFAULT.foreground(AttributedStyle.RED);
  private static final AttributedStyle GREEN =
      AttributedStyle.DEFAULT.foreground(AttributedStyle.GREEN);

  private final Terminal terminal;
  private final LineReader reader;
  private volatile @Nullable Runnable interrupt;

  /**
   * @param terminal closed with the screen
   * @param history file of what was written at the prompt, over runs
   * @param words offered when Tab is pressed
   */
  TerminalScreen(Terminal terminal, Path history, Iterable<String> words) {
    this.terminal = terminal;
    // Outside of reading a line, Ctrl-C is for the answer that is coming in.
    terminal.handle(
        Terminal.Signal.INT,
        signal -> {
          Runnable action = interrupt;
          if (action != null) {
            action.run();
          }
        });
    reader =
        LineReaderBuilder.builder()
            .terminal(terminal)
            .parser(new LineParser())
            .completer(new StringsCompleter(words))
            .variable(LineReader.HISTORY_FILE, history)
            .variable(LineReader.SECONDARY_PROMPT_PATTERN, "  ")
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
            .option(LineReader.Option.BRACKETED_PASTE, true)
            .build();
    // Alt-Enter puts a line break where Enter would send.
    KeyMap<Binding> keys = reader.getKeyMaps().get(LineReader.MAIN);
    if (keys != null) {
      keys.bind(new Macro(KeyMap.ctrl('V') + KeyMap.ctrl('J')), KeyMap.alt('\r'));
    }
  }

  /** Sends lines as they stand: quotes and backslashes are the person's own. */
  private static final class LineParser extends DefaultParser {
    LineParser() {
      setQuoteChars(new char[0]);
      setEscapeChars(new char[0]);
    }

    @Override
    public ParsedLine parse(String line, int cursor, Parser.ParseContext context) {
      if (context == Parser.ParseContext.ACCEPT_LINE && ManyLines.unfinished(line)) {
        throw new EOFError(-1, cursor, "more lines belong to it");
      }
      return super.parse(line, cursor, context);
    }
  }

  /** Whether keys are taken just now. */
  boolean reading() {
    return reader.isReading();
  }

  @Override
  public Line read(String prompt) {
    try {
      String styled =
          new AttributedStringBuilder().styled(GREEN, prompt).toAttributedString().toAnsi(terminal);
      return new Line.Text(ManyLines.joined(reader.readLine(styled)));
    } catch (UserInterruptException e) {
      return new Line.Cancelled();
    } catch (EndOfFileException e) {
      return new Line.End();
    }
  }

  @Override
  public void piece(String text) {
    terminal.writer().print(PlainText.of(text));
    terminal.flush();
  }

  @Override
  public void say(String line) {
    terminal.writer().println(PlainText.of(line));
    terminal.flush();
  }

  @Override
  public void aside(String line) {
    styled(DIM, line);
  }

  @Override
  public void complain(String line) {
    styled(RED, line);
  }

  private void styled(AttributedStyle style, String line) {
    new AttributedStringBuilder()
        .styled(style, PlainText.of(line))
        .toAttributedString()
        .println(terminal);
    terminal.flush();
  }

  @Override
  public void onInterrupt(Optional<Runnable> action) {
    interrupt = action.orElse(null);
  }

  @Override
  public void close() {
    try {
      reader.getHistory().save();
      terminal.close();
    } catch (IOException e) {
      LoggerFactory.getLogger(TerminalScreen.class).debug("closing the terminal", e);
    }
  }
}
