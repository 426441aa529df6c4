package dev.bitfleet.worker.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bitfleet.worker.model.ModelFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a configuration may say. */
class PeftSettingsTest {
  @TempDir Path folder;

  @Test
  void what_peft_writes_by_default_is_read() throws Exception {
    assertThat(
            read(
                """
                {"alpha_pattern":{},"auto_mapping":null,"base_model_name_or_path":"me/model",
                 "bias":"none","fan_in_fan_out":false,"inference_mode":true,
                 "init_lora_weights":true,"layer_replication":null,"layers_pattern":null,
                 "lora_alpha":32,"lora_bias":false,"lora_dropout":0.05,"megatron_config":null,
                 "megatron_core":"megatron.core","modules_to_save":null,"peft_type":"LORA","r":16,
                 "rank_pattern":{},"revision":null,"target_modules":["q_proj","down_proj"],
                 "task_type":"CAUSAL_LM","use_dora":false,"use_rslora":false}
                """))
        .isEqualTo(new PeftSettings(16, 32));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "use_dora:true",
        "modules_to_save:['lm_head']",
        "rank_pattern:{'q_proj':4}",
        "alpha_pattern:{'q_proj':4}",
        "layer_replication:[[0,4]]",
        "fan_in_fan_out:true",
        "lora_bias:true",
        "trainable_token_indices:[1]",
        "bias:'all'",
        "task_type:'SEQ_CLS'",
        "init_lora_weights:'pissa_niter_4'",
        "target_modules:['q_proj','embed_tokens']",
        "peft_type:'IA3'",
        "r:0",
        "r:1025",
        "r:'8'",
        "r:99999999999999",
        "lora_alpha:0",
        "lora_alpha:1e300",
        "lora_alpha:null",
        "use_rslora:'yes'"
      })
  void what_cannot_be_computed_is_refused_by_name(String setting) {
    String name = setting.substring(0, setting.indexOf(':'));
    String line = "'" + name + "'" + setting.substring(name.length());
    String others =
        ",'peft_type':'LORA','r':2,'lora_alpha':4"
            .replaceAll(",'" + name + "':('LORA'|[0-9]+)", "");
    assertThatThrownBy(() -> read("{" + line + others + "}"))
        .isInstanceOf(ModelFileException.class)
        .hasMessageContaining(name);
  }

  @Test
  void what_is_no_configuration_is_refused() {
    for (String text :
        new String[] {"", "[]", "{", "{} {}", "{'r':1,'r':2}", "x".repeat((1 << 20) + 1)}) {
      assertThatThrownBy(() -> read(text))
          .isInstanceOf(ModelFileException.class)
          .hasMessageContaining("adapter_config.json");
    }
  }

  private PeftSettings read(String json) throws IOException {
    Path file = folder.resolve("adapter_config.json");
    Files.writeString(file, json.replace('\'', '"'));
    return PeftSettings.read(file);
  }
}
