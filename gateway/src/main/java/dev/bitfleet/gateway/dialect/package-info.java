/**
 * How one API's JSON maps to a completion and back. A dialect is stateless; it gets a body that the
 * contract has checked already and adds what a schema cannot say. No Vert.x here: writers fill byte
 * buffers that HTTP sends.
 *
 * <p>A {@link dev.bitfleet.gateway.dialect.Call} is what came of a body: the completion to run, the
 * {@link dev.bitfleet.gateway.dialect.AnswerFormat} to answer in, and the wish for its output, of
 * which a grammar is made before it is run. What dialects share is read here: sampling, prompts,
 * llama.cpp's fields, and in {@code tools} all about tools and forms of the answer.
 */
@NullMarked
package dev.bitfleet.gateway.dialect;

import org.jspecify.annotations.NullMarked;
