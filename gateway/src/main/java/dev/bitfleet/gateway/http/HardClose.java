package dev.bitfleet.gateway.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.impl.HttpServerConnection;

/**
 * Closes a connection at once, unsent data and all. Vert.x's own close waits until the client has
 * read what is queued, which is the very thing a stuck client does not do; so this goes to Netty.
 */
final class HardClose {
  private HardClose() {}

  static void close(HttpConnection connection) {
    if (connection instanceof HttpServerConnection internal) {
      ChannelHandlerContext context = internal.channelHandlerContext();
      Channel channel = context.channel();
      // Zero: the kernel drops what it still holds for the client as well.
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
      context.close();
    } else {
      connection.close();
    }
  }
}
