/**
 * OpenAI's chat completions and completions, as its document describes them and its SDKs read them.
 */
@NullMarked
package dev.bitfleet.gateway.dialect.openai;

import org.jspecify.annotations.NullMarked;
