package dev.bitfleet.app.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.DoubleNode;

class TerminalChatTest {
  private static final ChatWish PLAIN =
      new ChatWish(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Map.of("temperature", DoubleNode.valueOf(0.5)),
          false);

  @TempDir Path folder;
  private OpenAiLikeServer server;

  private record Run(TerminalChat.Outcome outcome, String out, String err) {}

  @BeforeEach
  void start() throws IOException {
    server = new OpenAiLikeServer();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private TerminalChat chat(ChatWish wish) {
    return new TerminalChat(server.url(), Optional.of("secret"), wish, folder);
  }

  private Run lines(ChatWish wish, String... lines) throws InterruptedException {
    var out = new StringWriter();
    var err = new StringWriter();
    TerminalChat.Outcome outcome =
        chat(wish)
            .lines(
                new StringReader(String.join("\n", lines) + "\n"),
                new PrintWriter(out),
                new PrintWriter(err));
    return new Run(outcome, out.toString(), err.toString());
  }

  private static List<String> contents(JsonNode body) {
    return body.path("messages").valueStream().map(m -> m.path("content").asString()).toList();
  }

  @Test
  void one_question_is_answered_and_nothing_else_printed() throws Exception {
    var out = new StringWriter();
    TerminalChat.Outcome outcome =
        chat(PLAIN).once("Hi there", new PrintWriter(out), new PrintWriter(out));
    assertThat(outcome).isEqualTo(TerminalChat.Outcome.DONE);
    assertThat(out).hasToString("echo: Hi there\n");
    assertThat(server.keys).containsExactly("Bearer secret");
    JsonNode body = server.bodies.getFirst();
    assertThat(body.path("model").asString()).isEqualTo("first");
    assertThat(body.path("temperature").doubleValue()).isEqualTo(0.5);
    assertThat(body.path("stream").booleanValue()).isTrue();
  }

  @Test
  void what_was_said_goes_along_until_new_begins_again() throws Exception {
    Run run = lines(PLAIN, "a", "b", "history", "new", "c", "exit", "never sent");
    assertThat(run.out())
        .isEqualTo(
            """
            echo: a
            echo: b
            user: a
            assistant: echo: a
            user: b
            assistant: echo: b
            A new chat.
            echo: c
            """);
    assertThat(server.bodies.stream().map(TerminalChatTest::contents))
        .containsExactly(List.of("a"), List.of("a", "echo: a", "b"), List.of("c"));
  }

  @Test
  void a_conversation_that_the_server_keeps_is_sent_only_what_is_new() throws Exception {
    ChatWish wish =
        new ChatWish(
            Optional.of("m"), Optional.of("conv_1"), Optional.of("Be brief."), Map.of(), false);
    Run run = lines(wish, "history", "more", "again", "/undo");
    assertThat(run.out()).startsWith("system: Be brief.\nuser: before\nassistant: yes\n");
    assertThat(server.bodies.stream().map(TerminalChatTest::contents))
        .containsExactly(List.of("Be brief.", "more"), List.of("again"));
    assertThat(run.err()).contains("nothing of it can be taken back");
  }

  @Test
  void a_new_conversation_tells_its_id_and_an_unknown_one_is_said() throws Exception {
    ChatWish fresh =
        new ChatWish(Optional.of("m"), Optional.of("new"), Optional.empty(), Map.of(), false);
    assertThat(lines(fresh, "x").err()).contains("--conversation conv_1");
    ChatWish unknown =
        new ChatWish(Optional.of("m"), Optional.of("conv_9"), Optional.empty(), Map.of(), false);
    Run run = lines(unknown, "x");
    assertThat(run.outcome()).isEqualTo(TerminalChat.Outcome.FAILED);
    assertThat(run.err()).contains("No such conversation.");
  }

  @Test
  void messages_may_have_many_lines() throws Exception {
    lines(PLAIN, "a\\", "b", "\"\"\"one", "", "two\"\"\"", "//slash");
    assertThat(server.bodies.stream().map(body -> contents(body).getLast()))
        .containsExactly("a\nb", "one\n\ntwo", "/slash");
  }

  @Test
  void the_commands_do_as_they_say() throws Exception {
    Path saved = folder.resolve("saved.json");
    Run run =
        lines(
            PLAIN,
            "/system Be kind.",
            "/model second",
            "/set top_k 5",
            "/set response_format {\"type\":\"text\"}",
            "/unset temperature",
            "one",
            "/retry",
            "/undo",
            "two",
            "/save " + saved,
            "/new",
            "/load " + saved,
            "three",
            "/set model x",
            "/nothing",
            "/models");
    assertThat(run.err()).contains("own affair").contains("no such command");
    assertThat(run.out()).endsWith("first\nsecond\n");
    JsonNode first = server.bodies.getFirst();
    assertThat(first.path("model").asString()).isEqualTo("second");
    assertThat(first.path("top_k").intValue()).isEqualTo(5);
    assertThat(first.path("response_format").path("type").asString()).isEqualTo("text");
    assertThat(first.has("temperature")).isFalse();
    assertThat(contents(first)).containsExactly("Be kind.", "one");
    assertThat(contents(server.bodies.get(1))).containsExactly("Be kind.", "one");
    assertThat(contents(server.bodies.get(2))).containsExactly("Be kind.", "two");
    assertThat(contents(server.bodies.get(3)))
        .containsExactly("Be kind.", "two", "echo: two", "three");
    assertThat(Files.getPosixFilePermissions(saved)).hasSize(2);
  }

  @ParameterizedTest
  @CsvSource({
    "REFUSES, 'Slow down[2J, please.'",
    "BREAKS, The engine failed.",
    "CLOSES, the server closed the stream"
  })
  void what_goes_wrong_is_told_and_the_question_is_not_lost(OpenAiLikeServer.Mood mood, String told)
      throws Exception {
    server.mood = mood;
    Run run = lines(PLAIN, "q", "history");
    assertThat(run.err()).contains(told).doesNotContain("\u001b");
    assertThat(run.out()).endsWith("Nothing was said yet.\n");
    var out = new StringWriter();
    assertThat(chat(PLAIN).once("q", new PrintWriter(out), new PrintWriter(out)))
        .isEqualTo(TerminalChat.Outcome.FAILED);
  }

  @Test
  void an_answer_cannot_write_to_the_screen_what_it_likes() throws Exception {
    assertThat(lines(PLAIN, "x\u001b]0;t\u0007y\u202ez\u0085").out()).isEqualTo("echo: x]0;tyz\n");
  }

  @Test
  void nobody_at_the_address_is_said_in_words() throws Exception {
    server.close();
    var err = new StringWriter();
    TerminalChat.Outcome outcome =
        chat(PLAIN).once("q", new PrintWriter(new StringWriter()), new PrintWriter(err));
    assertThat(outcome).isEqualTo(TerminalChat.Outcome.FAILED);
    assertThat(err.toString()).contains("nobody answers at").contains("--url");
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:8080, http://127.0.0.1:8080/v1",
    "https://a.example/, https://a.example/v1",
    "https://a.example/v1/, https://a.example/v1",
    "https://a.example/openai/v1, https://a.example/openai/v1"
  })
  void addresses_are_taken_as_people_write_them(String written, String base) throws Exception {
    assertThat(ServerAddress.of(written).base()).hasToString(base);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ftp://x", "http://", "a b", "://"})
  void what_is_no_address_is_refused(String written) {
    assertThatThrownBy(() -> ServerAddress.of(written)).isInstanceOf(ChatException.class);
  }

  /** A terminal whose keyboard and screen are ours. */
  private final class Person implements AutoCloseable {
    private final PipedOutputStream keys = new PipedOutputStream();
    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final Terminal terminal;
    private final CompletableFuture<Void> over;
    private volatile @Nullable TerminalScreen shownOn;

    Person(Chat chat, Optional<KeptChats> kept) throws IOException {
      terminal =
          TerminalBuilder.builder()
              .system(false)
              .type("xterm")
              .streams(new PipedInputStream(keys), shown)
              .build();
      over =
          CompletableFuture.runAsync(
              () -> {
                try (TerminalScreen screen =
                    new TerminalScreen(terminal, folder.resolve("history"), ChatLoop.WORDS)) {
                  shownOn = screen;
                  var loop =
                      new ChatLoop(
                          screen,
                          new ChatServer(ServerAddress.of(server.url()), Optional.empty()),
                          chat,
                          kept,
                          new ChatWish(
                              Optional.empty(),
                              Optional.empty(),
                              Optional.empty(),
                              Map.of(),
                              true));
                  loop.prepare(Optional.empty());
                  loop.run();
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              });
    }

    /** As a person does, when the prompt is there: what comes earlier the terminal may swallow. */
    void type(String text) throws Exception {
      until(
          () -> {
            TerminalScreen screen = shownOn;
            return screen != null && screen.reading();
          });
      keys.write(text.getBytes(StandardCharsets.UTF_8));
      keys.flush();
    }

    void sees(String text) throws Exception {
      until(() -> shown.toString(StandardCharsets.UTF_8).contains(text));
    }

    void until(BooleanSupplier condition) throws Exception {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (!condition.getAsBoolean()) {
        assertThat(System.nanoTime()).as(() -> "seen: " + shown).isLessThan(deadline);
        Thread.onSpinWait();
      }
    }

    @Override
    public void close() throws Exception {
      over.get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void on_a_terminal_a_line_is_edited_answered_and_measured() throws Exception {
    try (Person person = new Person(new Chat(), Optional.empty())) {
      person.sees("/help for help");
      person.type("helXX\b\blo\033\rworld\r");
      person.sees("echo: hello");
      person.sees("4 tokens");
      person.sees("prompt 9 (5 cached)");
      person.type("\004");
    }
    assertThat(contents(server.bodies.getFirst())).containsExactly("hello\nworld");
  }

  @Test
  void ctrl_c_stops_an_answer_and_not_the_chat() throws Exception {
    server.mood = OpenAiLikeServer.Mood.ENDLESS;
    var chat = new Chat();
    try (Person person = new Person(chat, Optional.empty())) {
      person.type("go\r");
      person.sees(" on on");
      person.terminal.raise(Terminal.Signal.INT);
      person.sees("stopped");
      person.until(() -> server.clientLeft);
      server.mood = OpenAiLikeServer.Mood.WELL;
      person.type("next\r");
      person.sees("echo: next");
      person.type("exit\r");
    }
    assertThat(chat.messages().get(1).content()).startsWith("echo: go on");
    assertThat(chat.messages().getLast().content()).isEqualTo("echo: next");
  }

  @Test
  void a_chat_is_kept_and_taken_up_again() throws Exception {
    var kept = new KeptChats(folder.resolve("chats"));
    try (Person person = new Person(new Chat(), Optional.of(kept))) {
      person.type("first\r");
      person.sees("4 tokens");
      person.type("exit\r");
    }
    Chat again = new KeptChats(folder.resolve("chats")).latest().orElseThrow();
    assertThat(again.messages())
        .extracting(Message::content)
        .containsExactly("first", "echo: first");
  }
}
