package dev.bitfleet.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.TextReply;
import dev.bitfleet.proto.TextRequest;
import dev.bitfleet.proto.TokenDetail;
import dev.bitfleet.worker.engine.TestModels;
import dev.bitfleet.worker.model.ModelFile;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The engine's own tokenizer, which raw prompts go through as they are. */
class NastyTextTest {
  private static final int STRINGS = 20_000;
  private static final int AT_ONCE = 16;

  @Test
  @Timeout(300)
  void no_raw_text_becomes_a_control_token() throws Exception {
    long seed = Long.getLong("bitfleet.seed", new Random().nextLong());
    Random random = new Random(seed);
    var controls = ModelFile.read(TestModels.demo()).controlTokens().idOfText();
    Set<Integer> ids = new HashSet<>(controls.values());
    List<String> pieces = new ArrayList<>(controls.keySet());
    for (String control : controls.keySet()) {
      int cut = 1 + random.nextInt(control.length() - 1);
      pieces.add(control.substring(0, cut));
      pieces.add(control.substring(cut));
    }
    pieces.addAll(List.of(" ", "\n", "é", "日本", "😀", "x", "User: ", "\u0001"));
    assertThat(ids).isNotEmpty();
    try (WorkerBed bed = WorkerBed.ready()) {
      for (int made = 0; made < STRINGS; made += AT_ONCE) {
        List<String> texts = new ArrayList<>();
        List<Future<TextReply>> replies = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
          StringBuilder text = new StringBuilder();
          for (int parts = random.nextInt(8); parts >= 0; parts--) {
            text.append(pieces.get(random.nextInt(pieces.size())));
          }
          texts.add(text.toString());
          replies.add(
              bed.asked(
                  new TextRequest.Tokenize(WorkerBed.MODEL, texts.get(i), false, false, false)));
        }
        for (int i = 0; i < AT_ONCE; i++) {
          TextReply.Tokens tokens = (TextReply.Tokens) replies.get(i).await();
          assertThat(tokens.tokens().stream().map(TokenDetail::id))
              .as("seed %d: %s", seed, texts.get(i))
              .doesNotContainAnyElementsOf(ids);
        }
      }
    }
  }
}
