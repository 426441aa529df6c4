package dev.bitfleet.worker.model;

/** Chat templates as published model files carry them. */
final class PublishedTemplates {
  static final String BITNET_2B_4T =
      "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content ="
          + " message['role'] | capitalize + ': '+ message['content'] | trim + '<|eot_id|>' %}{% if"
          + " loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{%"
          + " endfor %}{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}";

  static final String LLAMA_3 =
      "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content ="
          + " '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+"
          + " message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content ="
          + " bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt"
          + " %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}";

  static final String LLAMA_2 =
      "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set"
          + " system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages"
          + " %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if"
          + " (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation"
          + " roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0"
          + " == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message +"
          + " '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content ="
          + " message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token +"
          + " '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{"
          + " ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}";

  static final String FALCON_3 =
      "{%- if tools %}\n{{- '<|system|>\\n' }}\n{%- else %}\n{%- for message in messages %}\n"
          + "{%- if message['role'] == 'system' %}\n"
          + "{{- '<|system|>\\n' + message['content'] + '\\n' }}\n"
          + "{%- elif message['role'] == 'user' %}\n"
          + "{{- '<|user|>\\n' + message['content'] + '\\n' }}\n"
          + "{%- elif message['role'] == 'assistant' %}\n"
          + "{%- if not loop.last %}\n"
          + "{{- '<|assistant|>\\n' + message['content'] + eos_token + '\\n' }}\n"
          + "{%- else %}\n"
          + "{{- '<|assistant|>\\n' + message['content'] + eos_token }}\n"
          + "{%- endif %}\n{%- endif %}\n"
          + "{%- if loop.last and add_generation_prompt %}\n"
          + "{{- '<|assistant|>\\n' }}\n{%- endif %}\n{%- endfor %}\n{%- endif %}";

  static final String FALCON_E =
      "{%- if messages[0]['role'] == 'system' %}\n"
          + "    {%- set system_message = messages[0]['content'] | trim %}\n"
          + "    {%- set loop_messages = messages[1:] %}\n"
          + "{%- else %}\n"
          + "    {%- set system_message = '' %}\n"
          + "    {%- set loop_messages = messages %}\n"
          + "{%- endif %}\n"
          + "{%- if system_message %}{{- '<|im_start|>system\\n' + system_message + '<|im_end|>\\n'"
          + " }}{%- endif %}\n"
          + "{%- for message in loop_messages %}\n"
          + "    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}\n"
          + "{%- endfor %}\n"
          + "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n";

  static final String CHATML =
      "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content']"
          + " + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{"
          + " '<|im_start|>assistant\\n' }}{% endif %}";

  /** The trailing part of Llama 3.1's: namespace, dates, tests, tojson, is defined. */
  static final String LLAMA_31_IDIOMS =
      "{{- bos_token }}\n"
          + "{%- if not date_string is defined %}\n"
          + "    {%- if strftime_now is defined %}\n"
          + "        {%- set date_string = strftime_now(\"%d %b %Y\") %}\n"
          + "    {%- else %}\n        {%- set date_string = \"26 Jul 2024\" %}\n    {%- endif %}\n"
          + "{%- endif %}\n"
          + "{%- set ns = namespace(count=0, last='') %}\n"
          + "{%- for message in messages[::-1] %}\n"
          + "    {%- set ns.count = ns.count + 1 %}\n"
          + "    {%- if message.role == 'user' and not ns.last %}{%- set ns.last = message.content"
          + " %}{%- endif %}\n"
          + "{%- endfor %}\n"
          + "{{- \"Today Date: \" + date_string + \"\\n\" }}\n"
          + "{{- ns.count ~ ' messages, last asked: ' ~ ns.last | tojson }}\n";

  private PublishedTemplates() {}
}
