package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.contract.Contract;
import dev.bitfleet.gateway.contract.ContractSchemas;
import dev.bitfleet.gateway.testing.Behaviour;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.TestWorker;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptScoring;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The fields of llama.cpp's {@code /completion}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PlainFieldsHttpTest {
  private static final Contract CONTRACT = Contract.load();

  private final Gateway gateway = Gateway.withWorker(options -> options);

  @AfterAll
  void stop() {
    gateway.close();
  }

  private String post(String path, String body) {
    return gateway.post(path, body.replace('\'', '"')).body();
  }

  private JsonNode answer(String body) {
    JsonNode answer = JsonMapper.shared().readTree(post("/completion", body));
    assertThat(ContractSchemas.errors(CONTRACT, "PlainCompletionAnswer", answer)).isEmpty();
    return answer;
  }

  private GenerationRequest seen() {
    return gateway.worker().seen().getLast();
  }

  @Test
  void probabilities_name_every_token_and_the_likeliest_in_its_place() {
    JsonNode answer = answer("{'prompt':'x','n_predict':2,'n_probs':2}");
    JsonNode probabilities = answer.path("completion_probabilities");
    assertThat(probabilities.size()).isEqualTo(2);
    JsonNode first = probabilities.path(0);
    assertThat(first.path("id").intValue()).isEqualTo(100);
    assertThat(first.path("logprob").doubleValue()).isEqualTo(-0.5);
    assertThat(first.path("token").stringValue()).isNotBlank();
    assertThat(first.path("bytes").size()).isEqualTo(first.path("token").stringValue().length());
    assertThat(first.path("top_logprobs"))
        .extracting(likely -> likely.path("token").stringValue())
        .containsExactly("t0", "t1");
    List<JsonNode> chunks =
        Gateway.chunks(
            post("/completion", "{'prompt':'x','n_predict':2,'n_probs':1,'stream':true}"));
    assertThat(chunks.getFirst().path("completion_probabilities").size()).isEqualTo(1);
  }

  @Test
  void token_ids_come_when_they_are_asked_for() {
    assertThat(answer("{'prompt':'x','n_predict':2}").path("tokens").isEmpty()).isTrue();
    assertThat(
            answer("{'prompt':'x','n_predict':2,'return_tokens':true}").path("tokens").toString())
        .isEqualTo("[100,101]");
  }

  @Test
  void several_prompts_and_several_completions_make_a_list() {
    JsonNode answer =
        answer("{'prompt':['a',[1,2],{'prompt_string':'b'}],'n_cmpl':2,'seed':3,'n_predict':1}");
    assertThat(answer.isArray()).isTrue();
    assertThat(answer)
        .extracting(one -> one.path("index").intValue())
        .containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(answer.path(0).path("content").stringValue())
        .isEqualTo(TestWorker.text(new Prompt.Text("a"), 3, 1));
    assertThat(answer.path(2).path("content").stringValue())
        .isEqualTo(TestWorker.text(new Prompt.Tokens(List.of(1, 2)), 3, 1));
    assertThat(answer.path(2).has("prompt")).isFalse();
    assertThat(answer.path(4).path("prompt").stringValue()).isEqualTo("b");
  }

  @Test
  void a_stream_of_several_ends_each_with_stop() {
    List<JsonNode> chunks =
        Gateway.chunks(post("/completion", "{'prompt':['a','b'],'n_predict':2,'stream':true}"));
    assertThat(chunks.stream().filter(chunk -> chunk.path("stop").booleanValue()))
        .extracting(chunk -> chunk.path("index").intValue())
        .containsExactlyInAnyOrder(0, 1);
  }

  @Test
  void response_fields_choose_what_the_answer_has() {
    JsonNode answer =
        JsonMapper.shared()
            .readTree(
                post(
                    "/completion",
                    "{'prompt':'x','n_predict':1,'response_fields':"
                        + "['content','generation_settings/n_predict','nothing','timings/none']}"));
    assertThat(answer.propertyNames())
        .containsExactlyInAnyOrder("content", "generation_settings/n_predict");
    assertThat(answer.path("generation_settings/n_predict").intValue()).isEqualTo(1);
  }

  @Test
  void nothing_new_keeps_the_prompt_and_answers_at_once() {
    JsonNode answer = answer("{'prompt':'x','n_predict':0}");
    assertThat(answer.path("content").stringValue()).isEmpty();
    assertThat(answer.path("tokens_predicted").intValue()).isZero();
    assertThat(answer.path("generation_settings").path("n_predict").intValue()).isZero();
    assertThat(seen().promptScoring()).isEqualTo(PromptScoring.ALONE);
  }

  @Test
  void samplers_that_are_not_listed_are_off() {
    answer(
        "{'prompt':'x','n_predict':1,'samplers':['dry','top_k','typical_p','xtc'],'top_k':7,"
            + "'typical_p':0.5,'top_p':0.3,'min_p':0.2,'temperature':0.1,'repeat_penalty':1.5,"
            + "'presence_penalty':1,'frequency_penalty':1}");
    assertThat(seen().sampling().topK()).isEqualTo(7);
    assertThat(seen().sampling().typicalP()).isEqualTo(0.5);
    assertThat(seen().sampling().topP()).isEqualTo(1);
    assertThat(seen().sampling().minP()).isZero();
    assertThat(seen().sampling().temperature()).isEqualTo(1);
    assertThat(seen().sampling().repeatPenalty()).isEqualTo(1);
    assertThat(seen().sampling().presencePenalty()).isZero();
    assertThat(seen().sampling().frequencyPenalty()).isZero();
  }

  @Test
  void all_samplers_in_their_order_change_nothing() {
    answer(
        "{'prompt':'x','n_predict':1,'temperature':0.4,'samplers':"
            + "['penalties','dry','top_n_sigma','top_k','typ_p','top_p','min_p','xtc','temperature']}");
    assertThat(seen().sampling().temperature()).isEqualTo(0.4);
    assertThat(seen().sampling().repeatPenalty()).isEqualTo(1.1);
    assertThat(seen().sampling().topP()).isEqualTo(0.95);
  }

  @Test
  void grammars_and_schemas_hold_the_output() {
    answer("{'prompt':'x','n_predict':1,'grammar':'root ::= [ab]+'}");
    assertThat(seen().grammar()).isEqualTo("root ::= [ab]+");
    answer("{'prompt':'x','n_predict':1,'json_schema':{'type':'array','items':{'enum':['q']}}}");
    assertThat(seen().grammar()).contains("root ::=").contains("q");
  }

  @Test
  void the_other_name_of_the_route_answers_the_same() {
    String body = "{'prompt':'x','n_predict':3,'seed':5}";
    JsonNode other = JsonMapper.shared().readTree(post("/completions", body));
    assertThat(other.path("content")).isEqualTo(answer(body).path("content"));
  }

  @Test
  void a_new_line_is_noted() {
    gateway.worker().script(Behaviour.Say.of("a\n", "b"));
    assertThat(answer("{'prompt':'x'}").path("has_new_line").booleanValue()).isTrue();
    assertThat(answer("{'prompt':'x','n_predict':1}").path("has_new_line").booleanValue())
        .isFalse();
  }
}
