package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.Call;
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

  /**
   * Compiles what the call wants of its output. Exactly one of the two is told, on the event loop,
   * possibly before this returns.
   *
   * @param then gets the call's request with its grammar
   * @param refused gets an {@link ApiException} that names the place in the schema
   */
  public void compile(Call call, Consumer<CompletionRequest> then, Consumer<Throwable> refused) {
    Optional<OutputSpec> spec = call.output().spec();
    if (spec.isEmpty()) {
      then.accept(call.request());
      return;
    }
    Optional<Optional<Grammar>> known = cache.get(spec.get());
    if (known.isPresent()) {
      then.accept(held(call.request(), known.get()));
    } else if (OutputGrammar.isLight(spec.get())) {
      Optional<Grammar> grammar;
      try {
        grammar = OutputGrammar.of(spec.get());
      } catch (SchemaRefused e) {
        refused.accept(new ApiException(SchemaErrors.describe(e)));
        return;
      }
      made(call, spec.get(), grammar, then);
    } else {
      vertx
          .executeBlocking(() -> OutputGrammar.of(spec.get()), false)
          .onComplete(
              grammar -> made(call, spec.get(), grammar, then),
              cause ->
                  refused.accept(
                      cause instanceof SchemaRefused e
                          ? new ApiException(SchemaErrors.describe(e))
                          : cause));
    }
  }

  private void made(
      Call call, OutputSpec spec, Optional<Grammar> grammar, Consumer<CompletionRequest> then) {
    cache.put(spec, grammar);
    then.accept(held(call.request(), grammar));
  }

  private static CompletionRequest held(CompletionRequest request, Optional<Grammar> grammar) {
    return grammar.map(made -> request.withGrammar(made.gbnf())).orElse(request);
  }
}
