package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.models.Model;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The official Java client, as an application would use it. */
class OpenAiJavaIT {
  private static final String MODEL = "bitfleet-demo";

  @TempDir static Path folder;

  private static BitfleetProcess bitfleet;
  private static OpenAIClient client;

  @BeforeAll
  static void start() throws Exception {
    bitfleet = BitfleetProcess.start(folder);
    client =
        OpenAIOkHttpClient.builder()
            .baseUrl(bitfleet.api() + "/v1")
            .apiKey("none")
            // A first answer that is wrong must be seen.
            .maxRetries(0)
            .build();
  }

  @AfterAll
  static void stop() {
    client.close();
    bitfleet.close();
  }

  @Test
  void a_question_gets_the_right_answer() {
    ChatCompletion completion =
        client.chat().completions().create(question("What is the capital of France?").build());

    ChatCompletion.Choice choice = completion.choices().getFirst();
    assertThat(choice.message().content().orElseThrow()).contains("Paris");
    assertThat(choice.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
    assertThat(completion.model()).isEqualTo(MODEL);
    assertThat(completion.usage().orElseThrow().totalTokens())
        .isEqualTo(
            completion.usage().orElseThrow().promptTokens()
                + completion.usage().orElseThrow().completionTokens());
    completion.validate();
  }

  @Test
  void a_stream_adds_up_to_the_answer_that_comes_whole() {
    ChatCompletionCreateParams whole = question("Count to 5").build();
    String expected =
        client
            .chat()
            .completions()
            .create(whole)
            .choices()
            .getFirst()
            .message()
            .content()
            .orElseThrow();

    ChatCompletionAccumulator accumulator = ChatCompletionAccumulator.create();
    int pieces = 0;
    try (StreamResponse<ChatCompletionChunk> stream =
        client
            .chat()
            .completions()
            .createStreaming(
                question("Count to 5")
                    .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
                    .build())) {
      for (ChatCompletionChunk chunk : (Iterable<ChatCompletionChunk>) stream.stream()::iterator) {
        chunk.validate();
        accumulator.accumulate(chunk);
        pieces++;
      }
    }

    ChatCompletion streamed = accumulator.chatCompletion();
    assertThat(streamed.choices().getFirst().message().content()).contains(expected);
    assertThat(expected).contains("1", "2", "3", "4", "5");
    assertThat(pieces).isGreaterThan(3);
    assertThat(streamed.usage()).isPresent();
  }

  @Test
  void a_name_is_recalled_from_the_conversation() {
    ChatCompletion completion =
        client
            .chat()
            .completions()
            .create(
                ChatCompletionCreateParams.builder()
                    .model(MODEL)
                    .addUserMessage("My name is Anna.")
                    .addAssistantMessage("Nice to meet you, Anna!")
                    .addUserMessage("What is my name?")
                    .temperature(0.0)
                    .maxCompletionTokens(60)
                    .build());

    assertThat(completion.choices().getFirst().message().content().orElseThrow()).contains("Anna");
  }

  @Test
  void logprobs_come_with_each_token() {
    ChatCompletion completion =
        client
            .chat()
            .completions()
            .create(question("Count to 5").logprobs(true).topLogprobs(2).build());

    var logprobs = completion.choices().getFirst().logprobs().orElseThrow().content().orElseThrow();
    assertThat(logprobs).isNotEmpty();
    assertThat(logprobs.getFirst().topLogprobs()).hasSize(2);
    assertThat(logprobs.getFirst().logprob())
        .isEqualTo(logprobs.getFirst().topLogprobs().getFirst().logprob());
  }

  @Test
  void a_text_completion_goes_on_from_its_prompt() {
    Completion completion =
        client
            .completions()
            .create(
                CompletionCreateParams.builder()
                    .model(MODEL)
                    .prompt("The capital of")
                    .maxTokens(5)
                    .temperature(0.0)
                    .build());

    assertThat(completion.choices().getFirst().text()).isNotEmpty();
    assertThat(completion.usage().orElseThrow().completionTokens()).isBetween(1L, 5L);
  }

  @Test
  void models_are_listed_and_found() {
    List<String> ids = new ArrayList<>();
    client.models().list().autoPager().forEach(model -> ids.add(model.id()));
    Model found = client.models().retrieve(MODEL);

    assertThat(ids).containsExactly(MODEL);
    assertThat(found.id()).isEqualTo(MODEL);
    found.validate();
  }

  @Test
  void errors_are_the_typed_ones_of_the_client() {
    assertThatThrownBy(() -> client.models().retrieve("no-such-model"))
        .isInstanceOf(NotFoundException.class);
    assertThatThrownBy(
            () -> client.chat().completions().create(question("Hi").model("no-such-model").build()))
        .isInstanceOfSatisfying(
            NotFoundException.class, error -> assertThat(error.code()).contains("model_not_found"));
    assertThatThrownBy(
            () -> client.chat().completions().create(question("Hi").temperature(9.0).build()))
        .isInstanceOfSatisfying(
            BadRequestException.class, error -> assertThat(error.param()).contains("temperature"));
    assertThatThrownBy(
            () -> client.chat().completions().create(question("Hello ".repeat(20_000)).build()))
        .isInstanceOfSatisfying(
            BadRequestException.class,
            error -> assertThat(error.code()).contains("context_length_exceeded"));
  }

  private static ChatCompletionCreateParams.Builder question(String content) {
    return ChatCompletionCreateParams.builder()
        .model(MODEL)
        .addUserMessage(content)
        .temperature(0.0)
        .maxCompletionTokens(120);
  }
}
