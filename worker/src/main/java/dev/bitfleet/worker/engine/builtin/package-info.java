/**
 * The engine that comes with Bitfleet: a C++ process that speaks the engine protocol over stdin and
 * stdout. It opens no port, dies with its worker, and is carried inside the jar.
 */
@NullMarked
package dev.bitfleet.worker.engine.builtin;

import org.jspecify.annotations.NullMarked;
