/**
 * llama-server of Microsoft's bitnet.cpp as an engine; ik_llama.cpp and llama.cpp speak newer forms
 * of the same protocol.
 *
 * <p>That server dies or hangs of many inputs, so it is given nothing that a client wrote: prompts
 * go as ids from our own tokenizer, every other field is a checked number, stop strings are matched
 * here. It listens on a loopback port under a random key. Each input that is known to end it, and
 * what keeps it away, is listed beside the recordings in src/test/resources/recorded/llama-server.
 */
@NullMarked
package dev.bitfleet.worker.engine.llamaserver;

import org.jspecify.annotations.NullMarked;
