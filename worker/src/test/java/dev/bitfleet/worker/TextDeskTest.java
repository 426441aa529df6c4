package dev.bitfleet.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.TextReply;
import dev.bitfleet.proto.TextRequest;
import dev.bitfleet.proto.TokenDetail;
import io.vertx.core.Future;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Questions about text, asked of a worker with the demo model and a context of 512. */
@Timeout(120)
class TextDeskTest {
  private static final int CONTEXT = 512;
  private static final String TEXT = "Grüße, 世界 🙂 <|eot_id|> and more";
  private static WorkerBed bed;

  @BeforeAll
  static void start() {
    bed = WorkerBed.ready();
  }

  @AfterAll
  static void stop() {
    bed.close();
  }

  private static List<TokenDetail> tokens(
      String text, boolean begin, boolean control, boolean pieces) {
    return ((TextReply.Tokens)
            bed.ask(new TextRequest.Tokenize(WorkerBed.MODEL, text, begin, control, pieces)))
        .tokens();
  }

  private static List<Integer> ids(List<TokenDetail> tokens) {
    return tokens.stream().map(TokenDetail::id).toList();
  }

  private static TextReply fit(Prompt prompt, int limit, int room, int wanted, boolean drop) {
    return bed.ask(new TextRequest.Fit(WorkerBed.MODEL, prompt, limit, room, wanted, drop));
  }

  private static String words(int count) {
    return "one two three four five ".repeat(count).strip();
  }

  private static Prompt.Chat longChat(int turns) {
    List<ChatMessage> messages = new ArrayList<>();
    messages.add(new ChatMessage(Role.SYSTEM, "Be brief."));
    for (int i = 0; i < turns; i++) {
      messages.add(new ChatMessage(Role.USER, i + " " + words(4)));
      messages.add(new ChatMessage(Role.ASSISTANT, words(2)));
    }
    messages.add(new ChatMessage(Role.USER, "And now?"));
    return new Prompt.Chat(messages);
  }

  @Test
  void a_text_becomes_tokens_and_those_the_text() {
    List<TokenDetail> tokens = tokens(TEXT, false, false, false);

    assertThat(tokens).isNotEmpty().allMatch(token -> token.bytes().length == 0);
    assertThat(bed.ask(new TextRequest.Detokenize(WorkerBed.MODEL, ids(tokens))))
        .isEqualTo(new TextReply.Text(TEXT));
  }

  @Test
  void pieces_are_the_bytes_of_the_text_one_token_after_the_other() {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    tokens(TEXT, false, false, true).forEach(token -> joined.writeBytes(token.bytes()));

    assertThat(joined.toString(StandardCharsets.UTF_8)).isEqualTo(TEXT);
  }

  @Test
  void text_yields_control_tokens_only_where_that_is_asked_for() {
    List<TokenDetail> plain = tokens("a<|eot_id|>b", false, false, true);
    List<TokenDetail> parsed = tokens("a<|eot_id|>b", false, true, true);

    assertThat(parsed).hasSizeLessThan(plain.size());
    assertThat(parsed.stream().map(t -> new String(t.bytes(), StandardCharsets.UTF_8)))
        .contains("<|eot_id|>");
    assertThat(plain.stream().map(t -> new String(t.bytes(), StandardCharsets.UTF_8)))
        .doesNotContain("<|eot_id|>");
    assertThat(bed.ask(new TextRequest.Detokenize(WorkerBed.MODEL, ids(parsed))))
        .isEqualTo(new TextReply.Text("a<|eot_id|>b"));
  }

  @Test
  void long_texts_with_many_control_tokens_are_parsed_off_the_event_loop() {
    assertThat(tokens("x<|eot_id|>".repeat(20_000), false, true, false)).hasSize(40_000);
    assertThat(
            bed.ask(
                new TextRequest.Tokenize(
                    WorkerBed.MODEL, "x<|eot_id|>".repeat(40_000), false, true, false)))
        .isInstanceOf(TextReply.Refused.class);
  }

  @Test
  void what_is_too_long_or_no_token_is_refused_with_its_field() {
    TextReply tooLong =
        bed.ask(
            new TextRequest.Tokenize(
                WorkerBed.MODEL, "x".repeat(TextDesk.MAX_TEXT_UNITS + 1), false, false, false));
    TextReply noToken =
        bed.ask(new TextRequest.Detokenize(WorkerBed.MODEL, List.of(1, Integer.MAX_VALUE)));

    assertThat(((TextReply.Refused) tooLong).refusal().param()).isEqualTo("content");
    assertThat(((TextReply.Refused) noToken).refusal().param()).isEqualTo("tokens[1]");
  }

  @Test
  void a_chat_is_shown_as_its_template_lays_it_out() {
    TextReply reply =
        bed.ask(
            new TextRequest.Render(
                WorkerBed.MODEL,
                new Prompt.Chat(List.of(new ChatMessage(Role.USER, "Hi <|eot_id|>")))));

    assertThat(((TextReply.Text) reply).text())
        .contains("<|begin_of_text|>User: Hi <|eot_id|>")
        .endsWith("Assistant: ");
  }

  @Test
  void a_prompt_is_counted_as_an_open_counts_it() {
    Prompt.Chat chat = longChat(3);
    TextReply.Fit fit = (TextReply.Fit) fit(chat, 0, 1, 1, false);

    assertThat(fit.promptTokens()).isEqualTo(bed.accepted(bed.request(chat, 1)).promptTokens());
    assertThat(fit).isEqualTo(new TextReply.Fit(fit.promptTokens(), CONTEXT, 0, 0));
  }

  @Test
  void a_prompt_that_does_not_fit_is_refused_with_both_counts() {
    TextReply reply = fit(new Prompt.Text(words(2000)), 0, 1, 1, false);

    OpenReply.Refused refusal = ((TextReply.Refused) reply).refusal();
    assertThat(refusal.code()).isEqualTo(OpenReply.Code.CONTEXT_LENGTH_EXCEEDED);
    assertThat(refusal.contextLength()).isEqualTo(CONTEXT);
    assertThat(refusal.promptTokens()).isGreaterThan(CONTEXT);
    assertThat(
            ((TextReply.Refused) fit(new Prompt.Tokens(List.of(1, 2, 3)), 3, 1, 1, false))
                .refusal()
                .contextLength())
        .isEqualTo(3);
  }

  @Test
  void only_as_many_of_the_oldest_turns_go_as_have_to() {
    Prompt.Chat chat = longChat(40);
    TextReply.Fit fit = (TextReply.Fit) fit(chat, 0, 1, 100, true);

    assertThat(fit.keptFrom()).isPositive();
    assertThat(chat.messages().get(fit.keptFrom()).role()).isEqualTo(Role.USER);
    assertThat(fit.promptTokens()).isLessThanOrEqualTo(CONTEXT - 100);
    assertThat(fit.droppedTokens()).isPositive();
    // One turn more would not fit.
    List<ChatMessage> oneMore = new ArrayList<>(chat.messages().subList(0, 1));
    oneMore.addAll(chat.messages().subList(fit.keptFrom() - 2, chat.messages().size()));
    assertThat(((TextReply.Fit) fit(new Prompt.Chat(oneMore), 0, 1, 1, false)).promptTokens())
        .isGreaterThan(CONTEXT - 100);
    List<ChatMessage> kept = new ArrayList<>(chat.messages().subList(0, 1));
    kept.addAll(chat.messages().subList(fit.keptFrom(), chat.messages().size()));
    assertThat(((TextReply.Fit) fit(new Prompt.Chat(kept), 0, 1, 1, false)).promptTokens())
        .isEqualTo(fit.promptTokens());
  }

  @Test
  void the_last_turn_stays_also_where_it_leaves_less_room_than_wanted() {
    List<ChatMessage> messages = new ArrayList<>(longChat(5).messages());
    messages.add(new ChatMessage(Role.USER, words(80)));
    TextReply.Fit fit = (TextReply.Fit) fit(new Prompt.Chat(messages), 0, 1, 300, true);

    assertThat(fit.keptFrom()).isEqualTo(messages.size() - 1);
    assertThat(fit.promptTokens()).isGreaterThan(CONTEXT - 300);
  }

  @Test
  void a_last_turn_that_does_not_fit_alone_is_refused() {
    List<ChatMessage> messages = new ArrayList<>(longChat(5).messages());
    messages.add(new ChatMessage(Role.USER, words(2000)));

    assertThat(fit(new Prompt.Chat(messages), 0, 1, 100, true))
        .isInstanceOf(TextReply.Refused.class);
  }

  @Test
  void megabytes_that_cannot_fit_are_refused_without_being_tokenized() {
    long before = System.nanoTime();
    TextReply reply = fit(new Prompt.Text("x".repeat(8_000_000)), 0, 1, 1, false);

    assertThat(((TextReply.Refused) reply).refusal().message()).contains("at least");
    assertThat(System.nanoTime() - before).isLessThan(5_000_000_000L);
  }

  @Test
  void more_questions_than_a_worker_takes_at_once_are_sent_elsewhere() {
    String text = words(20_000);
    List<Future<TextReply>> replies = new ArrayList<>();
    for (int i = 0; i < 4 * TextDesk.MAX_IN_FLIGHT; i++) {
      replies.add(bed.asked(new TextRequest.Tokenize(WorkerBed.MODEL, text, false, false, false)));
    }
    List<TextReply> answers = replies.stream().map(reply -> reply.await()).toList();

    assertThat(answers).anyMatch(TextReply.Busy.class::isInstance);
    assertThat(answers.stream().filter(TextReply.Tokens.class::isInstance))
        .hasSizeGreaterThanOrEqualTo(TextDesk.MAX_IN_FLIGHT);
    assertThat(tokens("a", false, false, false)).isNotEmpty();
  }

  @Test
  void another_models_question_is_sent_elsewhere() {
    assertThat(bed.ask(new TextRequest.Detokenize("other", List.of(1))))
        .isInstanceOf(TextReply.Busy.class);
  }

  @Test
  void a_chat_that_is_too_long_to_be_laid_out_loses_turns_all_the_same() {
    List<ChatMessage> messages = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      messages.add(new ChatMessage(Role.USER, "w ".repeat(300_000)));
      messages.add(new ChatMessage(Role.ASSISTANT, "ok"));
    }
    messages.add(new ChatMessage(Role.USER, "And now?"));
    Prompt.Chat chat = new Prompt.Chat(messages);

    assertThat(((TextReply.Fit) fit(chat, 0, 1, 100, true)).keptFrom())
        .isEqualTo(messages.size() - 1);
    OpenReply.Refused refusal = ((TextReply.Refused) fit(chat, 0, 1, 1, false)).refusal();
    assertThat(refusal.code()).isEqualTo(OpenReply.Code.CONTEXT_LENGTH_EXCEEDED);
    assertThat(refusal.message()).doesNotContain("Exception", "line");
    assertThat(refusal.contextLength()).isEqualTo(CONTEXT);
  }

  @Test
  void a_prompt_beyond_the_context_is_counted_where_only_the_count_is_asked_for() {
    TextReply reply =
        bed.ask(
            new TextRequest.Fit(
                WorkerBed.MODEL, new Prompt.Text(words(400)), 0, 1, 1, false, true));

    assertThat(((TextReply.Fit) reply).promptTokens()).isGreaterThan(CONTEXT);
    assertThat(((TextReply.Fit) reply).contextLength()).isEqualTo(CONTEXT);
  }
}
