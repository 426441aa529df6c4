package dev.bitfleet.app.cli;

import dev.bitfleet.app.chat.ChatWish;
import dev.bitfleet.app.chat.TerminalChat;
import dev.bitfleet.app.config.ServeConfiguration;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.DoubleNode;
import tools.jackson.databind.node.IntNode;

/** {@code bitfleet chat}: talks with any server that has OpenAI's API. */
final class ChatCommand implements BitfleetCommand.Command {
  private static final String URL = "--url";
  private static final String USUAL_URL = "http://127.0.0.1:8080";
  private static final String KEY = "--key";
  private static final String KEY_FILE = "--key-file";
  private static final String MODEL = "--model";
  private static final String CONVERSATION = "--conversation";
  private static final String SYSTEM = "--system";
  private static final String TEMPERATURE = "--temperature";
  private static final String MAX_TOKENS = "--max-tokens";
  private static final String RESUME = "--resume";
  private static final String QUIET = "--quiet";

  static CommandSpec spec() {
    CommandSpec spec = Arguments.command(new ChatCommand());
    spec.usageMessage()
        .description(
            "Chats with this or any other server that has OpenAI's API. With a MESSAGE it prints"
                + " the answer and ends; without a terminal every line of its input is a message.")
        .footer(
            "",
            "The key also comes from BITFLEET_API_KEY, or from OPENAI_API_KEY when the server is",
            "api.openai.com. Chats are kept in the data folder, or by the server with",
            "--conversation.");
    Arguments.several(spec, "MESSAGE", "asked at once");
    Arguments.option(spec, URL, "URL", "the server; " + USUAL_URL + " when left out");
    Arguments.option(spec, KEY, "KEY", "its API key; other users of this machine can see it here");
    Arguments.option(spec, KEY_FILE, "FILE", "file with its API key");
    Arguments.option(spec, MODEL, "ID", "the model; the first that is listed when left out");
    Arguments.option(
        spec, CONVERSATION, "ID", "a conversation that the server keeps; 'new' begins one");

    Arguments.option(spec, SYSTEM, "TEXT", "the system prompt");
    Arguments.option(
        spec, TEMPERATURE, "T", Double.class, "0 to 2; the server's own when left out");
    Arguments.option(spec, MAX_TOKENS, "N", Integer.class, "of an answer, at most");
    Arguments.flag(spec, RESUME, "goes on with the chat that was kept last");
    Arguments.flag(spec, QUIET, "does not tell tokens and speed");
    FewSettings.DATA_DIR.addTo(spec);
    return spec;
  }

  @Override
  public ExitCode run(ParseResult arguments, PrintWriter out, PrintWriter err) throws Exception {
    Optional<ServeConfiguration> configuration = FewSettings.DATA_DIR.read(arguments, err);
    if (configuration.isEmpty()) {
      return ExitCode.CONFIGURATION;
    }
    String url = arguments.matchedOptionValue(URL, USUAL_URL);
    List<String> message = arguments.matchedPositionalValue(0, List.of());
    boolean terminal = message.isEmpty() && onTerminal();
    var wish =
        new ChatWish(
            Arguments.text(arguments, MODEL),
            Arguments.text(arguments, CONVERSATION),
            Arguments.text(arguments, SYSTEM),
            options(arguments),
            terminal && !arguments.hasMatchedOption(QUIET));
    TerminalChat chat;
    try {
      chat = new TerminalChat(url, key(arguments, url), wish, configuration.get().dataDir());
    } catch (IllegalArgumentException e) {
      err.println("bitfleet: " + e.getMessage());
      return ExitCode.USAGE;
    } catch (IOException e) {
      err.println("bitfleet: " + KEY_FILE + ": " + e);
      return ExitCode.USAGE;
    }
    TerminalChat.Outcome outcome;
    if (!message.isEmpty()) {
      outcome = chat.once(String.join(" ", message), out, err);
    } else if (terminal) {
      outcome = chat.dialogue(arguments.hasMatchedOption(RESUME), err);
    } else {
      outcome = chat.lines(new InputStreamReader(System.in, StandardCharsets.UTF_8), out, err);
    }
    return outcome == TerminalChat.Outcome.DONE ? ExitCode.OK : ExitCode.UNAVAILABLE;
  }

  private static boolean onTerminal() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  private static Map<String, JsonNode> options(ParseResult arguments) {
    Map<String, JsonNode> options = new HashMap<>();
    Double temperature = arguments.matchedOptionValue(TEMPERATURE, (Double) null);
    if (temperature != null) {
      options.put("temperature", DoubleNode.valueOf(temperature));
    }
    Integer maxTokens = arguments.matchedOptionValue(MAX_TOKENS, (Integer) null);
    if (maxTokens != null) {
      options.put("max_tokens", IntNode.valueOf(maxTokens));
    }
    return options;
  }

  private static Optional<String> key(ParseResult arguments, String url) throws IOException {
    Optional<String> given = Arguments.text(arguments, KEY);
    if (given.isPresent()) {
      return given;
    }
    Optional<String> file = Arguments.text(arguments, KEY_FILE);
    if (file.isPresent()) {
      return Optional.of(Files.readString(Path.of(file.get())).strip());
    }
    Optional<String> ours = variable("BITFLEET_API_KEY");
    // A key is for the server it was made for, and for nobody else.
    return ours.isPresent() || !isOpenAi(url) ? ours : variable("OPENAI_API_KEY");
  }

  private static Optional<String> variable(String name) {
    return Optional.ofNullable(System.getenv(name)).filter(value -> !value.isBlank());
  }

  private static boolean isOpenAi(String url) {
    try {
      return "api.openai.com".equals(URI.create(url).getHost());
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
