"""A websocket proxy between clients and a server that keeps what passes, in both directions."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Final

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Data

from .api_peer import token_headers

_LARGEST_MESSAGE: Final = 64 << 20


class RecordingProxy:
    """Clients connect to :attr:`port` instead of the server's.

    Attributes:
        from_clients: text messages in the order in which they passed.
        from_server: the same, the other way.
        frames: binary messages of the server.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self.from_clients: list[str] = []
        self.from_server: list[str] = []
        self.frames: list[bytes] = []
        self._server = serve(self._handle, "127.0.0.1", 0, compression=None, max_size=None)
        self.port: int = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def _handle(self, client: ServerConnection) -> None:
        with connect(
            f"ws://127.0.0.1:{self._server_port}",
            compression=None,
            max_size=_LARGEST_MESSAGE,
            additional_headers=token_headers(self._server_port),
        ) as server:
            back = threading.Thread(target=self._pass_back, args=(server, client))
            back.start()
            try:
                for data in client:
                    self._keep(data, self.from_clients)
                    server.send(data)
            except ConnectionClosed:
                pass
            server.close()
            back.join()

    def _pass_back(self, server: ClientConnection, client: ServerConnection) -> None:
        try:
            for data in server:
                self._keep(data, self.from_server)
                client.send(data)
        except ConnectionClosed:
            pass
        client.close()

    def _keep(self, data: Data, texts: list[str]) -> None:
        if isinstance(data, str):
            texts.append(data)
        else:
            self.frames.append(bytes(data))

    def __enter__(self) -> RecordingProxy:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
