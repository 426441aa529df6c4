package dev.bitfleet.acceptance;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import tools.jackson.databind.JsonNode;

/** One Bitfleet for all tests of a class, in a folder of its own. */
final class Served implements BeforeAllCallback, AfterAllCallback {
  /** What has to be there before it starts. */
  @FunctionalInterface
  interface Preparation {
    void in(Path folder) throws Exception;
  }

  private final Preparation preparation;
  private final List<String> arguments;
  private Optional<BitfleetProcess> running = Optional.empty();
  private Optional<Chat> chat = Optional.empty();
  private Path folder = Path.of("");

  private Served(Preparation preparation, List<String> arguments) {
    this.preparation = preparation;
    this.arguments = arguments;
  }

  /** Starts with those arguments of {@code serve}. */
  static Served with(String... arguments) {
    return after(folder -> {}, arguments);
  }

  /** The same, when something has been done. */
  static Served after(Preparation preparation, String... arguments) {
    return new Served(preparation, List.of(arguments));
  }

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    folder = Files.createTempDirectory("served");
    preparation.in(folder);
    running = Optional.of(BitfleetProcess.start(folder, arguments.toArray(String[]::new)));
    chat = running.map(Chat::new);
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    running.ifPresent(BitfleetProcess::close);
    try (Stream<Path> tree = Files.walk(folder)) {
      for (Path each : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  BitfleetProcess bitfleet() {
    return running.orElseThrow();
  }

  Chat chat() {
    return chat.orElseThrow();
  }

  /** Where its data folder is, and what a test writes. */
  Path folder() {
    return folder;
  }

  /** Posts what has to be answered 200 with JSON. */
  JsonNode ask(String path, Object body) throws Exception {
    return ok(chat().post(path, body.toString()));
  }

  /** The JSON of an answer that has to be 200. */
  static JsonNode ok(HttpResponse<String> answer) {
    return Chat.ok(answer);
  }
}
