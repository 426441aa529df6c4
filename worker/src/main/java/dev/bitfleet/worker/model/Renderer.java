package dev.bitfleet.worker.model;

import dev.bitfleet.proto.Prompt;
import dev.bitfleet.worker.engine.PromptSegment;
import io.vertx.core.Future;
import java.util.List;

/** Lays out chats as a model wants them. Methods are called on one event loop. */
public interface Renderer extends AutoCloseable {
  /** Fails with {@link ChatTemplateException} when the model's template is none. */
  Future<Void> ready();

  /**
   * The stretches of a chat. Fails with {@link ChatTemplateException} when the template turns the
   * chat down, and with another exception when the chat is not to blame: it took too long, or too
   * many wait.
   */
  Future<List<PromptSegment>> layOut(Prompt.Chat chat);

  /** Fails what waits. */
  @Override
  void close();
}
