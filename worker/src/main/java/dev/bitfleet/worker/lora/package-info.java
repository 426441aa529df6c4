/**
 * LoRA adapters as the PEFT library saves them, made into files that engines read.
 *
 * <p>A folder has {@code adapter_config.json} (which numbers it was trained with, {@link
 * dev.bitfleet.worker.lora.PeftSettings}) and {@code adapter_model.safetensors} (the matrices,
 * {@link dev.bitfleet.worker.lora.Safetensors}). {@link dev.bitfleet.worker.lora.PeftConversion}
 * writes the same matrices as a GGUF adapter into the data folder, under the checksum of what it
 * wrote: the engine that is started again reads the same bytes, whatever became of the folder.
 *
 * <p>Both files come from strangers. What is not understood is refused by its name: an adapter that
 * is applied in part answers like no model anybody trained.
 *
 * <p>Sources: the safetensors format of Hugging Face, the configuration of PEFT's LoRA, and the
 * adapter files of llama.cpp.
 */
@NullMarked
package dev.bitfleet.worker.lora;

import org.jspecify.annotations.NullMarked;
