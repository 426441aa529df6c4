package dev.bitfleet.app.chat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/** The dialogue: reads what the person writes, does it, and prints what comes of it. One thread. */
final class ChatLoop {
  private static final String HELP =
      """
      Write a message, and Enter sends it. A backslash at the end of a line, or Alt-Enter, goes on with
      the next; so does everything between three double quotes. Ctrl-C stops an answer, Ctrl-D ends the chat.

        history            what was said                  new                begins a new chat
        exit               ends the chat                  /help              this
        /retry             asks the last question again   /undo              takes it back
        /system [TEXT]     shows or sets the system prompt
        /model [NAME]      shows or changes the model     /models            lists them
        /set [NAME VALUE]  shows or sets a field of requests, such as temperature 0.2
        /unset NAME        takes it away
        /save [FILE]       writes the chat to a file      /load FILE         goes on with one""";

  /** Fields of a request that are not for the person to set. */
  private static final Set<String> RESERVED =
      Set.of("model", "messages", "stream", "stream_options");

  /** What Tab offers. */
  static final List<String> WORDS =
      List.of(
          "history",
          "new",
          "exit",
          "/help",
          "/retry",
          "/undo",
          "/system",
          "/model",
          "/models",
          "/set",
          "/unset",
          "/save",
          "/load",
          "/history",
          "/new",
          "/exit",
          "/quit");

  private final Screen screen;
  private final ChatServer server;
  private final Optional<KeptChats> kept;
  private final boolean figures;
  private final Map<String, JsonNode> options = new TreeMap<>();
  private String model = "";
  private Chat chat;
  private Optional<String> conversation;
  private Optional<String> unanswered = Optional.empty();
  private boolean failed;
  private boolean systemSent;

  /**
   * @param kept where to keep the chat; empty: nowhere
   */
  ChatLoop(Screen screen, ChatServer server, Chat chat, Optional<KeptChats> kept, ChatWish wish) {
    this.screen = screen;
    this.server = server;
    this.chat = chat;
    this.kept = kept;
    this.figures = wish.figures();
    this.conversation = wish.conversation();
    options.putAll(wish.options());
    wish.system().ifPresent(chat::system);
  }

  /** Finds out what the wish left open. */
  void prepare(Optional<String> wanted) throws ChatException, InterruptedException {
    if (conversation.isPresent()) {
      String id = conversation.get();
      if (id.equals("new")) {
        beginConversation();
      } else {
        server.conversation(id).forEach(chat::add);
      }
    }
    model = wanted.isPresent() ? wanted.get() : firstModel();
  }

  private String firstModel() throws ChatException, InterruptedException {
    List<String> models = server.models();
    if (models.isEmpty()) {
      throw new ChatException("the server lists no models; name one with --model");
    }
    return models.getFirst();
  }

  private void beginConversation() throws ChatException, InterruptedException {
    String id = server.newConversation();
    conversation = Optional.of(id);
    screen.aside("conversation " + id + " (--conversation " + id + " takes it up again)");
  }

  /** Asks one question. False when it failed. */
  boolean ask(String question) throws InterruptedException {
    failed = false;
    send(question);
    return !failed;
  }

  /** Goes on until the person ends it. */
  void run() throws InterruptedException {
    screen.aside(model + " at " + server.address().base() + "; /help for help");
    if (!chat.messages().isEmpty()) {
      screen.aside(chat.messages().size() + " messages so far; history shows them");
    }
    while (true) {
      switch (screen.read("> ")) {
        case Screen.Line.End ignored -> {
          return;
        }
        case Screen.Line.Cancelled ignored -> {}
        case Screen.Line.Text line -> {
          if (!obey(line.text().strip())) {
            return;
          }
        }
      }
    }
  }

  /** False when the chat is over. */
  private boolean obey(String line) throws InterruptedException {
    if (line.isEmpty()) {
      return true;
    }
    String[] words = line.split("\\s+", 2);
    String rest = words.length > 1 ? words[1].strip() : "";
    try {
      switch (rest.isEmpty() ? words[0] : words[0] + " …") {
        case "exit", "quit", "/exit", "/quit", "/bye" -> {
          return false;
        }
        case "history", "/history" -> history();
        case "new", "/new" -> begin();
        case "/help", "help", "/?" -> HELP.lines().forEach(screen::say);
        case "/retry" -> retry();
        case "/undo" -> undo();
        case "/system" -> screen.say(chat.system().orElse("There is no system prompt."));
        case "/system …" -> system(rest);
        case "/model" -> screen.say(model);
        case "/model …" -> model = rest;
        case "/models" -> server.models().forEach(screen::say);
        case "/set" -> options.forEach((name, value) -> screen.say(name + " " + value));
        case "/set …" -> set(rest);
        case "/unset …" -> unset(rest);
        case "/save" ->
            screen.say(kept.map(k -> "kept in " + k.file()).orElse("Name a file: /save FILE"));
        case "/save …" -> {
          chat.save(Path.of(rest));
          screen.say("saved " + rest);
        }
        case "/load …" -> load(Path.of(rest));
        default -> {
          if (line.startsWith("/") && !line.startsWith("//")) {
            screen.complain("no such command, or something is missing; /help lists them");
          } else {
            // Two slashes begin a message that begins with one.
            send(line.startsWith("//") ? line.substring(1) : line);
          }
        }
      }
    } catch (ChatException | IllegalArgumentException e) {
      screen.complain(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      screen.complain(e.toString());
    }
    return true;
  }

  private void history() {
    chat.system().ifPresent(text -> screen.say("system: " + text));
    chat.messages().forEach(message -> screen.say(message.role() + ": " + message.content()));
    if (chat.whole().isEmpty()) {
      screen.say("Nothing was said yet.");
    }
  }

  private void begin() throws ChatException, InterruptedException {
    if (conversation.isPresent()) {
      beginConversation();
    }
    chat.clear();
    unanswered = Optional.empty();
    kept.ifPresent(KeptChats::begin);
    screen.say("A new chat.");
  }

  private void retry() throws InterruptedException {
    Optional<String> question = unanswered;
    if (question.isEmpty()) {
      ownHistoryOnly();
      question = chat.takeBack();
    }
    if (question.isEmpty()) {
      screen.complain("there is nothing to ask again");
    } else {
      send(question.get());
    }
  }

  private void undo() {
    ownHistoryOnly();
    Optional<String> question = chat.takeBack();
    screen.say(
        question.map(text -> "Taken back: " + text).orElse("There is nothing to take back."));
    kept.ifPresent(folder -> folder.keep(chat));
  }

  private void ownHistoryOnly() {
    if (conversation.isPresent()) {
      throw new IllegalArgumentException(
          "the server keeps this conversation, and nothing of it can be taken back");
    }
  }

  private void system(String text) {
    chat.system(text.equals("-") ? "" : text);
    systemSent = false;
    if (conversation.isPresent() && !chat.messages().isEmpty()) {
      screen.aside("it goes along with the next message");
    }
  }

  private void set(String assignment) {
    String[] parts = assignment.split("[\\s=]+", 2);
    if (parts.length < 2 || parts[1].isBlank()) {
      throw new IllegalArgumentException("write it as: /set temperature 0.2");
    }
    if (RESERVED.contains(parts[0])) {
      throw new IllegalArgumentException(parts[0] + " is this program's own affair");
    }
    options.put(parts[0], Option.value(parts[1]));
  }

  private void unset(String name) {
    if (options.remove(name) == null) {
      throw new IllegalArgumentException(name + " is not set");
    }
  }

  private void load(Path file) throws IOException, ChatException {
    if (conversation.isPresent()) {
      throw new ChatException("the server keeps this conversation; start without --conversation");
    }
    chat = Chat.load(file);
    kept.ifPresent(KeptChats::begin);
    screen.say(chat.messages().size() + " messages");
  }

  private List<Message> toSend(String question) {
    if (conversation.isEmpty()) {
      chat.add(new Message("user", question));
      return chat.whole();
    }
    List<Message> news = new ArrayList<>();
    // The server has the rest, and the system prompt too once it has had it.
    chat.system().filter(text -> !systemSent).ifPresent(t -> news.add(new Message("system", t)));
    news.add(new Message("user", question));
    chat.add(news.getLast());
    return news;
  }

  private void send(String question) throws InterruptedException {
    var soFar = new StringBuilder();
    List<Message> messages = toSend(question);
    Thread here = Thread.currentThread();
    screen.onInterrupt(Optional.of(here::interrupt));
    try {
      Answer answer =
          server.answer(
              conversation,
              messages,
              model,
              options,
              piece -> {
                soFar.append(piece);
                screen.piece(piece);
              });
      screen.piece("\n");
      systemSent = true;
      settle(answer.text());
      if (figures) {
        screen.aside(answer.figures());
      }
    } catch (ChatException e) {
      failed = true;
      lineBreakAfter(soFar);
      chat.takeBack();
      unanswered = Optional.of(question);
      screen.complain(e.getMessage() + (kept.isPresent() ? " (/retry asks again)" : ""));
    } catch (InterruptedException e) {
      lineBreakAfter(soFar);
      screen.aside("stopped");
      if (conversation.isPresent() || soFar.isEmpty()) {
        // A turn that was not whole is none to the server, either.
        chat.takeBack();
        unanswered = Optional.of(question);
      } else {
        settle(soFar.toString());
      }
    } finally {
      screen.onInterrupt(Optional.empty());
    }
  }

  private void settle(String answer) {
    unanswered = Optional.empty();
    chat.add(new Message("assistant", answer));
    kept.ifPresent(folder -> folder.keep(chat));
  }

  private void lineBreakAfter(StringBuilder text) {
    if (!text.isEmpty()) {
      screen.piece("\n");
    }
  }
}
