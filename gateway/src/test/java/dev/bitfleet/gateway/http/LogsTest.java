package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Behaviour;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.proto.FailureCause;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What the logs say, and above all what they never say. */
class LogsTest {
  private static final String SECRET = "unmistakable";

  private final Queue<String> lines = new ConcurrentLinkedQueue<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger("dev.bitfleet");
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          lines.add(event.getFormattedMessage() + ' ' + event.getThrowableProxy());
        }
      };

  @BeforeEach
  void listen() {
    appender.start();
    logger.setLevel(Level.TRACE);
    logger.setAdditive(false);
    logger.addAppender(appender);
  }

  @AfterEach
  void stopListening() {
    logger.detachAppender(appender);
    logger.setAdditive(true);
    logger.setLevel(null);
  }

  @Test
  void every_request_is_logged_once_and_neither_prompt_nor_key_nor_path_ever_is() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway
          .worker()
          .script(
              new Behaviour.FailAfter(0, FailureCause.ENGINE_LOST),
              new Behaviour.FailAfter(1, FailureCause.ENGINE_FAULT));
      String body = "{\"prompt\":\"" + SECRET + "\",\"user\":\"" + SECRET + "\",\"n_predict\":3";
      for (String tail :
          new String[] {"}", ",\"stream\":true}", ",\"top_k\":\"" + SECRET + "\"}"}) {
        gateway.send(
            gateway
                .request("/completion?key=" + SECRET, body + tail)
                .header("authorization", "Bearer " + SECRET)
                .header("x-request-id", "r-1")
                .build());
      }
      gateway.get("/v1/models/" + SECRET);
      Await.until(
          "four requests are logged",
          () -> lines.stream().filter(line -> line.contains(" ms")).count() == 4);
    }
    assertThat(lines).noneMatch(line -> line.contains(SECRET));
    assertThat(lines)
        .anyMatch(
            line ->
                line.startsWith("r-1 createPlainCompletion 200 ")
                    && line.contains("prompt=7 completion=3"))
        .anyMatch(line -> line.startsWith("r-1 createPlainCompletion 400 "));
  }
}
