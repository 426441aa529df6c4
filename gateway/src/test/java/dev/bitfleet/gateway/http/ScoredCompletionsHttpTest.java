package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.contract.Contract;
import dev.bitfleet.gateway.contract.ContractSchemas;
import dev.bitfleet.gateway.testing.Behaviour;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.TestWorker;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptScoring;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Completions with echo, logprobs, no new tokens, and the best of several. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ScoredCompletionsHttpTest {
  private static final Contract CONTRACT = Contract.load();

  private final Gateway gateway = Gateway.withWorker(options -> options);

  @AfterAll
  void stop() {
    gateway.close();
  }

  private JsonNode answer(String body) {
    JsonNode answer =
        JsonMapper.shared()
            .readTree(gateway.post("/v1/completions", body.replace('\'', '"')).body());
    assertThat(ContractSchemas.errors(CONTRACT, "Completion", answer)).isEmpty();
    return answer;
  }

  private JsonNode choice(String body) {
    return answer(body).path("choices").path(0);
  }

  private GenerationRequest seen() {
    return gateway.worker().seen().getLast();
  }

  private static List<String> texts(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false).map(JsonNode::stringValue).toList();
  }

  @Test
  void echo_of_a_text_needs_no_scores() {
    JsonNode choice = choice("{'prompt':'one two','echo':true,'seed':1,'max_tokens':2}");
    assertThat(choice.path("text").stringValue())
        .isEqualTo("one two" + TestWorker.text(new Prompt.Text("one two"), 1, 2));
    assertThat(seen().promptScoring()).isEqualTo(PromptScoring.NONE);
  }

  @Test
  void echo_with_logprobs_tells_the_prompts_tokens_first_and_the_first_has_none() {
    JsonNode choice = choice("{'prompt':'one two ','echo':true,'logprobs':2,'max_tokens':1}");
    JsonNode logprobs = choice.path("logprobs");
    assertThat(seen().promptScoring()).isEqualTo(PromptScoring.WITH_COMPLETION);
    List<String> tokens = texts(logprobs.path("tokens"));
    assertThat(tokens).hasSize(3).startsWith("one ", "two ");
    assertThat(choice.path("text").stringValue()).isEqualTo(String.join("", tokens));
    assertThat(logprobs.path("token_logprobs").path(0).isNull()).isTrue();
    assertThat(logprobs.path("top_logprobs").path(0).isNull()).isTrue();
    assertThat(logprobs.path("token_logprobs").path(1).doubleValue()).isEqualTo(-0.5);
    assertThat(logprobs.path("top_logprobs").path(1).size()).isEqualTo(2);
    assertThat(logprobs.path("text_offset").toString()).isEqualTo("[0,4,8]");
  }

  @Test
  void echo_of_token_ids_spells_them_out() {
    JsonNode choice = choice("{'prompt':[5,6],'echo':true,'seed':1,'max_tokens':1}");
    assertThat(choice.path("text").stringValue())
        .isEqualTo("p5 p6 " + TestWorker.text(new Prompt.Tokens(List.of(5, 6)), 1, 1));
    assertThat(seen().promptScoring()).isEqualTo(PromptScoring.WITH_COMPLETION);
    assertThat(seen().topLogprobs()).isEmpty();
  }

  @Test
  void no_new_tokens_with_echo_scores_the_prompt_alone() {
    JsonNode answer =
        answer("{'prompt':['one two','three'],'echo':true,'logprobs':0,'max_tokens':0}");
    assertThat(seen().promptScoring()).isEqualTo(PromptScoring.ALONE);
    assertThat(answer.path("choices"))
        .extracting(choice -> choice.path("text").stringValue())
        .containsExactly("one two", "three");
    assertThat(texts(answer.path("choices").path(0).path("logprobs").path("tokens")))
        .containsExactly("one ", "two");
    assertThat(answer.path("choices").path(0).path("finish_reason").stringValue())
        .isEqualTo("length");
    assertThat(answer.path("usage").path("completion_tokens").intValue()).isZero();
  }

  @Test
  void no_new_tokens_without_echo_is_an_empty_text() {
    JsonNode choice = choice("{'prompt':'one two','max_tokens':0,'logprobs':0}");
    assertThat(choice.path("text").stringValue()).isEmpty();
    assertThat(choice.path("logprobs").path("tokens").isEmpty()).isTrue();
    assertThat(seen().promptScoring()).isEqualTo(PromptScoring.ALONE);
  }

  @Test
  void a_stream_with_echo_and_logprobs_adds_up_to_the_whole_answer() {
    for (String prompt : List.of("'one two three '", "[7,8,9]")) {
      String body = "{'prompt':" + prompt + ",'echo':true,'logprobs':1,'seed':3,'max_tokens':3%s}";
      JsonNode whole = choice(body.formatted(""));
      List<JsonNode> chunks =
          Gateway.chunks(
              gateway
                  .post("/v1/completions", body.formatted(",'stream':true").replace('\'', '"'))
                  .body());
      assertThat(chunks)
          .allSatisfy(
              chunk -> assertThat(ContractSchemas.errors(CONTRACT, "Completion", chunk)).isEmpty());
      assertThat(
              chunks.stream()
                  .map(chunk -> chunk.path("choices").path(0).path("text").stringValue())
                  .collect(Collectors.joining()))
          .isEqualTo(whole.path("text").stringValue());
      for (String list : List.of("tokens", "token_logprobs", "text_offset")) {
        assertThat(
                chunks.stream()
                    .flatMap(
                        chunk ->
                            StreamSupport.stream(
                                chunk
                                    .path("choices")
                                    .path(0)
                                    .path("logprobs")
                                    .path(list)
                                    .spliterator(),
                                false))
                    .toList())
            .as(list)
            .containsExactlyElementsOf(whole.path("logprobs").path(list));
      }
    }
  }

  @Test
  void a_begin_token_that_the_caller_did_not_write_is_not_echoed() {
    gateway.worker().prefix("<s>");
    try {
      JsonNode choice = choice("{'prompt':'one two','echo':true,'logprobs':0,'max_tokens':1}");
      assertThat(choice.path("text").stringValue()).startsWith("one two");
      assertThat(texts(choice.path("logprobs").path("tokens"))).startsWith("one ", "two");
      assertThat(choice.path("logprobs").path("text_offset").toString()).isEqualTo("[0,4,7]");
    } finally {
      gateway.worker().prefix("");
    }
  }

  @Test
  void the_best_of_several_are_those_with_the_highest_mean_logprob() {
    gateway
        .worker()
        .script(
            Behaviour.Say.of("a", "a", "a").scored(-3),
            Behaviour.Say.of("b").scored(-1),
            Behaviour.Say.of("c", "c").scored(-2));
    JsonNode answer = answer("{'prompt':'x','best_of':3,'n':2}");
    assertThat(answer.path("choices"))
        .extracting(choice -> choice.path("text").stringValue())
        .containsExactly("b", "cc");
    assertThat(answer.path("choices"))
        .extracting(choice -> choice.path("index").intValue())
        .containsExactly(0, 1);
    assertThat(answer.path("choices").path(0).path("logprobs").isNull()).isTrue();
    assertThat(answer.path("usage").path("completion_tokens").intValue()).isEqualTo(6);
    assertThat(answer.path("usage").path("prompt_tokens").intValue()).isEqualTo(7);
    assertThat(seen().topLogprobs()).isEqualTo(OptionalInt.of(0));
  }

  @Test
  void best_of_several_prompts_keeps_their_order() {
    gateway
        .worker()
        .script(
            Behaviour.Say.of("a").scored(-3),
            Behaviour.Say.of("b").scored(-1),
            Behaviour.Say.of("c").scored(-1),
            Behaviour.Say.of("d").scored(-2));
    assertThat(answer("{'prompt':['x','y'],'best_of':2,'echo':true}").path("choices"))
        .extracting(choice -> choice.path("text").stringValue())
        .containsExactly("xb", "yc");
  }

  @Test
  void best_of_as_many_as_are_shown_asks_for_no_logprobs() {
    answer("{'prompt':'x','best_of':2,'n':2,'max_tokens':1}");
    assertThat(seen().topLogprobs()).isEmpty();
  }

  @Test
  void every_tier_but_flex_is_served_as_all_are() {
    for (String tier : List.of("auto", "default", "scale", "priority")) {
      JsonNode answer = answer("{'prompt':'x','max_tokens':1,'service_tier':'" + tier + "'}");
      assertThat(answer.path("service_tier").stringValue()).isEqualTo("default");
      assertThat(seen().priority()).isEqualTo(Priority.INTERACTIVE);
    }
  }

  @Test
  void the_fields_of_llama_cpp_work_here_too() {
    JsonNode answer =
        answer(
            "{'prompt':'x','n_probs':3,'max_tokens':1,'timings_per_token':true,'service_tier':'flex',"
                + "'grammar':'root ::= [a]'}");
    assertThat(answer.path("choices").path(0).path("logprobs").path("top_logprobs").path(0).size())
        .isEqualTo(3);
    assertThat(answer.path("timings").path("predicted_n").intValue()).isEqualTo(1);
    assertThat(answer.path("service_tier").stringValue()).isEqualTo("flex");
    assertThat(seen().priority()).isEqualTo(Priority.BACKGROUND);
    assertThat(seen().grammar()).isEqualTo("root ::= [a]");
  }
}
