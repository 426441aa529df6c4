package dev.bitfleet.worker.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Role;
import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplateTest {
  private static final ControlTokens LLAMA =
      new ControlTokens(
          Map.of("<|begin_of_text|>", 1, "<|eot_id|>", 2), "<|begin_of_text|>", "<|eot_id|>");
  private static final ControlTokens FALCON =
      new ControlTokens(Map.of("<|endoftext|>", 11), "", "<|endoftext|>");
  private static final Clock NOON =
      Clock.fixed(Instant.parse("2026-03-04T12:00:00Z"), ZoneOffset.UTC);

  private static final List<ChatMessage> CHAT =
      List.of(
          new ChatMessage(Role.SYSTEM, " Be brief. "),
          new ChatMessage(Role.USER, "Hi\n"),
          new ChatMessage(Role.ASSISTANT, "Hello!"),
          new ChatMessage(Role.USER, "Who are you?"));

  private static String render(String template, List<ChatMessage> chat, ControlTokens controls)
      throws ChatTemplateException {
    return ChatTemplate.parse(template, NOON)
        .render(ChatValues.of(chat, List.of(), "developer", UnaryOperator.identity()), controls);
  }

  @Test
  void bitnet_2b_4t_lays_out_turns_as_published() throws Exception {
    assertThat(render(PublishedTemplates.BITNET_2B_4T, CHAT, LLAMA))
        .isEqualTo(
            "<|begin_of_text|>System: Be brief.<|eot_id|>User: Hi<|eot_id|>"
                + "Assistant: Hello!<|eot_id|>User: Who are you?<|eot_id|>Assistant: ");
  }

  @Test
  void llama_3_lays_out_headers() throws Exception {
    assertThat(render(PublishedTemplates.LLAMA_3, CHAT.subList(1, 2), LLAMA))
        .isEqualTo(
            "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n\n");
  }

  @Test
  void llama_2_folds_the_system_message_into_the_first_turn() throws Exception {
    assertThat(render(PublishedTemplates.LLAMA_2, CHAT, LLAMA))
        .isEqualTo(
            "<|begin_of_text|>[INST] <<SYS>>\n Be brief. \n<</SYS>>\n\nHi [/INST] Hello!"
                + " <|eot_id|><|begin_of_text|>[INST] Who are you? [/INST]");
  }

  @Test
  void a_template_that_turns_a_chat_down_says_why() {
    List<ChatMessage> twice =
        List.of(new ChatMessage(Role.USER, "a"), new ChatMessage(Role.USER, "b"));

    assertThatExceptionOfType(ChatTemplateException.class)
        .isThrownBy(() -> render(PublishedTemplates.LLAMA_2, twice, LLAMA))
        .withMessage("Conversation roles must alternate user/assistant/user/assistant/...");
  }

  @Test
  void falcon_3_closes_all_but_the_last_turn() throws Exception {
    assertThat(render(PublishedTemplates.FALCON_3, CHAT, FALCON))
        .isEqualTo(
            "<|system|>\n Be brief. \n<|user|>\nHi\n\n<|assistant|>\nHello!<|endoftext|>\n"
                + "<|user|>\nWho are you?\n<|assistant|>\n");
  }

  @Test
  void falcon_e_and_chatml_lay_out_marks() throws Exception {
    String turns =
        "<|im_start|>user\nHi\n<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>\n"
            + "<|im_start|>user\nWho are you?<|im_end|>\n<|im_start|>assistant\n";
    assertThat(render(PublishedTemplates.FALCON_E, CHAT, FALCON))
        .isEqualTo("<|im_start|>system\nBe brief.<|im_end|>\n" + turns);
    assertThat(render(PublishedTemplates.CHATML, CHAT.subList(1, 4), FALCON)).isEqualTo(turns);
  }

  @Test
  void the_idioms_of_newer_templates_work() throws Exception {
    assertThat(render(PublishedTemplates.LLAMA_31_IDIOMS, CHAT, LLAMA))
        .isEqualTo(
            "<|begin_of_text|>Today Date: 04 Mar 2026\n"
                + "4 messages, last asked: \"Who are you?\"");
  }

  /** What published templates with tools are made of; each as Jinja itself renders it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '¦',
      quoteCharacter = '`',
      value = {
        "{{ {'a': [1, 'x'], 'b': none} | tojson }} ¦ {\"a\": [1, \"x\"], \"b\": null}",
        "{{ [{'a': 1}] | tojson(indent=2) | replace('\\n', '/') }} ¦ [/  {/    \"a\": 1/  }/]",
        "{{ {'é': 1} | tojson(ensure_ascii=False) }} ¦ {\"é\": 1}",
        "{{ messages[1:] | length }}{{ messages[:-1] | length }}{{ messages[-1].role }} ¦ 33user",
        "{{ messages[1:3] | length }} ¦ 2",
        "{% set ns = namespace(found=false, n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{%"
            + " endfor %}{{ ns.n }}{% if not ns.found %}n{% endif %} ¦ 4n",
        "{{ messages | selectattr('role', 'equalto', 'user') | list | length }} ¦ 2",
        "{{ messages | rejectattr('role', 'equalto', 'user') | list | length }} ¦ 2",
        "{{ messages | map(attribute='role') | join(',') }} ¦ system,user,assistant,user",
        "{{ ['a', 'b', 'c'] | reject('equalto', 'b') | join('') }} ¦ ac",
        "{{ (messages is iterable) | tojson }}{{ (messages[0] is mapping) | tojson }}{{ (messages[0].content is string) | tojson }} ¦"
            + " truetruetrue",
        "{{ (messages[0].content is mapping) | tojson }}{{ (tools is defined) | tojson }}{{ (tools is none) | tojson }} ¦"
            + " falsefalsetrue",
        "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %} ¦ a=1;b=2;",
        "{% for k, v in {'a': 1, 'b': 2} | items %}{{ k }}={{ v }};{% endfor %} ¦ a=1;b=2;",
        "{% for k, v in {'b': 1, 'a': 2} | dictsort %}{{ k }}{% endfor %} ¦ ab",
        "{% for m in messages %}{% if loop.index0 == 1 %}{% continue %}{% endif %}{% if loop.index0"
            + " == 3 %}{% break %}{% endif %}{{ loop.index }}{% endfor %} ¦ 13",
        "{% macro say(a, b='!') %}{{ a ~ b }}{% endmacro %}{{ say('x') }}{{ say('y', b='?') }} ¦ x!y?",
        "{% set x %}a{{ 1 }}{% endset %}{{ x }} ¦ a1",
        "{% generation %}x{% endgeneration %} ¦ x",
        "{{ 'a' if messages else 'b' }}{{ 'c' if not messages else 'd' }} ¦ ad",
        "{{ messages[0].get('content', 'x') | trim }}{{ messages[0].get('nope', 'x') }} ¦ Be brief.x",
        "{{ (messages[0]['nope'] is defined) | tojson }}{{ (messages[0].content is defined) | tojson }} ¦ falsetrue",
        "{{ ('nope' in messages[0]) | tojson }}{{ ('role' in messages[0]) | tojson }}{{ ('b' not in 'abc') | tojson }} ¦ falsetruefalse",
        "{{ 'a,b'.split(',')[-1] }}{{ ' x '.lstrip() }}|{{ 'xx'.rstrip('x') }} ¦ bx |",
        "{{ 'abc'[1:] }}{{ 'abc'[-1] }}{{ 'abc'[:2] }} ¦ bccab",
        "{{ (messages | last).role }}{{ (messages | first).role }} ¦ usersystem",
        "{{ 7 // 2 }}{{ 7 % 4 }}{{ 2 * 3 }}{{ 1 + 1 }} ¦ 3362",
        "{{ '%s' | format('a') }} ¦ a",
        "{{ 'x' | upper | lower }}{{ nope | default('d') }}{{ '' | default('e', true) }} ¦ xde",
        "{{ range(3) | list | tojson }}{{ range(1, 3) | join }} ¦ [0, 1, 2]12",
        "{% if messages[0].role == 'system' and messages | length > 1 %}y{% endif %} ¦ y",
        "{{ (messages[0].content.startswith(' Be')) | tojson }}{{ ('a'.endswith('b')) | tojson }} ¦ truefalse",
        "{{ 'x' | indent(2, true) }}{{ [[1, 2]] | first | last }} ¦   x2",
        "{{ messages | groupby('role') | length }}{{ ['b', 'a', 'b'] | unique | join }} ¦ 3ba",
        "{{ [1, 2, 3] | reverse | list | join }}{{ 'abc' | reverse }} ¦ 321cba",
        "{{ (3 is odd) | tojson }}{{ (3 is number) | tojson }}{{ (3 is integer) | tojson }}{{ (true is boolean) | tojson }}{{ ('a' is in ['a']) | tojson }} ¦"
            + " truetruetruetruetrue"
      },
      ignoreLeadingAndTrailingWhitespace = false)
  void jinja_means_what_it_does_in_python(String template, String expected) throws Exception {
    assertThat(render(template.strip(), CHAT, LLAMA)).isEqualTo(expected.substring(1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% if                              ",
        "{% for m in messages %}{{ m.content }}{% endfor %}{{ bos_token ",
        "{% for m in messages %}{{ m.content }}",
        "{% if messages %}{{ messages[0].content }}",
        "{{ messages[0].content }}{# to the end",
        "{{ messages[0].content }}{% endfor %}",
        "{% nonsense %}{{ messages[0].content }}"
      })
  void broken_syntax_is_no_template(String broken) {
    assertThatExceptionOfType(ChatTemplateException.class)
        .isThrownBy(() -> ChatTemplate.parse(broken, NOON));
  }

  @Test
  void a_split_into_too_many_parts_is_refused() {
    List<ChatMessage> chat = List.of(new ChatMessage(Role.USER, "a ".repeat(200_000)));

    assertThatExceptionOfType(ChatTemplateException.class)
        .isThrownBy(() -> render("{{ messages[0].content.split(' ') | length }}", chat, LLAMA))
        .withMessageContaining("parts");
    assertThatExceptionOfType(ChatTemplateException.class)
        .isThrownBy(() -> render("{{ messages[0].content.split() | length }}", chat, LLAMA))
        .withMessageContaining("parts");
  }

  @Test
  void what_a_user_wrote_is_never_evaluated() throws Exception {
    String nasty = "{{ 7 * 7 }}{% for x in range(9) %}x{% endfor %}{# gone #}";

    assertThat(
            render(PublishedTemplates.CHATML, List.of(new ChatMessage(Role.USER, nasty)), FALCON))
        .contains(nasty);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ messages.getClass() }}",
        "{{ messages[0].getClass().forName('java.lang.Runtime') }}",
        "{{ ''.getClass() }}",
        "{{ messages.class.name }}",
        "{{ ____int3rpr3t3r____ }}",
        "{{ ____int3rpr3t3r____.config }}",
        "{{ ''.class.protectionDomain }}",
        "{% include 'file:///etc/passwd' %}",
        "{% import '/etc/passwd' as p %}",
        "{% from '/etc/passwd' import p %}",
        "{% extends '/etc/passwd' %}",
        "{{ '{{ 1 }}' | render }}",
        "{{ 'a' | regex_replace('(a+)+$', 'b') }}"
      })
  void nothing_of_java_and_no_file_is_reached(String hostile) {
    String rendered;
    try {
      rendered = render(hostile, CHAT, LLAMA);
    } catch (ChatTemplateException e) {
      return;
    }
    assertThat(rendered).doesNotContain("java", "Jinjava", "hubspot", "root:");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}{% for d in"
            + " range(1000) %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000)"
            + " %}xxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}{% endfor %}{% endfor %}",
        "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}",
        "{% set ns = namespace(x='aaaaaaaa') %}{% for a in range(1000) %}{% set ns.x = ns.x + ns.x"
            + " %}{% endfor %}{{ ns.x }}",
        "{{ 'x'.replace('x', 'xxxxxxxxxxxxxxxxxxxxxxx') }}{{ 10 ** 1000000 }}",
        "{{ raise_exception('no') }}{% for a in range(1000) %}{% for b in range(1000) %}{% for c in"
            + " range(1000) %}{{ a }}{% endfor %}{% endfor %}{% endfor %}"
      })
  @Timeout(60)
  void a_template_that_would_never_end_is_stopped(String endless) {
    long before = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    try {
      String rendered = render(endless, CHAT, LLAMA);
      assertThat(rendered.length()).isLessThan(16 * 1024 * 1024);
    } catch (ChatTemplateException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
    assertThat(
            Duration.ofNanos(
                ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - before))
        .isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void a_broken_template_is_refused_with_its_reason() {
    assertThatExceptionOfType(ChatTemplateException.class)
        .isThrownBy(() -> render("{% for m in messages %}{{ m.content }}", CHAT, LLAMA));
    assertThatExceptionOfType(ChatTemplateException.class)
        .isThrownBy(() -> render("{% frobnicate %}", CHAT, LLAMA));
  }

  @Test
  void a_file_without_a_template_gets_the_one_of_its_turn_marks() throws Exception {
    List<ChatMessage> hi = List.of(new ChatMessage(Role.USER, "Hi"));
    assertThat(
            render(
                DefaultTemplates.forVocabulary(
                    new ControlTokens(Map.of("<|im_start|>", 1, "<|im_end|>", 2), "", "")),
                hi,
                FALCON))
        .isEqualTo("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
    assertThat(
            render(
                DefaultTemplates.forVocabulary(
                    new ControlTokens(Map.of("<|start_header_id|>", 1, "<|eot_id|>", 2), "", "")),
                hi,
                LLAMA))
        .isEqualTo(
            "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n\n");
    assertThat(render(DefaultTemplates.forVocabulary(FALCON), hi, FALCON))
        .isEqualTo("User: Hi\nAssistant:");
  }
}
