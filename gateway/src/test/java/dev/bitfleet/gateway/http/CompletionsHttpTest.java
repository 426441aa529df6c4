package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.TestWorker;
import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The four routes against a worker over the real bus. */
class CompletionsHttpTest {
  private static final Prompt HI = new Prompt.Chat(List.of(new ChatMessage(Role.USER, "hi")));

  private Gateway gateway;

  @BeforeEach
  void start() {
    gateway = Gateway.withWorker(options -> options);
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private GenerationRequest seen() {
    return gateway.worker().seen().getLast();
  }

  @Test
  void a_chat_is_answered_as_openai_does() {
    HttpResponse<String> response =
        gateway.post(
            "/v1/chat/completions",
            """
            {"model":"bitfleet-demo","messages":[{"role":"user","content":"hi"}],"seed":5}""");
    assertThat(response.statusCode()).isEqualTo(200);
    JsonNode answer = Gateway.json(response);
    assertThat(answer.path("object").stringValue()).isEqualTo("chat.completion");
    assertThat(answer.path("id").stringValue()).matches("chatcmpl-[A-Za-z0-9]{29}");
    assertThat(answer.path("model").stringValue()).isEqualTo(Gateway.MODEL);
    assertThat(answer.path("system_fingerprint").stringValue())
        .isEqualTo("fp_" + TestWorker.FINGERPRINT);
    JsonNode choice = answer.path("choices").path(0);
    assertThat(choice.path("message").path("content").stringValue())
        .isEqualTo(TestWorker.text(HI, 5, TestWorker.NATURAL_LENGTH));
    assertThat(choice.path("finish_reason").stringValue()).isEqualTo("stop");
    assertThat(choice.path("logprobs").isNull()).isTrue();
    assertThat(choice.path("message").path("refusal").isNull()).isTrue();
    assertThat(answer.path("usage").path("prompt_tokens").intValue()).isEqualTo(7);
    assertThat(answer.path("usage").path("cached_tokens").intValue()).isEqualTo(2);
    assertThat(answer.path("usage").path("prompt_tokens_details").path("cached_tokens").intValue())
        .isEqualTo(2);
    assertThat(answer.path("usage").path("total_tokens").intValue())
        .isEqualTo(7 + TestWorker.NATURAL_LENGTH);
  }

  @Test
  void a_streamed_chat_has_role_text_finish_and_done_in_this_order() {
    HttpResponse<String> response =
        gateway.post(
            "/v1/chat/completions",
            """
            {"messages":[{"role":"user","content":"hi"}],"seed":5,"stream":true,"max_tokens":3}""");
    assertThat(response.headers().firstValue("content-type"))
        .contains("text/event-stream; charset=utf-8");
    assertThat(response.headers().firstValue("cache-control")).contains("no-cache");
    assertThat(response.headers().firstValue("x-accel-buffering")).contains("no");
    assertThat(Gateway.events(response.body())).last().isEqualTo("[DONE]");
    List<JsonNode> chunks = Gateway.chunks(response.body());
    assertThat(chunks.getFirst().path("choices").path(0).path("delta").path("role").stringValue())
        .isEqualTo("assistant");
    assertThat(content(chunks)).isEqualTo(TestWorker.text(HI, 5, 3));
    JsonNode last = chunks.getLast().path("choices").path(0);
    assertThat(last.path("finish_reason").stringValue()).isEqualTo("length");
    assertThat(last.path("delta").isEmpty()).isTrue();
    assertThat(chunks).allSatisfy(chunk -> assertThat(chunk.has("usage")).isFalse());
    assertThat(chunks.stream().map(chunk -> chunk.path("id").stringValue()).distinct()).hasSize(1);
  }

  private static String content(List<JsonNode> chunks) {
    return chunks.stream()
        .map(chunk -> chunk.path("choices").path(0).path("delta").path("content").asString(""))
        .collect(Collectors.joining());
  }

  @Test
  void include_usage_adds_a_chunk_without_choices_and_null_elsewhere() {
    List<JsonNode> chunks =
        Gateway.chunks(
            gateway
                .post(
                    "/v1/chat/completions",
                    """
                    {"messages":[{"role":"user","content":"hi"}],"stream":true,"max_tokens":3,
                     "stream_options":{"include_usage":true}}""")
                .body());
    assertThat(chunks.getLast().path("choices").isEmpty()).isTrue();
    assertThat(chunks.getLast().path("usage").path("completion_tokens").intValue()).isEqualTo(3);
    assertThat(chunks.subList(0, chunks.size() - 1))
        .allSatisfy(
            chunk -> {
              assertThat(chunk.has("usage")).isTrue();
              assertThat(chunk.path("usage").isNull()).isTrue();
            });
  }

  @Test
  void the_routes_have_their_own_defaults() {
    String chat = "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    gateway.post("/v1/chat/completions", chat);
    assertThat(seen().sampling().temperature()).isEqualTo(0.7);
    assertThat(seen().sampling().repeatPenalty()).isEqualTo(1);
    assertThat(seen().maxTokens()).isZero();
    gateway.post("/chat/completions", chat);
    assertThat(seen().sampling().temperature()).isEqualTo(0.8);
    assertThat(seen().sampling().repeatPenalty()).isEqualTo(1.1);
    assertThat(seen().maxTokens()).isZero();
    gateway.post("/v1/completions", "{\"prompt\":\"hi\"}");
    assertThat(seen().maxTokens()).isEqualTo(16);
    assertThat(seen().prompt()).isEqualTo(new Prompt.Text("hi"));
    gateway.post("/completion", "{\"prompt\":\"hi\"}");
    assertThat(seen().maxTokens()).isEqualTo(100);
    assertThat(seen().sampling().topK()).isEqualTo(40);
    assertThat(seen().sampling().topP()).isEqualTo(0.95);
  }

  @Test
  void a_request_without_a_seed_gets_another_one_each_time() {
    String chat = "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"seed\":-1}";
    gateway.post("/v1/chat/completions", chat);
    long first = seen().sampling().seed();
    gateway.post("/v1/chat/completions", chat);
    assertThat(seen().sampling().seed()).isNotEqualTo(first);
  }

  @Test
  void several_choices_differ_and_the_prompt_is_charged_once() {
    JsonNode answer =
        Gateway.json(
            gateway.post(
                "/v1/chat/completions",
                """
                {"messages":[{"role":"user","content":"hi"}],"n":3,"seed":5,"max_tokens":4}"""));
    assertThat(answer.path("choices"))
        .extracting(choice -> choice.path("message").path("content").stringValue())
        .doesNotHaveDuplicates()
        .hasSize(3)
        .first()
        .isEqualTo(TestWorker.text(HI, 5, 4));
    assertThat(answer.path("usage").path("prompt_tokens").intValue()).isEqualTo(7);
    assertThat(answer.path("usage").path("completion_tokens").intValue()).isEqualTo(12);
  }

  @Test
  void more_choices_than_slots_take_turns() {
    String body =
        gateway
            .post(
                "/v1/completions",
                "{\"prompt\":\"hi\",\"n\":9,\"seed\":1,\"max_tokens\":2,\"stream\":true}")
            .body();
    assertThat(Gateway.events(body)).last().isEqualTo("[DONE]");
    assertThat(
            Gateway.chunks(body).stream()
                .filter(c -> !c.path("choices").path(0).path("finish_reason").isNull())
                .map(c -> c.path("choices").path(0).path("index").intValue()))
        .containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8);
    assertThat(gateway.worker().mostOpen()).isLessThanOrEqualTo(4);
  }

  @Test
  void completions_take_every_form_of_prompt() {
    JsonNode answer =
        Gateway.json(
            gateway.post(
                "/v1/completions",
                "{\"prompt\":[\"a\",\"b\"],\"seed\":1,\"max_tokens\":2,\"echo\":true}"));
    assertThat(answer.path("object").stringValue()).isEqualTo("text_completion");
    assertThat(answer.path("choices"))
        .extracting(choice -> choice.path("text").stringValue())
        .containsExactly(
            "a" + TestWorker.text(new Prompt.Text("a"), 1, 2),
            "b" + TestWorker.text(new Prompt.Text("b"), 1, 2));
    assertThat(answer.path("usage").path("prompt_tokens").intValue()).isEqualTo(14);
    gateway.post("/v1/completions", "{\"prompt\":[1,2,3]}");
    assertThat(seen().prompt()).isEqualTo(new Prompt.Tokens(List.of(1, 2, 3)));
    gateway.post("/v1/completions", "{\"prompt\":[[1,2],[3]]}");
    assertThat(
            gateway.worker().seen().reversed().stream()
                .limit(2)
                .map(GenerationRequest::prompt)
                .toList())
        .containsExactlyInAnyOrder(new Prompt.Tokens(List.of(1, 2)), new Prompt.Tokens(List.of(3)));
  }

  @Test
  void logprobs_come_in_both_forms() {
    JsonNode chat =
        Gateway.json(
            gateway.post(
                "/v1/chat/completions",
                """
                {"messages":[{"role":"user","content":"hi"}],"logprobs":true,"top_logprobs":2,
                 "max_tokens":2}"""));
    JsonNode content = chat.path("choices").path(0).path("logprobs").path("content");
    assertThat(content.size()).isEqualTo(2);
    assertThat(content.path(0).path("logprob").doubleValue()).isEqualTo(-0.5);
    assertThat(content.path(0).path("top_logprobs").path(1).path("token").stringValue())
        .isEqualTo("t1");
    JsonNode text =
        Gateway.json(
                gateway.post(
                    "/v1/completions", "{\"prompt\":\"hi\",\"logprobs\":1,\"max_tokens\":2}"))
            .path("choices")
            .path(0);
    String first = text.path("logprobs").path("tokens").path(0).stringValue();
    assertThat(text.path("text").stringValue()).startsWith(first);
    assertThat(text.path("logprobs").path("text_offset").path(1).intValue())
        .isEqualTo(first.length());
    assertThat(text.path("logprobs").path("top_logprobs").path(0).path("t0").doubleValue())
        .isEqualTo(-0.5);
  }

  @Test
  void the_plain_completion_is_llama_cpps() {
    JsonNode answer =
        Gateway.json(gateway.post("/completion", "{\"prompt\":\"hi\",\"n_predict\":3,\"seed\":9}"));
    assertThat(answer.path("content").stringValue())
        .isEqualTo(TestWorker.text(new Prompt.Text("hi"), 9, 3));
    assertThat(answer.path("stop").booleanValue()).isTrue();
    assertThat(answer.path("stop_type").stringValue()).isEqualTo("limit");
    assertThat(answer.path("stopped_limit").booleanValue()).isTrue();
    assertThat(answer.path("stopped_eos").booleanValue()).isFalse();
    assertThat(answer.path("tokens_predicted").intValue()).isEqualTo(3);
    assertThat(answer.path("tokens_evaluated").intValue()).isEqualTo(7);
    assertThat(answer.path("generation_settings").path("seed").longValue()).isEqualTo(9);
    assertThat(answer.path("timings").path("predicted_per_second").doubleValue()).isEqualTo(1000);
  }

  @Test
  void the_plain_stream_ends_with_stop_and_not_with_done() {
    String body =
        gateway
            .post("/completion", "{\"prompt\":\"hi\",\"n_predict\":3,\"seed\":9,\"stream\":true}")
            .body();
    List<JsonNode> chunks = Gateway.chunks(body);
    assertThat(body).doesNotContain("[DONE]");
    assertThat(
            chunks.stream().map(c -> c.path("content").stringValue()).collect(Collectors.joining()))
        .isEqualTo(TestWorker.text(new Prompt.Text("hi"), 9, 3));
    assertThat(chunks.stream().map(c -> c.path("stop").booleanValue()))
        .containsExactly(false, false, false, true);
    assertThat(chunks.getLast().path("stopped_limit").booleanValue()).isTrue();
  }

  @Test
  void every_sampling_field_reaches_the_worker() {
    gateway.post(
        "/v1/chat/completions",
        """
        {"messages":[{"role":"system","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
          {"role":"user","content":"hi","name":"bob"}],
         "temperature":1.5,"top_p":0,"top_k":-1,"min_p":0.1,"typical_p":0.9,"repetition_penalty":1.3,
         "repeat_last_n":-1,"presence_penalty":-1,"frequency_penalty":2,"logit_bias":{"17":-100},
         "seed":9223372036854775807,"stop":"END","max_completion_tokens":5,"max_tokens":9,
         "ignore_eos":true,"ctx_size":512,"threads":4,"user":"u","store":true,"tool_choice":"none",
         "tools":[],"response_format":{"type":"text"},"metadata":{"a":"b"}}""");
    GenerationRequest request = seen();
    assertThat(request.prompt())
        .isEqualTo(
            new Prompt.Chat(
                List.of(
                    new ChatMessage(Role.SYSTEM, "a\nb"),
                    new ChatMessage(Role.USER, "hi", "bob"))));
    assertThat(request.sampling().temperature()).isEqualTo(1.5);
    assertThat(request.sampling().topP()).isPositive().isLessThan(0.001);
    assertThat(request.sampling().topK()).isZero();
    assertThat(request.sampling().minP()).isEqualTo(0.1);
    assertThat(request.sampling().typicalP()).isEqualTo(0.9);
    assertThat(request.sampling().repeatPenalty()).isEqualTo(1.3);
    assertThat(request.sampling().repeatLastN()).isGreaterThan(4096);
    assertThat(request.sampling().presencePenalty()).isEqualTo(-1);
    assertThat(request.sampling().frequencyPenalty()).isEqualTo(2);
    assertThat(request.sampling().logitBias()).containsEntry(17, -100f);
    assertThat(request.sampling().seed()).isEqualTo(Long.MAX_VALUE);
    assertThat(request.stopStrings()).containsExactly("END");
    assertThat(request.maxTokens()).isEqualTo(5);
    assertThat(request.ignoreEndTokens()).isTrue();
    assertThat(request.contextLimit()).isEqualTo(512);
  }

  @Test
  void models_are_listed_and_found_by_ids_with_slashes() {
    gateway.worker("worker-2", "org/tiny model", 1);
    assertThat(Gateway.json(gateway.get("/v1/models")).path("data"))
        .extracting(model -> model.path("id").stringValue())
        .containsExactly(Gateway.MODEL, "org/tiny model");
    assertThat(Gateway.json(gateway.get("/v1/models/org/tiny%20model")).path("id").stringValue())
        .isEqualTo("org/tiny model");
    assertThat(Gateway.json(gateway.get("/v1/models/org%2Ftiny%20model")).path("id").stringValue())
        .isEqualTo("org/tiny model");
    HttpResponse<String> unknown = gateway.get("/v1/models/none");
    assertThat(unknown.statusCode()).isEqualTo(404);
    assertThat(Gateway.json(unknown).path("error").path("code").stringValue())
        .isEqualTo("model_not_found");
  }

  @Test
  void a_request_goes_to_a_worker_of_its_model() {
    TestWorker other = gateway.worker("worker-0", "other", 1);
    gateway.post(
        "/v1/chat/completions",
        "{\"model\":\"other\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
    assertThat(other.seen()).hasSize(1);
    assertThat(gateway.worker().seen()).isEmpty();
  }

  @Test
  void the_load_is_spread_over_workers() {
    TestWorker second = gateway.worker("worker-2", 4);
    gateway.worker().pause();
    second.pause();
    var answers =
        IntStream.range(0, 6)
            .mapToObj(i -> gateway.postLater("/completion", "{\"prompt\":\"hi\"}"))
            .toList();
    Await.until("all are open", () -> gateway.worker().open() + second.open() == 6);
    assertThat(second.open()).isEqualTo(3);
    gateway.worker().resume();
    second.resume();
    answers.forEach(answer -> assertThat(answer.join().statusCode()).isEqualTo(200));
  }

  @Test
  void a_body_too_long_for_the_event_loop_is_read_elsewhere() {
    String text = "long ".repeat(200_000);
    assertThat(
            gateway
                .post(
                    "/v1/chat/completions",
                    "{\"messages\":[{\"role\":\"user\",\"content\":\"" + text + "\"}]}")
                .statusCode())
        .isEqualTo(200);
    assertThat(seen().prompt())
        .isEqualTo(new Prompt.Chat(List.of(new ChatMessage(Role.USER, text))));
  }

  @Test
  void a_prompt_of_a_hundred_thousand_token_ids_is_within_the_contract() {
    String ids =
        IntStream.range(0, 100_000)
            .mapToObj(i -> Integer.toString(i % 1000))
            .collect(Collectors.joining(","));
    assertThat(gateway.post("/v1/completions", "{\"prompt\":[" + ids + "]}").statusCode())
        .isEqualTo(200);
    assertThat(seen().prompt())
        .isInstanceOfSatisfying(
            Prompt.Tokens.class, tokens -> assertThat(tokens.ids()).hasSize(100_000));
  }

  @Test
  void a_chat_of_a_thousand_messages_is_within_the_contract() {
    String messages =
        IntStream.range(0, 1000)
            .mapToObj(i -> "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}")
            .collect(Collectors.joining(","));
    assertThat(
            gateway.post("/v1/chat/completions", "{\"messages\":[" + messages + "]}").statusCode())
        .isEqualTo(200);
  }

  @Test
  void a_token_that_does_not_exist_is_named_by_its_place() {
    for (String prompt : List.of("[1,99999999]", "[[1,2],[99999999]]")) {
      HttpResponse<String> answer = gateway.post("/v1/completions", "{\"prompt\":" + prompt + "}");
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
      assertThat(Gateway.json(answer).at("/error/param").stringValue())
          .isEqualTo(prompt.startsWith("[[") ? "prompt[1][0]" : "prompt[1]");
    }
  }
}
