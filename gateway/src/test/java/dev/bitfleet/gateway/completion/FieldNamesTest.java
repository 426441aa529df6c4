package dev.bitfleet.gateway.completion;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FieldNamesTest {
  private static final String SCHEMA = "response_format.json_schema.schema";
  private static final FieldNames NAMES = new FieldNames("max_completion_tokens", SCHEMA);

  @Test
  void what_an_engine_refuses_is_named_as_the_client_has_written_it() {
    assertThat(
            NAMES.translate(
                new CompletionFailure.Invalid("grammar: its shortest text is long", "grammar")))
        .isEqualTo(new CompletionFailure.Invalid("its shortest text is long", SCHEMA));
    assertThat(
            NAMES.translate(
                new CompletionFailure.Invalid("max_tokens: must be at least 7", "max_tokens")))
        .isEqualTo(new CompletionFailure.Invalid("must be at least 7", "max_completion_tokens"));
  }

  @Test
  void what_is_called_the_same_or_is_no_refusal_stays_as_it_is() {
    CompletionFailure other = new CompletionFailure.Invalid("stop_strings: empty", "stop_strings");
    CompletionFailure plain = new CompletionFailure.Invalid("grammar: line 1", "grammar");
    CompletionFailure broken = new CompletionFailure.EngineFailed("gone");
    assertThat(NAMES.translate(other)).isSameAs(other);
    assertThat(FieldNames.PLAIN.translate(plain)).isSameAs(plain);
    assertThat(NAMES.translate(broken)).isSameAs(broken);
  }
}
