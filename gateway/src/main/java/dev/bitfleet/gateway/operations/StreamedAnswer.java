package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.AnswerFormat;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.StreamFormat;
import dev.bitfleet.gateway.http.EventSocket;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.HttpLimits;
import dev.bitfleet.proto.TokenDetail;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes a completion as server-sent events. Event loop only.
 *
 * <p>The bus has no back-pressure, so events are taken as they come. While the socket's queue is
 * full, deltas of a choice merge into one that waits: what a slow reader costs is bounded by the
 * text of its own stream, and the fleet never waits for it.
 */
final class StreamedAnswer implements Answer {
  private static final class Merged {
    final StringBuilder text = new StringBuilder();
    final List<TokenDetail> tokens = new ArrayList<>();
  }

  private final Exchange exchange;
  private final HttpLimits limits;
  private final AnswerFormat answerFormat;
  private final StreamFormat format;
  private final AnswerStamp stamp;
  private final Keeping keeping;

  /** Absent when nothing is kept, so that such a stream holds no text. */
  private final @Nullable GatheredChoices kept;

  private final boolean keepTokens;
  private final SortedMap<Integer, Merged> waiting = new TreeMap<>();
  private final JsonBytes out = new JsonBytes(1024);
  private int unfinished;
  private @Nullable EventSocket socket;

  StreamedAnswer(
      Exchange exchange,
      HttpLimits limits,
      CompletionRequest request,
      AnswerFormat answerFormat,
      AnswerStamp stamp,
      Keeping keeping) {
    this.stamp = stamp;
    this.keeping = keeping;
    this.kept =
        keeping == Keeping.NOTHING
            ? null
            : new GatheredChoices(request, answerFormat.keepsTokens());
    this.exchange = exchange;
    this.limits = limits;
    this.answerFormat = answerFormat;
    this.format = answerFormat.stream(stamp);
    this.keepTokens = answerFormat.keepsTokens();
    this.unfinished = request.choices();
  }

  @Override
  public void on(CompletionEvent event) {
    if (exchange.settled()) {
      return;
    }
    switch (event) {
      case CompletionEvent.Opened opened -> {
        if (socket == null) {
          socket = EventSocket.begin(exchange, limits, this::drained);
        }
        if (kept != null) {
          kept.opened(opened);
        }
        format.opened(opened, out);
        write();
      }
      case CompletionEvent.PromptScored scored -> {
        if (kept != null) {
          kept.promptScored(scored);
        }
        format.promptScored(scored, out);
        write();
      }
      case CompletionEvent.Delta delta -> {
        if (kept != null) {
          kept.delta(delta);
        }
        if (socket != null && socket.full()) {
          merge(delta);
        } else {
          flushWaiting();
          format.delta(delta, out);
          write();
        }
      }
      case CompletionEvent.Finished finished -> {
        flushWaiting();
        if (kept != null) {
          kept.finished(finished);
        }
        format.finished(finished, out);
        if (--unfinished == 0) {
          complete();
        } else {
          write();
        }
      }
      case CompletionEvent.Failed failed -> {
        keeping.dropped();
        ApiError error = answerFormat.describe(failed.failure());
        if (socket != null) {
          flushWaiting();
          format.failed(error, out);
          end();
        } else {
          exchange.error(error);
        }
      }
    }
  }

  private void complete() {
    if (kept == null) {
      format.complete(out);
      end();
      return;
    }
    write();
    exchange.settling(
        keeping.keep(stamp, kept.answers()),
        done -> {
          if (!exchange.settled()) {
            format.complete(out);
            end();
          }
        },
        this::notKept);
  }

  private void notKept(Throwable cause) {
    if (cause instanceof ApiException refusal && !exchange.settled()) {
      format.failed(refusal.error(), out);
      end();
    } else {
      exchange.fail(cause);
    }
  }

  private void merge(CompletionEvent.Delta delta) {
    Merged merged = waiting.computeIfAbsent(delta.choice(), choice -> new Merged());
    merged.text.append(delta.text());
    if (keepTokens) {
      merged.tokens.addAll(delta.tokens());
    }
  }

  private void flushWaiting() {
    waiting.forEach(
        (choice, merged) ->
            format.delta(
                new CompletionEvent.Delta(choice, merged.text.toString(), merged.tokens), out));
    waiting.clear();
  }

  private void drained() {
    if (!waiting.isEmpty() && !exchange.settled()) {
      flushWaiting();
      write();
    }
  }

  private void write() {
    if (out.length() > 0 && socket != null) {
      socket.write(Buffer.buffer(out.toByteArray()));
      out.clear();
    }
  }

  private void end() {
    byte[] last = out.toByteArray();
    out.clear();
    if (socket != null) {
      socket.end(Buffer.buffer(last));
    }
  }
}
