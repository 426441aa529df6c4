package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.Call;
import dev.bitfleet.gateway.dialect.tools.OutputWish;
import dev.bitfleet.gateway.dialect.tools.SchemaErrors;
import dev.bitfleet.gateway.grammar.Grammar;
import dev.bitfleet.gateway.grammar.GrammarCache;
import dev.bitfleet.gateway.grammar.OutputGrammar;
import dev.bitfleet.gateway.grammar.OutputSpec;
import dev.bitfleet.gateway.grammar.SchemaRefused;
import io.vertx.core.Vertx;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Makes the grammar that a call's output is held to, before the call is dispatched. What was made
 * before is remembered; a large schema is translated on a worker thread. Event loop only.
 */
public final class GrammarCompiler {
  private final Vertx vertx;
  private final GrammarCache cache = new GrammarCache();

  public GrammarCompiler(Vertx vertx) {
    this.vertx = vertx;
  }

  /** {@link #compile(CompletionRequest, OutputWish, Consumer, Consumer)} of a call. */
  public void compile(Call call, Consumer<CompletionRequest> then, Consumer<Throwable> refused) {
    compile(call.request(), call.output(), then, refused);
  }

  /**
   * Compiles what a request wants of its output. Exactly one of the two is told, on the event loop,
   * possibly before this returns.
   *
   * @param then gets the request with its grammar
   * @param refused gets an {@link ApiException} that names the place in the schema
   */
  public void compile(
      CompletionRequest request,
      OutputWish wish,
      Consumer<CompletionRequest> then,
      Consumer<Throwable> refused) {
    Optional<OutputSpec> wanted = wish.spec();
    if (wanted.isEmpty()) {
      then.accept(request);
      return;
    }
    OutputSpec spec = wanted.get();
    Optional<Optional<Grammar>> known = cache.get(spec);
    if (known.isPresent()) {
      then.accept(held(request, wish, known.get()));
    } else if (OutputGrammar.isLight(spec)) {
      Optional<Grammar> grammar;
      try {
        grammar = OutputGrammar.of(spec);
      } catch (SchemaRefused e) {
        refused.accept(new ApiException(SchemaErrors.describe(e)));
        return;
      }
      cache.put(spec, grammar);
      then.accept(held(request, wish, grammar));
    } else {
      vertx
          .executeBlocking(() -> OutputGrammar.of(spec), false)
          .onComplete(
              grammar -> {
                cache.put(spec, grammar);
                try {
                  then.accept(held(request, wish, grammar));
                } catch (RuntimeException e) {
                  refused.accept(e);
                }
              },
              cause ->
                  refused.accept(
                      cause instanceof SchemaRefused e
                          ? new ApiException(SchemaErrors.describe(e))
                          : cause));
    }
  }

  private static CompletionRequest held(
      CompletionRequest request, OutputWish wish, Optional<Grammar> grammar) {
    return grammar.map(made -> request.withGrammar(made.gbnf(), wish.field())).orElse(request);
  }
}
