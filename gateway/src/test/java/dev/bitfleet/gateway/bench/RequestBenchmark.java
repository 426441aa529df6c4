package dev.bitfleet.gateway.bench;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.contract.Contract;
import dev.bitfleet.gateway.contract.JsonText;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.Call;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.gateway.dialect.Dialect;
import dev.bitfleet.gateway.dialect.DialectSettings;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.StreamFormat;
import dev.bitfleet.gateway.dialect.openai.ChatDialect;
import dev.bitfleet.gateway.grammar.GrammarCache;
import dev.bitfleet.gateway.grammar.OutputGrammar;
import dev.bitfleet.gateway.grammar.OutputSpec;
import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.Usage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import tools.jackson.databind.JsonNode;

/**
 * What the gateway computes on its event loop for a chat of 20 messages: the way in, the answer,
 * and one token of a stream. Plain, and with five tools and a schema whose grammar is remembered.
 * Run with {@code ./mvnw -pl gateway test-compile}, then {@code java -cp <test class path>
 * org.openjdk.jmh.Main RequestBenchmark}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
public class RequestBenchmark {
  /** Kinds of request. */
  public enum Kind {
    PLAIN,
    TOOLS_AND_SCHEMA
  }

  private static final Operation CHAT = Operation.CREATE_CHAT_COMPLETION;
  private static final AnswerStamp STAMP = new AnswerStamp("A".repeat(29), 1);
  private static final CompletionEvent.Opened OPENED =
      new CompletionEvent.Opened(0, "bitfleet-demo", "0123456789abcdef", 500, 0);
  private static final CompletionEvent.Finished FINISHED =
      new CompletionEvent.Finished(
          0, FinishReason.STOP_TOKEN, "", new Usage(500, 0, 130), 5000, 9000);

  /** An answer of some 128 tokens. */
  private static final String TEXT = "The quick brown fox jumps over the lazy dog. ".repeat(13);

  private static final String CALLS =
      "<tool_call>\n{\"name\": \"tool_0\", \"arguments\": {\"city\": \"Paris\", \"days\": 3}}\n</tool_call>";

  @Param public Kind kind = Kind.PLAIN;

  private final Contract contract = Contract.load();
  private final Dialect dialect =
      new ChatDialect(contract.defaults(CHAT), new DialectSettings(16, () -> 42));
  private final GrammarCache grammars = new GrammarCache();
  private final JsonBytes out = new JsonBytes(1024);
  private byte[] body = {};
  private JsonNode tree = JsonText.read("{}".getBytes(StandardCharsets.UTF_8));
  private ChoiceAnswer answer = new ChoiceAnswer(OPENED, List.of(), TEXT, List.of(), FINISHED);
  private CompletionEvent.Delta delta = new CompletionEvent.Delta(0, " something", List.of());
  private StreamFormat stream = stream("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}");

  /** Makes the request, and what was there before it: its grammar. */
  @Setup
  public void prepare() {
    String text = body(kind);
    body = text.getBytes(StandardCharsets.UTF_8);
    tree = JsonText.read(body);
    dialect
        .read(tree)
        .output()
        .spec()
        .ifPresent(spec -> grammars.put(spec, OutputGrammar.of(spec)));
    if (kind == Kind.TOOLS_AND_SCHEMA) {
      answer = new ChoiceAnswer(OPENED, List.of(), CALLS, List.of(), FINISHED);
    }
    stream = stream(text);
    stream.opened(OPENED, out);
    if (kind == Kind.TOOLS_AND_SCHEMA) {
      // Within the arguments of a call, whose string never ends.
      String begin = CALLS.substring(0, CALLS.indexOf("Paris"));
      stream.delta(new CompletionEvent.Delta(0, begin, List.of()), out);
    }
  }

  private StreamFormat stream(String text) {
    return dialect.read(JsonText.read(text.getBytes(StandardCharsets.UTF_8))).format().stream(
        STAMP);
  }

  private static String body(Kind kind) {
    StringBuilder json = new StringBuilder("{\"model\":\"bitfleet-demo\",\"messages\":[");
    for (int i = 0; i < 20; i++) {
      json.append(i == 0 ? "" : ",")
          .append("{\"role\":\"")
          .append(i % 2 == 0 ? "user" : "assistant")
          .append("\",\"content\":\"")
          .append("The quick brown fox jumps over the lazy dog. ".repeat(6))
          .append("\"}");
    }
    json.append("],\"temperature\":0.7,\"top_p\":0.95,\"max_tokens\":128,\"stream\":true,")
        .append("\"stop\":[\"END\"],\"seed\":7");
    if (kind == Kind.TOOLS_AND_SCHEMA) {
      json.append(",\"tools\":[");
      for (int i = 0; i < 5; i++) {
        json.append(i == 0 ? "" : ",")
            .append("{\"type\":\"function\",\"function\":{\"name\":\"tool_")
            .append(i)
            .append(
                "\",\"description\":\"What it does, in a sentence or two, so that a model knows")
            .append(" when to call it.\",\"strict\":true,\"parameters\":")
            .append(schema())
            .append("}}");
      }
      json.append("],\"response_format\":{\"type\":\"json_schema\",\"json_schema\":")
          .append("{\"name\":\"answer\",\"strict\":true,\"schema\":")
          .append(schema())
          .append("}}");
    }
    return json.append("}").toString();
  }

  private static String schema() {
    return """
        {"type":"object","additionalProperties":false,"required":["city","days","units","tags"],
         "properties":{"city":{"type":"string","description":"Where."},
          "days":{"type":"integer","minimum":1,"maximum":14},
          "units":{"enum":["metric","imperial"]},
          "tags":{"type":"array","items":{"type":"string"},"maxItems":8}}}""";
  }

  @Benchmark
  public JsonNode parse() {
    return JsonText.read(body);
  }

  @Benchmark
  public void validate() {
    contract.check(CHAT, tree);
  }

  /** From the bytes of a body to what is dispatched. */
  @Benchmark
  public CompletionRequest wayIn() {
    JsonNode read = JsonText.read(body);
    contract.check(CHAT, read);
    return held(dialect.read(read));
  }

  private CompletionRequest held(Call call) {
    OutputSpec spec = call.output().spec().orElse(null);
    if (spec == null) {
      return call.request();
    }
    return call.request()
        .withGrammar(grammars.get(spec).orElseThrow().orElseThrow().gbnf(), call.output().field());
  }

  /** The way in, and the whole answer. */
  @Benchmark
  public byte[] wayInAndOut() {
    JsonNode read = JsonText.read(body);
    contract.check(CHAT, read);
    Call call = dialect.read(read);
    held(call);
    out.clear();
    call.format().whole(STAMP, List.of(answer), out);
    return out.toByteArray();
  }

  /** One token of a stream; within the arguments of a call where there are tools. */
  @Benchmark
  public byte[] renderToken() {
    out.clear();
    stream.delta(delta, out);
    return out.toByteArray();
  }
}
