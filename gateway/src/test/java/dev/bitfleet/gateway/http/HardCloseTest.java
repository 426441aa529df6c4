package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.nio.NioSocketChannel;
import org.junit.jupiter.api.Test;

class HardCloseTest {
  @Test
  void a_socket_that_is_closed_already_is_no_error() {
    NioSocketChannel channel = new NioSocketChannel();
    channel.unsafe().closeForcibly();
    assertThatThrownBy(() -> channel.config().setOption(ChannelOption.SO_LINGER, 0))
        .isInstanceOf(ChannelException.class);
    assertThatCode(() -> HardClose.dropUnsent(channel)).doesNotThrowAnyException();
  }
}
