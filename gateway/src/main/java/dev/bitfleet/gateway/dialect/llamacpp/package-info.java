/** llama.cpp's {@code /completion}, in its old and its new form at once. */
@NullMarked
package dev.bitfleet.gateway.dialect.llamacpp;

import org.jspecify.annotations.NullMarked;
