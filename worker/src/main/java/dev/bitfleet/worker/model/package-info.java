/**
 * What a worker reads out of a model file, and how it turns messages into a prompt.
 *
 * <p>{@link dev.bitfleet.worker.model.GgufMetadata} reads the key-value part of the file and trusts
 * none of it. {@link dev.bitfleet.worker.model.ChatTemplate} renders the file's own chat template
 * with everything switched off that a template does not need. {@link
 * dev.bitfleet.worker.model.PromptLayout} sees to it that control tokens come from the template
 * alone: UserTextMask hides from it whatever users wrote that could spell one.
 */
@NullMarked
package dev.bitfleet.worker.model;

import org.jspecify.annotations.NullMarked;
