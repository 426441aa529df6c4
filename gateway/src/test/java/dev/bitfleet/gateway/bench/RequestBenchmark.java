package dev.bitfleet.gateway.bench;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.contract.Contract;
import dev.bitfleet.gateway.contract.JsonText;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.Call;
import dev.bitfleet.gateway.dialect.Dialect;
import dev.bitfleet.gateway.dialect.DialectSettings;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.StreamFormat;
import dev.bitfleet.gateway.dialect.openai.ChatDialect;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import tools.jackson.databind.JsonNode;

/**
 * What the gateway computes for a chat of 20 messages, and for one token of its stream. Run with
 * {@code ./mvnw -pl gateway test-compile}, then {@code java -cp <test class path>
 * org.openjdk.jmh.Main RequestBenchmark}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class RequestBenchmark {
  private static final Operation CHAT = Operation.CREATE_CHAT_COMPLETION;

  private final Contract contract = Contract.load();
  private final Dialect dialect =
      new ChatDialect(contract.defaults(CHAT), new DialectSettings(16, () -> 42));
  private final byte[] body = body().getBytes(StandardCharsets.UTF_8);
  private final JsonNode tree = JsonText.read(body);
  private final Call call = dialect.read(tree);
  private final CompletionEvent.Opened opened =
      new CompletionEvent.Opened(0, "bitfleet-demo", "0123456789abcdef", 500, 0);
  private final CompletionEvent.Delta delta = new CompletionEvent.Delta(0, " something", List.of());
  private final JsonBytes out = new JsonBytes(1024);
  private final StreamFormat stream = call.format().stream(new AnswerStamp("A".repeat(29), 1));

  public RequestBenchmark() {
    stream.opened(opened, out);
  }

  private static String body() {
    StringBuilder json = new StringBuilder("{\"model\":\"bitfleet-demo\",\"messages\":[");
    for (int i = 0; i < 20; i++) {
      json.append(i == 0 ? "" : ",")
          .append("{\"role\":\"")
          .append(i % 2 == 0 ? "user" : "assistant")
          .append("\",\"content\":\"")
          .append("The quick brown fox jumps over the lazy dog. ".repeat(6))
          .append("\"}");
    }
    return json.append(
            "],\"temperature\":0.7,\"top_p\":0.95,\"max_tokens\":128,\"stream\":true,"
                + "\"stop\":[\"END\"],\"seed\":7}")
        .toString();
  }

  @Benchmark
  public JsonNode parse() {
    return JsonText.read(body);
  }

  @Benchmark
  public void validate() {
    contract.check(CHAT, tree);
  }

  @Benchmark
  public Call parseValidateRead() {
    JsonNode read = JsonText.read(body);
    contract.check(CHAT, read);
    return dialect.read(read);
  }

  @Benchmark
  public byte[] renderToken() {
    out.clear();
    stream.delta(delta, out);
    return out.toByteArray();
  }
}
