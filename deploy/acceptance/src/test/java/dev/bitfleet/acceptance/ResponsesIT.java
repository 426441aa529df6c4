package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseIncludable;
import com.openai.models.responses.ResponseStatus;
import com.openai.models.responses.ResponseStreamEvent;
import com.openai.models.responses.inputitems.InputItemListPage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Responses API of the real product, with the official Java client, which checks each type. */
class ResponsesIT {
  private static final String MODEL = "bitfleet-demo";
  private static final String FRANCE = "What is the capital of France?";

  @TempDir Path folder;

  private static OpenAIClient client(BitfleetProcess bitfleet) {
    return OpenAIOkHttpClient.builder()
        .baseUrl(bitfleet.api() + "/v1")
        .apiKey("none")
        .maxRetries(0)
        .build();
  }

  private static ResponseCreateParams.Builder asked(String input) {
    return ResponseCreateParams.builder()
        .model(MODEL)
        .input(input)
        .temperature(0.0)
        .maxOutputTokens(120);
  }

  private static String text(Response response) {
    return response.output().stream()
        .flatMap(item -> item.message().stream())
        .flatMap(message -> message.content().stream())
        .map(content -> content.asOutputText().text())
        .reduce("", String::concat);
  }

  @Test
  void every_answer_and_every_event_is_of_the_clients_types() throws Exception {
    try (var bitfleet = BitfleetProcess.start(folder)) {
      OpenAIClient client = client(bitfleet);
      Response made =
          client
              .responses()
              .create(
                  asked(FRANCE)
                      .addInclude(ResponseIncludable.MESSAGE_OUTPUT_TEXT_LOGPROBS)
                      .topLogprobs(2)
                      .build());
      made.validate();
      assertThat(text(made)).contains("Paris");
      assertThat(client.responses().retrieve(made.id()).validate().status())
          .contains(ResponseStatus.COMPLETED);

      List<ResponseStreamEvent> events;
      try (StreamResponse<ResponseStreamEvent> stream =
          client.responses().createStreaming(asked(FRANCE).build())) {
        events = stream.stream().toList();
      }
      events.forEach(ResponseStreamEvent::validate);
      String joined =
          events.stream()
              .flatMap(event -> event.outputTextDelta().stream())
              .map(delta -> delta.delta())
              .reduce("", String::concat);
      assertThat(joined).isEqualTo(text(made));
      assertThat(events.getLast().completed()).isPresent();

      Response cut = client.responses().create(asked(FRANCE).maxOutputTokens(1).build());
      assertThat(cut.validate().status()).contains(ResponseStatus.INCOMPLETE);

      Response next =
          client.responses().create(asked("And of Spain?").previousResponseId(made.id()).build());
      next.validate();
      InputItemListPage items = client.responses().inputItems().list(next.id());
      assertThat(items.data()).hasSize(1);
      items.data().forEach(item -> item.validate());

      client.responses().delete(made.id());
      assertThatThrownBy(() -> client.responses().retrieve(made.id()))
          .isInstanceOf(NotFoundException.class);
      assertThatThrownBy(
              () -> client.responses().create(asked("x").previousResponseId(made.id()).build()))
          .isInstanceOf(BadRequestException.class);
    }
  }

  @Test
  void an_acknowledged_background_response_survives_the_death_of_the_server() throws Exception {
    String id;
    String kept;
    try (var bitfleet = BitfleetProcess.start(folder)) {
      OpenAIClient client = client(bitfleet);
      kept = client.responses().create(asked(FRANCE).build()).id();
      // Many wait behind each other, so that the kill finds the last ones untouched.
      id = "";
      for (int i = 0; i < 20; i++) {
        Response queued = client.responses().create(asked(FRANCE).background(true).build());
        assertThat(queued.validate().status()).contains(ResponseStatus.QUEUED);
        id = queued.id();
      }
      bitfleet.kill();
    }
    try (var bitfleet = BitfleetProcess.start(folder)) {
      OpenAIClient client = client(bitfleet);
      assertThat(text(client.responses().retrieve(kept))).contains("Paris");
      String last = id;
      Await.until(
          "the last one is answered",
          Duration.ofMinutes(1),
          () ->
              client
                  .responses()
                  .retrieve(last)
                  .status()
                  .filter(ResponseStatus.COMPLETED::equals)
                  .isPresent());
      assertThat(text(client.responses().retrieve(last).validate())).contains("Paris");
    }
  }
}
