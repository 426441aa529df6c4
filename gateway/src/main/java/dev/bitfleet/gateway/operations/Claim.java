package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.Call;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.store.Attempt;
import dev.bitfleet.gateway.store.Commit;
import dev.bitfleet.gateway.store.StoreErrors;
import dev.bitfleet.gateway.store.StoredAnswer;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a request is carried out under that may come again: as long as it lasts, repeats wait for
 * it, or join what it has begun. It ends with its exchange, unless it {@link #outlives} it. Event
 * loop only.
 */
public final class Claim {
  private static final int WAITING = 64;

  private final @Nullable IdempotentRequests requests;
  private final @Nullable Repeatable request;
  private final List<Repeatable> waiting = new ArrayList<>();
  private @Nullable Exchange reader;
  private Attempt.@Nullable Fresh attempt;
  private @Nullable Consumer<Exchange> joining;
  private BooleanSupplier opening = () -> false;
  private boolean over;

  private Claim(@Nullable IdempotentRequests requests, @Nullable Repeatable request) {
    this.requests = requests;
    this.request = request;
    this.reader = request == null ? null : request.exchange();
  }

  /** Of a request that could not be known again. */
  static Claim ofUnknown() {
    return new Claim(null, null);
  }

  static Claim of(IdempotentRequests requests, Repeatable request) {
    return new Claim(requests, request);
  }

  /** The store has it too. */
  void lasting(Attempt.Fresh begun) {
    attempt = begun;
  }

  /** Adds what repeats will get to what is being committed. */
  public void keep(Commit commit, Supplier<StoredAnswer> answer) {
    if (attempt != null && !over) {
      commit.answer(attempt, answer.get());
    }
  }

  /**
   * Remembers for some minutes what repeats will get of a request that keeps nothing.
   *
   * @param bytes about as many as the answer has: one that is too long is not even made
   */
  public void remember(long bytes, Supplier<StoredAnswer> answer) {
    if (requests != null && request != null && !over && bytes <= RecentAnswers.LONGEST) {
      requests.remember(request, answer.get());
    }
  }

  /** Remembers the answer of a call that keeps nothing. */
  public Keeping remembering(Call call) {
    if (requests == null) {
      return Keeping.NOTHING;
    }
    return new Keeping() {
      @Override
      public Future<Void> keep(AnswerStamp stamp, List<ChoiceAnswer> choices) {
        long bytes = choices.stream().mapToLong(choice -> choice.text().length()).sum();
        remember(bytes, () -> Rendered.answer(call, stamp, choices));
        return Future.succeededFuture();
      }

      @Override
      public void dropped() {
        // Ends with its exchange.
      }
    };
  }

  /**
   * It goes on without its client, until {@link #over}.
   *
   * @param open whether repeats may join it now; otherwise they wait for its end
   * @param join lets one more client have what there is and what comes
   */
  public void outlives(BooleanSupplier open, Consumer<Exchange> join) {
    opening = open;
    joining = join;
    if (requests != null && request != null) {
      requests.outlives(this, request);
    }
    List<Repeatable> joined = List.copyOf(waiting);
    waiting.clear();
    joined.forEach(this::join);
  }

  /** It has been carried out, or will not be: repeats that wait for it begin anew. */
  public void over() {
    if (over || requests == null || request == null) {
      return;
    }
    over = true;
    if (attempt != null) {
      attempt.abandon();
    }
    requests.over(this, request);
    List<Repeatable> left = List.copyOf(waiting);
    waiting.clear();
    left.forEach(requests::enter);
  }

  /** Its exchange is settled. */
  void settled(Exchange exchange) {
    if (requests != null && request != null && attempt != null && exchange.delivered()) {
      requests.delivered(request, attempt);
    }
    if (joining == null) {
      over();
    }
  }

  /** Whether nobody reads what it has begun. */
  boolean deserted() {
    return joining != null
        && opening.getAsBoolean()
        && reader != null
        && reader.settled()
        && !reader.delivered();
  }

  /** One more of the same. */
  void repeated(Repeatable repeat) {
    if (request != null && !request.says(repeat.fingerprint())) {
      repeat.exchange().fail(StoreErrors.keyReused());
    } else if (joining != null && opening.getAsBoolean()) {
      join(repeat);
    } else if (waiting.size() >= WAITING) {
      repeat.exchange().fail(StoreErrors.keyBusy());
    } else {
      waiting.add(repeat);
      // Who does not wait any more takes no place from those who might.
      repeat.exchange().atEnd(() -> waiting.removeIf(other -> other == repeat));
    }
  }

  private void join(Repeatable repeat) {
    Exchange exchange = repeat.exchange();
    Consumer<Exchange> to = joining;
    if (to == null || exchange.settled()) {
      return;
    }
    reader = exchange;
    exchange.response().putHeader(IdempotentRequests.REPLAYED, "true");
    exchange.atEnd(() -> settled(exchange));
    try {
      to.accept(exchange);
    } catch (RuntimeException e) {
      exchange.fail(e);
    }
  }
}
