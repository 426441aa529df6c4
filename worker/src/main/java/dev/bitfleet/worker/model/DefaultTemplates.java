package dev.bitfleet.worker.model;

/**
 * Chat templates for model files without one, by the turn marks their vocabulary has.
 *
 * <p>ChatML and Llama-3 are those families' published layouts. The plain one is that of BitNet
 * b1.58 2B4T without its end mark, which base models that never saw a chat continue best.
 */
final class DefaultTemplates {
  static final String CHATML =
      "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n'"
          + " + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
          + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

  static final String LLAMA3 =
      "{{ bos_token }}{% for message in messages %}"
          + "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
          + " + message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
          + "{% if add_generation_prompt %}"
          + "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}";

  static final String PLAIN =
      "{% for message in messages %}{{ message['role'] | capitalize + ': '"
          + " + message['content'] | trim + '\n' }}{% endfor %}"
          + "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}";

  private DefaultTemplates() {}

  static String forVocabulary(ControlTokens controls) {
    if (controls.has("<|im_start|>") && controls.has("<|im_end|>")) {
      return CHATML;
    }
    if (controls.has("<|start_header_id|>") && controls.has("<|eot_id|>")) {
      return LLAMA3;
    }
    return PLAIN;
  }
}
