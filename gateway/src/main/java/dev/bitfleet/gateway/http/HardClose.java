package dev.bitfleet.gateway.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.impl.HttpServerConnection;

/**
 * Closes a connection at once, unsent data and all. Vert.x's own close waits until the client has
 * read what is queued, which is the very thing a stuck client does not do; so this goes to Netty.
 * Event loop only.
 */
final class HardClose {
  private HardClose() {}

  static void close(HttpConnection connection) {
    if (connection instanceof HttpServerConnection internal) {
      ChannelHandlerContext context = internal.channelHandlerContext();
      dropUnsent(context.channel());
      context.close();
    } else {
      connection.close();
    }
  }

  /** Has the kernel drop what it still holds for the client when the connection is closed. */
  static void dropUnsent(Channel channel) {
    try {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
    } catch (ChannelException e) {
      // Its client was quicker: the socket is closed already.
      return;
    }
  }

  /** Bytes that wait for the client in this process; 0 where that cannot be told. */
  static long unsent(HttpConnection connection) {
    if (connection instanceof HttpServerConnection internal) {
      ChannelOutboundBuffer waiting =
          internal.channelHandlerContext().channel().unsafe().outboundBuffer();
      return waiting == null ? 0 : waiting.totalPendingWriteBytes();
    }
    return 0;
  }
}
