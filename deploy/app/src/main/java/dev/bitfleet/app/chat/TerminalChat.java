package dev.bitfleet.app.chat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jline.terminal.TerminalBuilder;

/**
 * A chat at a terminal, or over plain streams. The one class that the command line knows. Blocks
 * until the chat is over.
 */
public final class TerminalChat {
  private final ChatServer server;
  private final ChatWish wish;
  private final Path dataDir;

  /** What came of it. */
  public enum Outcome {
    DONE,
    FAILED
  }

  /**
   * @param url of the server, with or without {@code /v1}
   * @param dataDir where the chats and the history of the prompt are kept
   * @throws IllegalArgumentException when the URL is none
   */
  public TerminalChat(String url, Optional<String> key, ChatWish wish, Path dataDir) {
    try {
      this.server = new ChatServer(ServerAddress.of(url), key);
    } catch (ChatException e) {
      throw new IllegalArgumentException(String.valueOf(e.getMessage()), e);
    }
    this.wish = wish;
    this.dataDir = dataDir;
  }

  /** Asks one question, prints the answer and nothing else to {@code out}. */
  public Outcome once(String question, PrintWriter out, PrintWriter err)
      throws InterruptedException {
    try (Screen screen = new PlainScreen(Reader.nullReader(), out, err)) {
      return run(screen, new Chat(), Optional.empty(), Optional.of(question));
    }
  }

  /** Every line of a stream is a question. */
  public Outcome lines(Reader in, PrintWriter out, PrintWriter err) throws InterruptedException {
    try (Screen screen = new PlainScreen(in, out, err)) {
      return run(screen, new Chat(), Optional.empty(), Optional.empty());
    }
  }

  /**
   * The dialogue on the terminal of this process.
   *
   * @param resume whether the chat that was kept last goes on
   */
  public Outcome dialogue(boolean resume, PrintWriter err)
      throws IOException, InterruptedException {
    Files.createDirectories(dataDir);
    var kept = new KeptChats(dataDir.resolve("chats"));
    Chat chat = new Chat();
    if (resume) {
      try {
        Optional<Chat> latest = kept.latest();
        if (latest.isEmpty()) {
          err.println("bitfleet: no chat was kept yet; this is a new one");
        }
        chat = latest.orElse(chat);
      } catch (ChatException e) {
        err.println("bitfleet: " + e.getMessage());
        return Outcome.FAILED;
      }
    }
    try (Screen screen =
        new TerminalScreen(
            TerminalBuilder.builder().system(true).build(),
            dataDir.resolve("chat-history"),
            ChatLoop.WORDS)) {
      // What the server keeps is not kept here once more.
      Optional<KeptChats> keeping =
          wish.conversation().isPresent() ? Optional.empty() : Optional.of(kept);
      return run(screen, chat, keeping, Optional.empty());
    }
  }

  private Outcome run(Screen screen, Chat chat, Optional<KeptChats> kept, Optional<String> question)
      throws InterruptedException {
    var loop = new ChatLoop(screen, server, chat, kept, wish);
    try {
      loop.prepare(wish.model());
    } catch (ChatException e) {
      screen.complain(String.valueOf(e.getMessage()));
      return Outcome.FAILED;
    }
    if (question.isPresent()) {
      return loop.ask(question.get()) ? Outcome.DONE : Outcome.FAILED;
    }
    loop.run();
    return Outcome.DONE;
  }
}
