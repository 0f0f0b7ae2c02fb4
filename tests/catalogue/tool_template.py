"""A chat template that offers tools, whose calls are JSON alone, as Llama 3's are.

llama-server learns from it how calls are written, and holds an answer that begins like one to it.
"""

TOOL_TEMPLATE = (
    "{%- if tools %}{{- '<|system|>Tools: ' }}{{- tools | tojson }}{{- '<|end|>' }}{%- endif %}"
    "{%- for message in messages %}"
    "{{- '<|' + message.role + '|>' }}"
    "{%- if message.tool_calls %}"
    "{%- set call = message.tool_calls[0].function %}"
    '{{- \'{"name": "\' + call.name + \'", "parameters": \' }}'
    "{{- call.arguments | tojson }}{{- '}' }}"
    "{%- else %}{{- message.content }}{%- endif %}"
    "{{- '<|end|>' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|assistant|>' }}{%- endif %}"
)
