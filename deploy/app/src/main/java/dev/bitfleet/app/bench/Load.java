package dev.bitfleet.app.bench;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Completions of token prompts, timed at the client. Prompts are random, so that no two share a
 * beginning, and answers are sampled, so that they do not run into loops: what a cache or a guess
 * of the next words could spare is measured apart.
 */
final class Load {
  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final JsonMapper JSON = JsonMapper.shared();

  private final HttpClient client;
  private final int vocabulary;
  private final SplittableRandom random;

  /**
   * @param vocabulary tokens the model knows
   */
  Load(HttpClient client, int vocabulary, long seed) {
    this.client = client;
    this.vocabulary = vocabulary;
    random = new SplittableRandom(seed);
  }

  /**
   * A prompt nobody has seen. Control tokens lie at the ends of vocabularies, so those are left
   * out.
   */
  List<Integer> prompt(int tokens) {
    var prompt = new ArrayList<Integer>(tokens);
    for (int i = 0; i < tokens; i++) {
      prompt.add(random.nextInt(vocabulary / 8, vocabulary / 2));
    }
    return prompt;
  }

  /**
   * Sends one completion for each prompt at the same moment.
   *
   * @return from that moment until the last has ended
   */
  Duration together(RunningServer server, List<List<Integer>> prompts, int tokens)
      throws BenchException, InterruptedException {
    var requests = new ArrayList<Callable<JsonNode>>();
    for (List<Integer> prompt : prompts) {
      HttpRequest request = request(server, prompt, tokens, false);
      requests.add(() -> send(server, request));
    }
    long begun = System.nanoTime();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<JsonNode> answer : threads.invokeAll(requests)) {
        checked(server, answer.get(), tokens);
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof BenchException problem) {
        throw problem;
      }
      throw new BenchException(server.name() + " failed: " + e.getCause(), e);
    }
    return Duration.ofNanos(System.nanoTime() - begun);
  }

  /**
   * Completes a prompt that may be found in the server's cache.
   *
   * @return the prompt's tokens that were computed
   */
  int computedOf(RunningServer server, List<Integer> prompt, int tokens)
      throws BenchException, InterruptedException {
    JsonNode answer = send(server, request(server, prompt, tokens, true));
    checked(server, answer, tokens);
    JsonNode computed = answer.at("/timings/prompt_n");
    if (!computed.isIntegralNumber()) {
      throw new BenchException(server.name() + " does not tell timings.prompt_n");
    }
    return computed.asInt();
  }

  private HttpRequest request(
      RunningServer server, List<Integer> prompt, int tokens, boolean cached) {
    ObjectNode body = JSON.createObjectNode();
    ArrayNode ids = body.putArray("prompt");
    prompt.forEach(ids::add);
    body.put("n_predict", tokens)
        .put("ignore_eos", true)
        .put("temperature", 1.0)
        .put("top_k", 40)
        .put("seed", random.nextInt(1, Integer.MAX_VALUE))
        .put("cache_prompt", cached)
        .put("stream", false);
    return HttpRequest.newBuilder(server.setup().completions())
        .timeout(LIMIT)
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
        .build();
  }

  private JsonNode send(RunningServer server, HttpRequest request)
      throws BenchException, InterruptedException {
    try {
      HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        throw new BenchException(
            "%s answered %d: %s".formatted(server.name(), response.statusCode(), response.body()));
      }
      return JSON.readTree(response.body());
    } catch (IOException | JacksonException e) {
      throw new BenchException(
          "%s broke off: %s%n%s".formatted(server.name(), e.getMessage(), server.logTail()), e);
    }
  }

  private static void checked(RunningServer server, JsonNode answer, int tokens)
      throws BenchException {
    int made = answer.path("tokens_predicted").asInt(-1);
    if (made != tokens) {
      throw new BenchException(
          "%s made %d tokens where %d were asked for".formatted(server.name(), made, tokens));
    }
  }
}
