package dev.bitfleet.acceptance;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Clients that converse, each turn at another gateway than the one before, and look at how much of
 * a prompt had been computed already. No two conversations begin alike, so what is cached of a turn
 * is of the turns before it. A client begins its next conversation when one is over, so caches have
 * to hold few at a time.
 */
public final class NextTurns {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final int ANSWER_TOKENS = 16;
  private static final int BORDER_TOKENS = 2;

  private final List<Chat> gateways;
  private final Plan plan;
  private final AtomicInteger nextConversation = new AtomicInteger();

  /**
   * What is said.
   *
   * @param conversations of all clients together
   * @param turns of each, the first one included
   * @param clients that converse at once
   * @param words of a question
   * @param thinking between an answer and the next question
   */
  public record Plan(int conversations, int turns, int clients, int words, Duration thinking) {}

  /**
   * One turn that had one before it.
   *
   * @param prompt tokens of the turn before
   * @param answer tokens of what it was answered
   * @param cached of this turn's prompt
   */
  public record Turn(int prompt, int answer, int cached) {
    /**
     * Whether the prompt before this one was found, but for its last tokens: what stands before an
     * answer may become other tokens when the answer follows. So may the answer, where a model's
     * template ends what is to be answered in a blank.
     */
    public boolean hit() {
      return cached >= prompt - BORDER_TOKENS;
    }
  }

  /**
   * Begins when it is told to.
   *
   * @param gateways two or more
   */
  public NextTurns(List<BitfleetProcess> gateways, Plan plan) {
    this.gateways = gateways.stream().map(Chat::new).toList();
    this.plan = plan;
  }

  /** Converses; all turns but the first of each conversation. */
  public List<Turn> run(long seed) throws Exception {
    var turns = new ArrayList<Turn>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var clients = new ArrayList<Future<List<Turn>>>();
      for (int i = 0; i < plan.clients(); i++) {
        clients.add(threads.submit(client(new Random(seed * 1000 + i), seed)));
      }
      for (Future<List<Turn>> client : clients) {
        turns.addAll(client.get());
      }
    }
    return turns;
  }

  private Callable<List<Turn>> client(Random random, long seed) {
    return () -> {
      var turns = new ArrayList<Turn>();
      for (int number = nextConversation.getAndIncrement();
          number < plan.conversations();
          number = nextConversation.getAndIncrement()) {
        turns.addAll(converse(seed + " " + number + ": ", number % 2 == 0, random));
      }
      return turns;
    };
  }

  /**
   * One conversation.
   *
   * @param kept whether the gateways keep it; else all of it is sent each time
   */
  private List<Turn> converse(String opening, boolean kept, Random random) throws Exception {
    int gateway = random.nextInt(gateways.size());
    String path =
        kept
            ? "/v1/conversations/"
                + Chat.ok(gateways.get(gateway).post("/v1/conversations", "{}"))
                    .get("id")
                    .asString()
                + "/chat"
            : "/v1/chat/completions";
    ArrayNode messages = JSON.createArrayNode();
    var turns = new ArrayList<Turn>();
    JsonNode before = JSON.nullNode();
    for (int turn = 0; turn < plan.turns(); turn++) {
      if (kept) {
        messages.removeAll();
      }
      messages
          .addObject()
          .put("role", "user")
          .put("content", (turn == 0 ? opening : "") + question(random));
      JsonNode answer = say(gateways.get(gateway), path, messages);
      messages
          .addObject()
          .put("role", "assistant")
          .put("content", answer.at("/choices/0/message/content").asString());
      JsonNode usage = answer.get("usage");
      if (turn > 0) {
        turns.add(
            new Turn(
                before.get("prompt_tokens").asInt(),
                before.get("completion_tokens").asInt(),
                usage.at("/prompt_tokens_details/cached_tokens").asInt()));
      }
      before = usage;
      gateway = (gateway + 1 + random.nextInt(gateways.size() - 1)) % gateways.size();
      Thread.sleep(plan.thinking());
    }
    return turns;
  }

  private static JsonNode say(Chat gateway, String path, ArrayNode messages) throws Exception {
    ObjectNode body =
        JSON.createObjectNode().put("temperature", 0).put("max_tokens", ANSWER_TOKENS);
    body.set("messages", messages);
    return Chat.ok(gateway.post(path, body.toString()));
  }

  private String question(Random random) {
    var words = new StringBuilder();
    for (int i = 0; i < plan.words(); i++) {
      words.append(WORDS.get(random.nextInt(WORDS.size()))).append(i % 9 == 8 ? ". " : " ");
    }
    return words.toString().strip();
  }

  private static final List<String> WORDS =
      List.of(
          "the", "capital", "of", "a", "joke", "name", "is", "what", "hello", "count", "from",
          "one", "to", "ten", "France", "cat", "and", "dog", "who", "are", "you", "tell", "me");
}
