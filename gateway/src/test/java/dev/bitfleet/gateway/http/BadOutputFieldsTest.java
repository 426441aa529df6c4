package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Gateway;
import java.net.http.HttpResponse;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * What is wrong with tools, choices, formats and the fields of llama.cpp's server is named; no
 * worker sees any of it.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadOutputFieldsTest {
  private static final String CHAT = "/v1/chat/completions";
  private static final String TOOL =
      "{'type':'function','function':{'name':'f','parameters':{'type':'object'}}}";
  private static final String TOOLS = "'tools':[" + TOOL + "]";
  private static final String FUNCTIONS = "'functions':[{'name':'f'}]";
  private static final String INVALID = "invalid_parameter";
  private static final String MISSING = "missing_required_parameter";
  private static final String UNSUPPORTED = "unsupported_parameter";

  private final Gateway gateway = Gateway.withWorker(options -> options);

  @AfterAll
  void stop() {
    gateway.close();
  }

  private static Arguments chat(String more, String code, String param) {
    return Arguments.of(
        CHAT, "{'messages':[{'role':'user','content':'x'}]," + more + "}", code, param);
  }

  private static Arguments message(String message, String code, String param) {
    return Arguments.of(CHAT, "{'messages':[" + message + "]}", code, param);
  }

  private static Arguments text(String path, String more, String code, String param) {
    return Arguments.of(path, "{'prompt':'x'," + more + "}", code, param);
  }

  static Stream<Arguments> badFields() {
    return Stream.of(
        // tools
        chat("'tools':{}", INVALID, "tools"),
        chat("'tools':[5]", INVALID, "tools[0]"),
        chat("'tools':[{}]", MISSING, "tools[0].type"),
        chat("'tools':[{'type':'function'}]", MISSING, "tools[0].function"),
        chat("'tools':[{'type':'function','function':null}]", INVALID, "tools[0].function"),
        chat("'tools':[{'type':'function','function':{}}]", MISSING, "tools[0].function.name"),
        chat("'tools':[{'type':'custom','custom':{'name':'x'}}]", UNSUPPORTED, "tools[0].type"),
        chat(
            "'tools':[{'type':'function','function':{'name':'a b'}}]",
            INVALID,
            "tools[0].function.name"),
        chat(
            "'tools':[{'type':'function','function':{'name':''}}]",
            INVALID,
            "tools[0].function.name"),
        chat(
            "'tools':[{'type':'function','function':{'name':'f','parameters':[]}}]",
            INVALID,
            "tools[0].function.parameters"),
        chat(
            "'tools':[{'type':'function','function':{'name':'f','strict':'yes'}}]",
            INVALID,
            "tools[0].function.strict"),
        chat("'tools':[" + TOOL + "," + TOOL + "]", INVALID, "tools[1].function.name"),
        chat(
            "'tools':[{'type':'function','function':{'name':'f','strict':true,'parameters':"
                + "{'type':'object','properties':{'a':{'type':'string'}}}}}]",
            "invalid_json_schema",
            "tools[0].function.parameters"),
        // choice
        chat("'tool_choice':'required'", INVALID, "tool_choice"),
        chat("'tool_choice':'some'", INVALID, "tool_choice"),
        chat("'tool_choice':5", INVALID, "tool_choice"),
        chat(TOOLS + ",'tool_choice':{}", MISSING, "tool_choice.type"),
        chat(TOOLS + ",'tool_choice':{'type':'function'}", MISSING, "tool_choice.function"),
        chat(
            TOOLS + ",'tool_choice':{'type':'function','function':{}}",
            MISSING,
            "tool_choice.function.name"),
        chat(
            TOOLS + ",'tool_choice':{'type':'function','function':{'name':'g'}}",
            INVALID,
            "tool_choice.function.name"),
        chat(TOOLS + ",'tool_choice':{'type':'custom'}", UNSUPPORTED, "tool_choice.type"),
        chat(
            TOOLS + ",'tool_choice':{'type':'allowed_tools'}",
            MISSING,
            "tool_choice.allowed_tools"),
        chat(
            TOOLS
                + ",'tool_choice':{'type':'allowed_tools','allowed_tools':{'mode':'none','tools':[]}}",
            INVALID,
            "tool_choice.allowed_tools.mode"),
        chat(
            TOOLS
                + ",'tool_choice':{'type':'allowed_tools','allowed_tools':{'mode':'auto','tools':[]}}",
            MISSING,
            "tool_choice.allowed_tools.tools"),
        chat(
            TOOLS
                + ",'tool_choice':{'type':'allowed_tools','allowed_tools':{'mode':'auto','tools':"
                + "[{'type':'function','function':{'name':'g'}}]}}",
            INVALID,
            "tool_choice.allowed_tools.tools[0].function.name"),
        chat(TOOLS + ",'parallel_tool_calls':1", INVALID, "parallel_tool_calls"),
        // functions
        chat("'functions':[{}]", MISSING, "functions[0].name"),
        chat(FUNCTIONS + "," + TOOLS, UNSUPPORTED, "tools"),
        chat(FUNCTIONS + ",'function_call':{'name':'g'}", INVALID, "function_call.name"),
        chat(FUNCTIONS + ",'function_call':{}", MISSING, "function_call.name"),
        chat(FUNCTIONS + ",'function_call':'required'", INVALID, "function_call"),
        chat("'function_call':{'name':'f'}", INVALID, "function_call.name"),
        // formats
        chat("'response_format':'json'", INVALID, "response_format"),
        chat("'response_format':{'type':'xml'}", INVALID, "response_format.type"),
        chat("'response_format':{'type':'json_schema'}", MISSING, "response_format.json_schema"),
        chat(
            "'response_format':{'type':'json_schema','json_schema':{'schema':5}}",
            INVALID,
            "response_format.json_schema.schema"),
        chat(
            "'response_format':{'type':'json_schema','json_schema':{'name':'x','schema':{'type':'text'}}}",
            "invalid_json_schema",
            "response_format.json_schema.schema"),
        chat("'json_schema':{'type':'text'}", "invalid_json_schema", "json_schema"),
        chat("'json_schema':5", INVALID, "json_schema"),
        chat("'grammar':5", INVALID, "grammar"),
        chat("'grammar':'root ::= [a]','json_schema':{}", INVALID, "grammar"),
        chat("'grammar':'root ::= [a]'," + TOOLS, INVALID, "grammar"),
        chat("'grammar':'root ::= [a]'," + FUNCTIONS, INVALID, "grammar"),
        chat(
            "'grammar':'root ::= [a]','response_format':{'type':'json_object'}",
            INVALID,
            "grammar"),
        chat("'json_schema':{},'response_format':{'type':'json_object'}", INVALID, "json_schema"),
        chat("'ignore_eos':true,'response_format':{'type':'json_object'}", INVALID, "ignore_eos"),
        chat("'ignore_eos':true," + TOOLS, INVALID, "ignore_eos"),
        text("/completion", "'ignore_eos':true,'grammar':'root ::= [a]'", INVALID, "ignore_eos"),
        text(
            "/v1/completions",
            "'json_schema':{'type':'text'}",
            "invalid_json_schema",
            "json_schema"),
        // fields that are ignored, but not whatever they say
        chat("'reasoning_effort':'hihg'", INVALID, "reasoning_effort"),
        chat("'service_tier':'fast'", INVALID, "service_tier"),
        chat("'verbosity':'loud'", INVALID, "verbosity"),
        chat("'prediction':{'content':'x'}", MISSING, "prediction.type"),
        chat("'prediction':{'type':'text','content':'x'}", INVALID, "prediction.type"),
        // messages
        message("{'role':'tool','content':'x'}", MISSING, "messages[0].tool_call_id"),
        message("{'role':'function','content':'x'}", MISSING, "messages[0].name"),
        message("{'role':'assistant'}", MISSING, "messages[0].content"),
        message("{'role':'assistant','tool_calls':[]}", MISSING, "messages[0].content"),
        message("{'role':'assistant','tool_calls':5}", INVALID, "messages[0].tool_calls"),
        message(
            "{'role':'assistant','tool_calls':[{'id':'1'}]}",
            MISSING,
            "messages[0].tool_calls[0].function"),
        message(
            "{'role':'assistant','tool_calls':[{'id':'1','type':'custom','function':{'name':'f'}}]}",
            UNSUPPORTED,
            "messages[0].tool_calls[0].type"),
        message(
            "{'role':'assistant','tool_calls':[{'id':'1','function':{'arguments':'{}'}}]}",
            MISSING,
            "messages[0].tool_calls[0].function.name"),
        message(
            "{'role':'assistant','tool_calls':[{'id':'1','function':{'name':'f','arguments':{}}}]}",
            INVALID,
            "messages[0].tool_calls[0].function.arguments"),
        message(
            "{'role':'user','content':'x','tool_calls':[{'id':'1','function':{'name':'f'}}]}",
            INVALID,
            "messages[0].tool_calls"),
        message(
            "{'role':'user','content':'x','function_call':{'name':'f'}}",
            INVALID,
            "messages[0].function_call"),
        message(
            "{'role':'user','content':[{'type':'refusal','refusal':'no'}]}",
            UNSUPPORTED,
            "messages[0].content[0].type"),
        // llama.cpp's fields
        chat("'dynatemp_range':0.5", UNSUPPORTED, "dynatemp_range"),
        chat("'xtc_probability':0.5", UNSUPPORTED, "xtc_probability"),
        chat("'dry_multiplier':1", UNSUPPORTED, "dry_multiplier"),
        chat("'mirostat':1", UNSUPPORTED, "mirostat"),
        chat("'mirostat':3", INVALID, "mirostat"),
        chat("'top_n_sigma':1", UNSUPPORTED, "top_n_sigma"),
        chat("'adaptive_target':0.5", UNSUPPORTED, "adaptive_target"),
        chat("'min_keep':2", UNSUPPORTED, "min_keep"),
        chat("'t_max_predict_ms':5", UNSUPPORTED, "t_max_predict_ms"),
        chat("'n_indent':2", UNSUPPORTED, "n_indent"),
        chat("'post_sampling_probs':true", UNSUPPORTED, "post_sampling_probs"),
        chat("'grammar_lazy':true", UNSUPPORTED, "grammar_lazy"),
        chat("'lora':[{'id':0,'scale':1}]", UNSUPPORTED, "lora"),
        chat("'samplers':['magic']", UNSUPPORTED, "samplers[0]"),
        chat("'samplers':['temperature','top_k']", UNSUPPORTED, "samplers[1]"),
        chat("'samplers':'kt'", INVALID, "samplers"),
        chat("'n_probs':21", INVALID, "n_probs"),
        chat("'n_predict':'x'", INVALID, "n_predict"),
        chat("'n_predict':0", INVALID, "n_predict"),
        chat("'chat_template':'chatml'", UNSUPPORTED, "chat_template"),
        chat("'add_generation_prompt':false", UNSUPPORTED, "add_generation_prompt"),
        chat("'continue_final_message':true", UNSUPPORTED, "continue_final_message"),
        chat("'parse_tool_calls':false", UNSUPPORTED, "parse_tool_calls"),
        text("/completion", "'multimodal':1,'dry_multiplier':0.8", UNSUPPORTED, "dry_multiplier"),
        text("/v1/completions", "'xtc_probability':0.5", UNSUPPORTED, "xtc_probability"),
        text("/api/v1/generate", "'mirostat':2", UNSUPPORTED, "mirostat"),
        text("/api/v1/generate", "'max_tokens':0", INVALID, "max_tokens"),
        Arguments.of("/api/v1/generate", "{}", MISSING, "prompt"),
        Arguments.of("/api/v1/generate", "{'prompt':[1]}", INVALID, "prompt"),
        Arguments.of("/api/v1/chat/completions", "{'messages':[]}", INVALID, "messages"));
  }

  @ParameterizedTest
  @MethodSource("badFields")
  void a_bad_field_is_named(String path, String body, String code, String param) {
    int before = gateway.worker().seen().size();
    HttpResponse<String> response = gateway.post(path, body.replace('\'', '"'));
    assertThat(gateway.worker().seen()).hasSize(before);
    JsonNode error = Gateway.json(response).path("error");
    assertThat(error.path("param").asString("")).as(response.body()).isEqualTo(param);
    assertThat(error.path("code").asString("")).as(response.body()).isEqualTo(code);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(error.path("message").stringValue()).isNotBlank().hasSizeLessThan(400);
  }

  static Stream<String> harmless() {
    return Stream.of(
        "'tools':null,'tool_choice':null,'functions':null,'function_call':null,'response_format':null",
        "'grammar':null,'json_schema':null,'parallel_tool_calls':null,'samplers':null,'lora':null",
        "'tools':[],'tool_choice':'none','functions':[],'function_call':'auto','grammar':''",
        "'tool_choice':'auto','parallel_tool_calls':false",
        "'dynatemp_range':0,'dynatemp_exponent':2,'mirostat':0,'mirostat_tau':5,'xtc_probability':0.0,"
            + "'xtc_threshold':0.1,'dry_multiplier':0,'dry_base':1.75,'dry_allowed_length':2,"
            + "'dry_penalty_last_n':-1,'dry_sequence_breakers':['a'],'top_n_sigma':-1,'min_keep':1,"
            + "'adaptive_target':-1,'adaptive_decay':0.9,'t_max_predict_ms':0,'n_indent':0,'n_keep':-1,"
            + "'n_discard':1,'n_cache_reuse':1,'cache_prompt':false,'id_slot':3,'return_progress':true,"
            + "'verbose':true,'post_sampling_probs':false,'grammar_lazy':false,'lora':[],'n_probs':0",
        "'reasoning_effort':'high','prediction':{'type':'content','content':'x'},'modalities':['text'],"
            + "'verbosity':'low','safety_identifier':'x','prompt_cache_key':'x','user':'u',"
            + "'chat_template_kwargs':{'enable_thinking':false},'reasoning_format':'none',"
            + "'add_generation_prompt':true,'continue_final_message':false,'parse_tool_calls':true");
  }

  @ParameterizedTest
  @MethodSource("harmless")
  void what_changes_nothing_is_taken(String fields) {
    String body = "{'messages':[{'role':'user','content':'x'}]," + fields + "}";
    HttpResponse<String> response = gateway.post(CHAT, body.replace('\'', '"'));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(gateway.worker().seen().getLast().grammar()).isEmpty();
  }
}
