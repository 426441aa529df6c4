package dev.bitfleet.gateway.conversation;

import dev.bitfleet.gateway.completion.Truncation;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.Call;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.gateway.dialect.Dialect;
import dev.bitfleet.gateway.dialect.items.ItemIds;
import dev.bitfleet.gateway.dialect.items.ItemMessages;
import dev.bitfleet.gateway.dialect.items.Items;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.Handler;
import dev.bitfleet.gateway.http.ReadBudget;
import dev.bitfleet.gateway.operations.Claim;
import dev.bitfleet.gateway.operations.CompletionRunner;
import dev.bitfleet.gateway.operations.IdempotentRequests;
import dev.bitfleet.gateway.operations.Keeping;
import dev.bitfleet.gateway.operations.Rendered;
import dev.bitfleet.gateway.operations.RequestReader;
import dev.bitfleet.gateway.store.Commit;
import dev.bitfleet.gateway.store.Store;
import dev.bitfleet.gateway.store.Turn;
import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A chat completion in a conversation: the history stands before the request's messages, and both
 * they and the answer join it. Event loop only.
 */
public final class ConversationChat implements Handler {
  private final Store store;
  private final ReadBudget reads;
  private final RequestReader reader;
  private final IdempotentRequests repeats;
  private final Dialect dialect;
  private final CompletionRunner runner;
  private final StoredCompletions completions;

  /**
   * @param dialect reads the body, which is that of a chat completion
   */
  public ConversationChat(
      Store store,
      ReadBudget reads,
      RequestReader reader,
      IdempotentRequests repeats,
      Dialect dialect,
      CompletionRunner runner,
      StoredCompletions completions) {
    this.store = store;
    this.reads = reads;
    this.reader = reader;
    this.repeats = repeats;
    this.dialect = dialect;
    this.runner = runner;
    this.completions = completions;
  }

  @Override
  public void handle(Exchange exchange, byte[] body) {
    record Wish(Call call, Optional<CompletionWish> storing) {}
    reader.read(
        exchange,
        body,
        json -> new Wish(readOne(json), CompletionWish.of(json)),
        wish ->
            repeats.begin(
                exchange,
                body,
                claim ->
                    exchange.settling(
                        store
                            .conversations()
                            .beginUnseen(
                                exchange.caller().tenant(), exchange.parameter("conversation_id")),
                        turn -> remember(exchange, wish.call(), turn, claim, wish.storing()))));
  }

  private Call readOne(JsonNode json) {
    boolean whole = json.path("truncation").stringValue("").equals("disabled");
    Call call = dialect.read(json).truncating(whole ? Truncation.DISABLED : Truncation.AUTO);
    if (call.request().choices() != 1) {
      throw new ApiException(
          ApiError.unsupportedParameter(
              "n", "Unsupported parameter 'n': a conversation goes on with one answer."));
    }
    return call;
  }

  /** Reads the history, once it is its turn: who waits for that holds no memory. */
  private void remember(
      Exchange exchange, Call call, Turn turn, Claim claim, Optional<CompletionWish> storing) {
    if (exchange.settled()) {
      turn.release();
      return;
    }
    exchange.settling(
        reads.reading(
            exchange,
            ReadBudget.CONVERSATION,
            () ->
                store
                    .conversations()
                    .items(exchange.caller().tenant(), turn.conversationId())
                    .map(ItemMessages::of),
            history -> history.stream().mapToLong(said -> said.content().length()).sum()),
        history -> chat(exchange, call, history, turn, claim, storing),
        why -> {
          turn.release();
          exchange.fail(why);
        });
  }

  private void chat(
      Exchange exchange,
      Call call,
      List<ChatMessage> history,
      Turn turn,
      Claim claim,
      Optional<CompletionWish> storing) {
    if (exchange.settled()) {
      turn.release();
      return;
    }
    try {
      Prompt.Chat asked = (Prompt.Chat) call.request().prompts().getFirst();
      List<ChatMessage> fresh = withoutRepeatedInstructions(history, asked.messages());
      List<ChatMessage> all = new ArrayList<>(history);
      all.addAll(fresh);
      Call remembering =
          call.withRequest(
              call.request().withPrompts(List.of(new Prompt.Chat(all, asked.tools()))));
      Kept kept =
          new Kept(
              exchange.caller().tenant(),
              remembering,
              turn,
              Items.ofMessages(fresh, ItemIds.ofConversation(turn.conversationId())),
              claim,
              storing);
      exchange.atEnd(turn::release);
      runner.run(
          exchange,
          remembering,
          new AnswerStamp(ItemIds.randomDigits(), System.currentTimeMillis() / 1000),
          kept);
    } catch (RuntimeException e) {
      turn.release();
      throw e;
    }
  }

  /**
   * Clients that know nothing of history send their instructions with each request; what a
   * conversation has been told once, it is not told again.
   */
  private static List<ChatMessage> withoutRepeatedInstructions(
      List<ChatMessage> history, List<ChatMessage> asked) {
    int from = 0;
    while (from < asked.size() - 1
        && (asked.get(from).role() == Role.SYSTEM || asked.get(from).role() == Role.DEVELOPER)
        && history.contains(new ChatMessage(asked.get(from).role(), asked.get(from).content()))) {
      from++;
    }
    return asked.subList(from, asked.size());
  }

  /** Commits the turn before the answer ends; gives it back when there is no answer. */
  private final class Kept implements Keeping {
    private final String tenant;
    private final Call call;
    private final Turn turn;
    private final List<ObjectNode> said;
    private final Claim claim;
    private final Optional<CompletionWish> storing;

    Kept(
        String tenant,
        Call call,
        Turn turn,
        List<ObjectNode> said,
        Claim claim,
        Optional<CompletionWish> storing) {
      this.tenant = tenant;
      this.call = call;
      this.turn = turn;
      this.said = said;
      this.claim = claim;
      this.storing = storing;
    }

    @Override
    public Future<Void> keep(AnswerStamp stamp, List<ChoiceAnswer> choices) {
      byte[] answer = Rendered.whole(call, stamp, choices);
      boolean cut = choices.getFirst().finished().reason() == FinishReason.LENGTH;
      Commit commit = store.commit(tenant);
      commit.append(
          turn, ConversationHandlers.joined(said, answered(answer, cut, turn.conversationId())));
      storing.ifPresent(wish -> completions.put(commit, stamp, answer, wish));
      claim.keep(commit, () -> Rendered.answer(call, stamp, choices));
      return commit.run();
    }

    @Override
    public void dropped() {
      turn.release();
    }
  }

  /** The items that an answer's message is. */
  private static List<ObjectNode> answered(byte[] answer, boolean cut, String conversationId) {
    JsonNode message = JsonMapper.shared().readTree(answer).path("choices").path(0).path("message");
    ItemIds ids = ItemIds.ofConversation(conversationId);
    List<ObjectNode> items = new ArrayList<>();
    JsonNode calls = message.path("tool_calls");
    String text = message.path("content").stringValue("");
    String status = cut ? Items.INCOMPLETE : Items.COMPLETED;
    if (!text.isEmpty() || calls.isEmpty()) {
      items.add(Items.message(ids.next(Items.MESSAGE_ID), Role.ASSISTANT, text, status));
    }
    for (JsonNode call : calls) {
      items.add(
          Items.functionCall(
              ids.next(Items.CALL_ID),
              call.path("id").stringValue(""),
              call.path("function").path("name").stringValue(""),
              call.path("function").path("arguments").stringValue(""),
              status));
    }
    JsonNode old = message.path("function_call");
    if (old.isObject()) {
      String name = old.path("name").stringValue("");
      items.add(
          Items.functionCall(
              ids.next(Items.CALL_ID), name, name, old.path("arguments").stringValue(""), status));
    }
    return items;
  }
}
