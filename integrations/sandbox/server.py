"""The sandbox as a WSGI application, and a way to run it in a thread."""

from __future__ import annotations

import importlib.util
import pkgutil
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from typing import Any, Self

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Request, Response

from integrations import providers, translators
from integrations.sandbox.answers import html_answer
from integrations.sandbox.base import DropConnection, Exchange, Fake, World
from integrations.sandbox.control import Control

Observer = Callable[[Exchange, int], None]
LOOPBACK = "127.0.0.1"


def find_fakes(world: World) -> dict[str, Fake]:
    """One fake for each folder of a provider or a translator that has a `fake` module with a `FAKE`."""
    fakes = {}
    for package in (providers, translators):
        for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
            if found.ispkg and importlib.util.find_spec(f"{package.__name__}.{found.name}.fake"):
                module = importlib.import_module(f"{package.__name__}.{found.name}.fake")
                fakes[module.FAKE.slug] = module.FAKE(world)
    return fakes


class Sandbox:
    """The WSGI application. First path segment = the real host. `observe` sees each answered request."""

    def __init__(self, *, observe: Observer | None = None) -> None:
        self.world = World()
        self.fakes = find_fakes(self.world)
        self.control = Control(self.world, self.fakes)
        self._observe = observe
        self._by_host = {host: fake for fake in self.fakes.values() for host in fake.hosts}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        try:
            return self._route(request)(environ, start_response)
        except DropConnection:
            _abort_connection(environ)
            raise

    def _route(self, request: Request) -> Response:
        host, _, path = request.path.lstrip("/").partition("/")
        if host == "_control":
            return self.control.respond(request, path)
        fake = self._by_host.get(host)
        if fake is not None:
            exchange = Exchange(request, host, "/" + path)
            response = fake.handle(exchange)
            if self._observe is not None:
                self._observe(exchange, response.status_code)
            return response
        return self._welcome(404 if host else 200)

    def _welcome(self, status: int) -> Response:
        hosts = "".join(f"<li>/{host}/ plays https://{host}/</li>" for host in sorted(self._by_host))
        body = (
            "<p>Imitations of list services, for tests and demonstrations. Nothing here is real, and nobody is "
            f"connected to the services.</p><ul>{hosts}</ul><p>/_control/ arranges accounts, works and faults: "
            "see docs/sandbox.md.</p>"
        )
        return html_answer("Enishi sandbox", body, status)


def _abort_connection(environ: dict[str, Any]) -> None:
    """Make the coming close a reset: nothing more is delivered."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class _Handler(WSGIRequestHandler):
    # Headers and body leave in two writes; without this the second waits for the client's delayed ACK.
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - Werkzeug's signature
        """Silent: a request line may carry a code."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """A dropped answer ends the connection; otherwise it would wait for another request."""
        self.close_connection = True


class _Server(ThreadedWSGIServer):
    """Keeps its open connections, so that stopping leaves no thread and no socket behind."""

    daemon_threads = True

    def __init__(self, port: int, app: Sandbox) -> None:
        self._open: set[Any] = set()
        # Bound here, because Werkzeug ends the whole process when a port is taken.
        with socket.create_server((LOOPBACK, port), backlog=128) as bound:
            super().__init__(LOOPBACK, 0, app, _Handler, fd=bound.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        lingers = request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
        if struct.unpack("ii", lingers) == (1, 0):
            request.close()
        else:
            super().shutdown_request(request)

    def close_all(self) -> None:
        for request in list(self._open):
            try:
                request.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed by its own thread in the meantime


class Running:
    """A sandbox that answers on 127.0.0.1. `url` has no slash at its end. `stop` may be called twice."""

    def __init__(self, port: int = 0, *, observe: Observer | None = None) -> None:
        self.state = Sandbox(observe=observe)
        self._server = _Server(port, self.state)
        self.url = f"http://{LOOPBACK}:{self._server.port}"
        self._thread = threading.Thread(target=self._serve, name="enishi-sandbox", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.02)

    def control(self, method: str, path: str, data: dict[str, Any] | None = None) -> Any:
        """The control API without HTTP, e.g. control("POST", "anilist/accounts", {"name": "alice"})."""
        return self.state.control.call(method, path, data)

    def join(self) -> None:
        """Wait until someone stops it."""
        self._thread.join()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.close_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def serve(port: int = 0, *, observe: Observer | None = None) -> Running:
    """Start a sandbox in a thread. port 0 = any free one. Raises OSError when the port is taken."""
    return Running(port, observe=observe)
