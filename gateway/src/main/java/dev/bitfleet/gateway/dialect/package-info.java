/**
 * How one API's JSON maps to a completion and back. A dialect is stateless; it gets a body that the
 * contract has checked already and adds what a schema cannot say. No Vert.x here: writers fill byte
 * buffers that HTTP sends.
 */
@NullMarked
package dev.bitfleet.gateway.dialect;

import org.jspecify.annotations.NullMarked;
