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

  /** Qwen2.5's, with tools in Hermes' form. */
  static final String QWEN_25 =
"""
      {%- if tools %}
          {{- '<|im_start|>system\\n' }}
          {%- if messages[0]['role'] == 'system' %}
              {{- messages[0]['content'] }}
          {%- else %}
              {{- 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.' }}
          {%- endif %}
          {{- "\\n\\n# Tools\\n\\nYou may call one or more functions to assist with the user query.\\n\\nYou are provided with function signatures within <tools></tools> XML tags:\\n<tools>" }}
          {%- for tool in tools %}
              {{- "\\n" }}
              {{- tool | tojson }}
          {%- endfor %}
          {{- "\\n</tools>\\n\\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\\n<tool_call>\\n{\\"name\\": <function-name>, \\"arguments\\": <args-json-object>}\\n</tool_call><|im_end|>\\n" }}
      {%- else %}
          {%- if messages[0]['role'] == 'system' %}
              {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
          {%- else %}
              {{- '<|im_start|>system\\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\\n' }}
          {%- endif %}
      {%- endif %}
      {%- for message in messages %}
          {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
              {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
          {%- elif message.role == "assistant" %}
              {{- '<|im_start|>' + message.role }}
              {%- if message.content %}
                  {{- '\\n' + message.content }}
              {%- endif %}
              {%- for tool_call in message.tool_calls %}
                  {%- if tool_call.function is defined %}
                      {%- set tool_call = tool_call.function %}
                  {%- endif %}
                  {{- '\\n<tool_call>\\n{"name": "' }}
                  {{- tool_call.name }}
                  {{- '", "arguments": ' }}
                  {{- tool_call.arguments | tojson }}
                  {{- '}\\n</tool_call>' }}
              {%- endfor %}
              {{- '<|im_end|>\\n' }}
          {%- elif message.role == "tool" %}
              {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
                  {{- '<|im_start|>user' }}
              {%- endif %}
              {{- '\\n<tool_response>\\n' }}
              {{- message.content }}
              {{- '\\n</tool_response>' }}
              {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
                  {{- '<|im_end|>\\n' }}
              {%- endif %}
          {%- endif %}
      {%- endfor %}
      {%- if add_generation_prompt %}
          {{- '<|im_start|>assistant\\n' }}
      {%- endif %}
""";

  /** Qwen3's: the same, with thoughts left out of earlier turns. */
  static final String QWEN_3 =
"""
      {%- if tools %}
          {{- '<|im_start|>system\\n' }}
          {%- if messages[0].role == 'system' %}
              {{- messages[0].content + '\\n\\n' }}
          {%- endif %}
          {{- "# Tools\\n\\nYou may call one or more functions to assist with the user query.\\n\\nYou are provided with function signatures within <tools></tools> XML tags:\\n<tools>" }}
          {%- for tool in tools %}
              {{- "\\n" }}
              {{- tool | tojson }}
          {%- endfor %}
          {{- "\\n</tools>\\n\\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\\n<tool_call>\\n{\\"name\\": <function-name>, \\"arguments\\": <args-json-object>}\\n</tool_call><|im_end|>\\n" }}
      {%- else %}
          {%- if messages[0].role == 'system' %}
              {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
          {%- endif %}
      {%- endif %}
      {%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
      {%- for message in messages[::-1] %}
          {%- set index = (messages|length - 1) - loop.index0 %}
          {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
              {%- set ns.multi_step_tool = false %}
              {%- set ns.last_query_index = index %}
          {%- endif %}
      {%- endfor %}
      {%- for message in messages %}
          {%- if message.content is string %}
              {%- set content = message.content %}
          {%- else %}
              {%- set content = '' %}
          {%- endif %}
          {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
              {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
          {%- elif message.role == "assistant" %}
              {%- set reasoning_content = '' %}
              {%- if message.reasoning_content is string %}
                  {%- set reasoning_content = message.reasoning_content %}
              {%- else %}
                  {%- if '</think>' in content %}
                      {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                      {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
                  {%- endif %}
              {%- endif %}
              {%- if loop.index0 > ns.last_query_index %}
                  {%- if loop.last or (not loop.last and reasoning_content) %}
                      {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
                  {%- else %}
                      {{- '<|im_start|>' + message.role + '\\n' + content }}
                  {%- endif %}
              {%- else %}
                  {{- '<|im_start|>' + message.role + '\\n' + content }}
              {%- endif %}
              {%- if message.tool_calls %}
                  {%- for tool_call in message.tool_calls %}
                      {%- if (loop.first and content) or (not loop.first) %}
                          {{- '\\n' }}
                      {%- endif %}
                      {%- if tool_call.function %}
                          {%- set tool_call = tool_call.function %}
                      {%- endif %}
                      {{- '<tool_call>\\n{"name": "' }}
                      {{- tool_call.name }}
                      {{- '", "arguments": ' }}
                      {%- if tool_call.arguments is string %}
                          {{- tool_call.arguments }}
                      {%- else %}
                          {{- tool_call.arguments | tojson }}
                      {%- endif %}
                      {{- '}\\n</tool_call>' }}
                  {%- endfor %}
              {%- endif %}
              {{- '<|im_end|>\\n' }}
          {%- elif message.role == "tool" %}
              {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}
                  {{- '<|im_start|>user' }}
              {%- endif %}
              {{- '\\n<tool_response>\\n' }}
              {{- content }}
              {{- '\\n</tool_response>' }}
              {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
                  {{- '<|im_end|>\\n' }}
              {%- endif %}
          {%- endif %}
      {%- endfor %}
      {%- if add_generation_prompt %}
          {{- '<|im_start|>assistant\\n' }}
          {%- if enable_thinking is defined and enable_thinking is false %}
              {{- '<think>\\n\\n</think>\\n\\n' }}
          {%- endif %}
      {%- endif %}
""";

  /** Llama 3.1's without its built-in tools: calls have a form of its own. */
  static final String LLAMA_31 =
"""
      {{- bos_token }}
      {%- if custom_tools is defined %}
          {%- set tools = custom_tools %}
      {%- endif %}
      {%- if not tools_in_user_message is defined %}
          {%- set tools_in_user_message = true %}
      {%- endif %}
      {%- if not date_string is defined %}
          {%- set date_string = "26 Jul 2024" %}
      {%- endif %}
      {%- if not tools is defined %}
          {%- set tools = none %}
      {%- endif %}
      {#- This block extracts the system message, so we can slot it into the right place. #}
      {%- if messages[0]['role'] == 'system' %}
          {%- set system_message = messages[0]['content']|trim %}
          {%- set messages = messages[1:] %}
      {%- else %}
          {%- set system_message = "" %}
      {%- endif %}
      {{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
      {%- if builtin_tools is defined or tools is not none %}
          {{- "Environment: ipython\\n" }}
      {%- endif %}
      {%- if builtin_tools is defined %}
          {{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\\n\\n"}}
      {%- endif %}
      {{- "Cutting Knowledge Date: December 2023\\n" }}
      {{- "Today Date: " + date_string + "\\n\\n" }}
      {{- system_message }}
      {{- "<|eot_id|>" }}
      {%- if tools_in_user_message and not tools is none %}
          {%- if messages | length != 0 %}
              {%- set first_user_message = messages[0]['content']|trim %}
              {%- set messages = messages[1:] %}
          {%- else %}
              {{- raise_exception("Cannot put tools in the first user message when there's no first user message!") }}
      {%- endif %}
          {{- '<|start_header_id|>user<|end_header_id|>\\n\\n' -}}
          {{- "Given the following functions, please respond with a JSON for a function call " }}
          {%- for t in tools %}
              {{- t | tojson(indent=4) }}
              {{- "\\n\\n" }}
          {%- endfor %}
          {{- first_user_message + "<|eot_id|>"}}
      {%- endif %}
      {%- for message in messages %}
          {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
              {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
          {%- elif 'tool_calls' in message %}
              {%- if not message.tool_calls|length == 1 %}
                  {{- raise_exception("This model only supports single tool-calls at once!") }}
              {%- endif %}
              {%- set tool_call = message.tool_calls[0].function %}
              {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
              {{- '{"name": "' + tool_call.name + '", ' }}
              {{- '"parameters": ' }}
              {{- tool_call.arguments | tojson }}
              {{- "}" }}
              {{- "<|eot_id|>" }}
          {%- elif message.role == "tool" or message.role == "ipython" %}
              {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
              {%- if message.content is mapping or message.content is iterable %}
                  {{- message.content | tojson }}
              {%- else %}
                  {{- message.content }}
              {%- endif %}
              {{- "<|eot_id|>" }}
          {%- endif %}
      {%- endfor %}
      {%- if add_generation_prompt %}
          {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
      {%- endif %}
""";

  /** Gemma 2's: takes no system message and insists on turns. */
  static final String GEMMA_2 =
      """
      {{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}""";

  private PublishedTemplates() {}
}
