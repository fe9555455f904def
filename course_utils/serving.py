"""A setting of the server of ``make lab``: what the kernel answers is sent at once."""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """Turns off Nagle's algorithm, which holds small messages back for up to 40 ms: a dragged start would stutter."""

    async def connect(self) -> None:
        self.websocket_handler.set_nodelay(True)
        await super().connect()
