package dev.bitfleet.worker.model;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import dev.bitfleet.worker.engine.PromptSegment;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ChatRendererTest {
  private static final Duration PATIENCE = Duration.ofMillis(300);

  private final Vertx vertx = Vertx.vertx();
  private final Context context = vertx.getOrCreateContext();
  private final CountDownLatch release = new CountDownLatch(1);
  private final AtomicInteger reads = new AtomicInteger();

  @AfterEach
  void stop() throws Exception {
    release.countDown();
    vertx.close().await(20, SECONDS);
  }

  private <T> Future<T> onContext(Supplier<Future<T>> call) {
    Promise<T> result = Promise.promise();
    context.runOnContext(ignored -> call.get().onComplete(result));
    return result.future();
  }

  private ChatRenderer renderer() throws Exception {
    ChatRenderer.Source source =
        () -> {
          reads.incrementAndGet();
          return this::layOut;
        };
    return onContext(() -> Future.succeededFuture(new ChatRenderer(vertx, source, PATIENCE)))
        .await(20, SECONDS);
  }

  private static Prompt.Chat chat(String text) {
    return new Prompt.Chat(List.of(new ChatMessage(Role.USER, text)));
  }

  private Future<List<PromptSegment>> ask(ChatRenderer renderer, String text) {
    return onContext(() -> renderer.layOut(chat(text)));
  }

  /** "stuck" holds out against interrupts, as a computation would; "slow" takes half the time. */
  private List<PromptSegment> layOut(Prompt.Chat chat) {
    String text = chat.messages().getFirst().content();
    while (text.equals("stuck") && release.getCount() > 0) {
      try {
        release.await();
      } catch (InterruptedException e) {
        continue;
      }
    }
    if (text.equals("slow")) {
      LockSupport.parkNanos(PATIENCE.toNanos() / 2);
    }
    return List.of(new PromptSegment.Text(text));
  }

  @Test
  void waiting_behind_others_is_not_taking_long() throws Exception {
    ChatRenderer renderer = renderer();

    List<Future<List<PromptSegment>>> answers = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      answers.add(ask(renderer, "slow"));
    }

    assertThat(Future.all(answers).await(20, SECONDS).size()).isEqualTo(6);
    assertThat(reads).hasValue(1);
  }

  @Test
  void after_a_chat_that_does_not_come_back_the_next_is_laid_out() throws Exception {
    ChatRenderer renderer = renderer();

    Future<List<PromptSegment>> stuck = ask(renderer, "stuck");
    Future<List<PromptSegment>> behind = ask(renderer, "behind");

    assertThatThrownBy(() -> stuck.await(20, SECONDS))
        .isNotInstanceOf(ChatTemplateException.class)
        .hasMessageContaining("did not come back");
    assertThat(behind.await(20, SECONDS)).containsExactly(new PromptSegment.Text("behind"));
    assertThat(reads).hasValue(2);
  }

  @Test
  void threads_that_never_come_back_are_not_made_without_end() throws Exception {
    ChatRenderer renderer = renderer();
    for (int i = 0; i < ChatRenderer.MAX_ABANDONED; i++) {
      Future<List<PromptSegment>> stuck = ask(renderer, "stuck");
      assertThatThrownBy(() -> stuck.await(20, SECONDS)).hasMessageContaining("come back");
    }

    assertThatThrownBy(() -> ask(renderer, "x").await(20, SECONDS))
        .isNotInstanceOf(ChatTemplateException.class);

    release.countDown();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (true) {
      try {
        assertThat(ask(renderer, "x").await(20, SECONDS)).isNotEmpty();
        return;
      } catch (IllegalStateException e) {
        assertThat(System.nanoTime()).isLessThan(deadline);
      }
    }
  }

  @Test
  void the_queue_is_bounded() throws Exception {
    ChatRenderer renderer = renderer();
    onContext(renderer::ready).await(20, SECONDS);
    Future<List<PromptSegment>> last =
        onContext(
            () -> {
              for (int i = 0; i <= ChatRenderer.MAX_WAITING; i++) {
                var unused = renderer.layOut(chat(i == 0 ? "stuck" : "x"));
              }
              return renderer.layOut(chat("one too many"));
            });

    assertThatThrownBy(() -> last.await(20, SECONDS))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("wait");
  }

  @Test
  void a_template_that_is_none_fails_readiness_and_every_chat() throws Exception {
    ChatRenderer renderer =
        onContext(
                () ->
                    Future.succeededFuture(
                        new ChatRenderer(
                            vertx,
                            () -> {
                              throw new ChatTemplateException("no template");
                            },
                            PATIENCE)))
            .await(20, SECONDS);

    assertThatThrownBy(() -> onContext(renderer::ready).await(20, SECONDS))
        .isInstanceOf(ChatTemplateException.class);
    assertThatThrownBy(() -> ask(renderer, "x").await(20, SECONDS))
        .isInstanceOf(ChatTemplateException.class);
  }
}
