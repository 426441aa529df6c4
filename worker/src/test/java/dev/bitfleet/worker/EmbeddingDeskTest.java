package dev.bitfleet.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.EmbedReply;
import dev.bitfleet.proto.EmbedRequest;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.engine.TestModels;
import dev.bitfleet.worker.supervise.SupervisionSettings;
import io.vertx.core.Future;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Embeddings over the bus, from real engines. */
@Timeout(120)
class EmbeddingDeskTest {
  private static final int SIZE = 128;

  private static Path model(String name, String arguments) {
    return TestModels.random(name, List.of(arguments.split(" ")));
  }

  private static Path embedder() {
    return model(
        "desk-embedder",
        "--arch qwen3 --layers 3 --embd 128 --heads 4 --kv-heads 2 --head-dim 64 --ff 384 --vocab 600"
            + " --context 512 --projection-norms 1 --pooling last --add-end-token 1 --seed 41");
  }

  private static WorkerBed serving(Path model) {
    WorkerBed bed =
        new WorkerBed(WorkerBed.options(model, Optional.empty(), SupervisionSettings.DEFAULTS));
    bed.awaitState(WorkerHeartbeat.State.READY);
    return bed;
  }

  private static EmbedRequest request(String id, List<Prompt> prompts) {
    return new EmbedRequest(id, WorkerBed.MODEL, prompts, 1);
  }

  private static List<Prompt> texts(int count) {
    return IntStream.range(0, count)
        .<Prompt>mapToObj(i -> new Prompt.Text("query: text number " + i + " of them"))
        .toList();
  }

  private static EmbedReply.Embedded embedded(Future<EmbedReply> reply) {
    EmbedReply embedded = reply.await();
    assertThat(embedded).isInstanceOf(EmbedReply.Embedded.class);
    return (EmbedReply.Embedded) embedded;
  }

  private static EmbedReply.Refused refused(Future<EmbedReply> reply) {
    EmbedReply refused = reply.await();
    assertThat(refused).isInstanceOf(EmbedReply.Refused.class);
    return (EmbedReply.Refused) refused;
  }

  private static double squares(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value * value;
    }
    return sum;
  }

  @Test
  void every_text_gets_a_point_of_length_1_in_order_and_the_same_alone() {
    try (WorkerBed bed = serving(embedder())) {
      WorkerHeartbeat ready = bed.awaitState(WorkerHeartbeat.State.READY);
      assertThat(ready.model().orElseThrow().embeddingSize()).isEqualTo(SIZE);
      assertThat(ready.model().orElseThrow().pooling()).isEqualTo("last");

      List<Prompt> texts = texts(100);
      EmbedReply.Embedded together = embedded(bed.embed(request("e1", texts)));
      assertThat(together.embeddings()).hasSize(100);
      assertThat(together.fingerprint())
          .isEqualTo(ready.model().orElseThrow().fingerprint())
          .isNotEmpty();
      assertThat(together.embeddings())
          .allSatisfy(
              one -> {
                assertThat(one.values()).hasSize(SIZE);
                assertThat(squares(one.values())).isBetween(0.99999, 1.00001);
              });
      for (int i : new int[] {0, 7, 99}) {
        assertThat(embedded(bed.embed(request("a" + i, texts.subList(i, i + 1)))).embeddings())
            .containsExactly(together.embeddings().get(i));
      }
    }
  }

  @Test
  void a_text_that_is_at_fault_is_named_by_its_index() {
    try (WorkerBed bed = serving(embedder())) {
      List<Prompt> prompts = new ArrayList<>(texts(5));
      prompts.set(3, new Prompt.Text("far too long ".repeat(600)));
      EmbedReply.Refused tooLong = refused(bed.embed(request("e1", prompts)));
      assertThat(tooLong.code()).isEqualTo(EmbedReply.Code.CONTEXT_LENGTH_EXCEEDED);
      assertThat(tooLong.index()).isEqualTo(3);
      assertThat(tooLong.promptTokens()).isGreaterThan(512);
      assertThat(tooLong.contextLength()).isEqualTo(512);

      prompts.set(3, new Prompt.Tokens(List.of(1, 600)));
      assertThat(refused(bed.embed(request("e2", prompts))))
          .returns(EmbedReply.Code.INVALID, EmbedReply.Refused::code)
          .returns(3, EmbedReply.Refused::index);
      prompts.set(3, new Prompt.Tokens(List.of()));
      assertThat(refused(bed.embed(request("e3", prompts))).code())
          .isEqualTo(EmbedReply.Code.EMPTY_PROMPT);
      prompts.set(3, new Prompt.Text(""));
      assertThat(embedded(bed.embed(request("e4", prompts))).embeddings().get(3).promptTokens())
          .as("the begin and the end token")
          .isEqualTo(2);
    }
  }

  @Test
  void a_model_without_pooling_makes_none() {
    try (WorkerBed bed = WorkerBed.ready()) {
      assertThat(refused(bed.embed(request("e", texts(1)))).code())
          .isEqualTo(EmbedReply.Code.NOT_AN_EMBEDDING_MODEL);
    }
  }

  @Test
  void a_model_that_sees_text_both_ways_serves_embeddings_alone() {
    Path bothWays =
        model(
            "desk-both-ways",
            "--arch bitnet-b1.58 --layers 2 --embd 128 --heads 2 --kv-heads 1 --ff 256 --vocab 600"
                + " --context 512 --pooling mean --causal 0 --seed 42");
    try (WorkerBed bed = serving(bothWays)) {
      assertThat(embedded(bed.embed(request("e", texts(3)))).embeddings()).hasSize(3);
      assertThat(bed.open(bed.request(new Prompt.Text("go on"), 1)).getClass().getSimpleName())
          .isEqualTo("Refused");
    }
  }

  @Test
  void a_stream_goes_on_while_texts_are_embedded_and_more_than_fit_are_turned_away() {
    try (WorkerBed bed = serving(embedder())) {
      GenerationRequest stream = bed.request(new Prompt.Text("once upon a time"), 200);
      bed.accepted(stream);
      List<Future<EmbedReply>> fit = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        fit.add(bed.embed(request("full" + i, texts(EmbedRequest.MOST_PROMPTS))));
      }
      assertThat(bed.embed(request("more", texts(1))).await()).isInstanceOf(EmbedReply.Busy.class);
      assertThat(bed.end(stream.streamId())).isInstanceOf(GenerationEvent.Finished.class);

      bed.cancel("full0");
      bed.cancel("full1");
      fit.forEach(reply -> assertThat(reply.await()).isInstanceOf(EmbedReply.Busy.class));
      embedded(bed.embed(request("after", texts(2))));
    }
  }

  @Test
  void texts_whose_engine_dies_are_turned_away_and_the_next_engine_takes_others() throws Exception {
    try (WorkerBed bed = serving(embedder())) {
      Future<EmbedReply> many = bed.embed(request("e", texts(EmbedRequest.MOST_PROMPTS)));
      long pid = bed.awaitHeartbeat(h -> h.enginePid() > 0).enginePid();
      new ProcessBuilder("kill", "-KILL", Long.toString(pid)).start().waitFor();

      assertThat(many.await()).isInstanceOf(EmbedReply.Busy.class);
      bed.awaitHeartbeat(h -> h.state() == WorkerHeartbeat.State.READY && h.engineRestarts() == 1);
      embedded(bed.embed(request("e", List.of(new Prompt.Text("another text")))));
    }
  }
}
