"""pygls' protocol, made to live through whatever a client sends.

Every request gets an answer, an error where it makes no sense; what makes no sense otherwise is passed over with one
logged sentence. Documents are kept by `documents`, and a cancelled request is computed no further.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from cattrs.errors import ClassValidationError
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.protocol.json_rpc import JsonRPCNotification, JsonRPCRequestMessage

from lsp_server.documents import Documents
from lsp_server.framing import Unreadable

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")
PARSE_ERROR, INVALID_REQUEST, NOT_INITIALIZED = -32700, -32600, -32002
REQUEST_FAILED, SERVER_CANCELLED = -32803, -32802

log = logging.getLogger(__name__)


class Refused(JsonRpcException):
    """A request that makes sense and cannot be done now, said in one sentence."""

    CODE = REQUEST_FAILED


class Retrigger(JsonRpcException):
    """What was asked for is not what it was: the client may ask again."""

    CODE = SERVER_CANCELLED

    def __init__(self) -> None:
        super().__init__("the document has changed", data={"retriggerRequest": True})


class Protocol(LanguageServerProtocol):
    """What is received goes through `receive`; `status` is the exit status, once the client has said goodbye."""

    def __init__(self, server: Any, converter: Converter) -> None:
        super().__init__(server, converter)
        self.documents = Documents()
        self.status: int | None = None
        self._greeted = False

    def receive(self, message: Any) -> None:
        """Do what a message of the client asks."""
        if isinstance(message, Unreadable):
            log.warning("passed over what cannot be read: %s", message.why)
            self._refuse(None, PARSE_ERROR, message.why)
        elif not isinstance(message, dict) or message.get("jsonrpc") != "2.0" or not _is_id(message.get("id")):
            log.warning("passed over what is no message of JSON-RPC 2.0")
            self._refuse(None, INVALID_REQUEST, "this is no message of JSON-RPC 2.0")
        elif not isinstance(message.get("method"), str):
            self._answered(message)
        else:
            refusal = self._out_of_turn(message["method"])
            if refusal is None:
                self._heard(message)
            elif "id" in message:
                self._refuse(message["id"], *refusal)
            else:
                log.info("passed over %s: %s", message["method"], refusal[1])

    def _answered(self, message: dict[str, Any]) -> None:
        if message.get("id") not in self._request_futures or not ("result" in message or "error" in message):
            log.info("passed over an answer to nothing that was asked")
            return
        future: Future[Any] = self._request_futures.pop(message["id"])
        kind = self._result_types.pop(message["id"], None)
        error = message.get("error")
        if error is not None:
            told = error.get("message") if isinstance(error, dict) else error
            future.set_exception(JsonRpcException(str(told)))
            return
        try:
            result = self._converter.structure(message, kind).result if kind is not None else message["result"]
        except Exception as failure:  # cattrs raises what the wrong values happen to raise
            future.set_exception(JsonRpcInvalidParams(f"the client's answer cannot be read: {_first(failure)}"))
        else:
            future.set_result(result)

    def _out_of_turn(self, method: str) -> tuple[int, str] | None:
        if method == types.EXIT:
            return None
        if method == types.INITIALIZE:
            return (INVALID_REQUEST, "the server is initialized already") if self._greeted else None
        if not self._greeted:
            return NOT_INITIALIZED, "the server is not initialized"
        return (INVALID_REQUEST, "the server is shutting down") if self._shutdown else None

    def _heard(self, message: dict[str, Any]) -> None:
        method = message["method"]
        try:
            heard = self.structure_message(message)
        except Exception as failure:  # cattrs raises what the wrong values happen to raise
            why = f"{method}: {_first(failure)}"
            log.warning("passed over what has wrong parameters: %s", why)
            if "id" in message:
                self._refuse(message["id"], JsonRpcInvalidParams.CODE, why)
            return
        self._greeted = self._greeted or method == types.INITIALIZE
        self.handle_message(heard)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """As a value of the type that the method has; parameters of methods of our own stay as they are."""
        known = self.get_message_type(data["method"])
        if known is not None:
            return self._converter.structure(data, known)
        if "id" in data:
            return JsonRPCRequestMessage(data["id"], data["method"], "2.0", data.get("params"))
        return JsonRPCNotification(data["method"], "2.0", data.get("params"))

    def structure(self, given: Any, kind: type[T]) -> T:
        """Part of a message of ours as a value of the protocol's.

        Raises:
            ValueError: it is none.
        """
        try:
            value: T = self._converter.structure(given, kind)
        except Exception as failure:  # cattrs raises what the wrong values happen to raise
            raise ValueError(_first(failure)) from failure
        return value

    def _refuse(self, ident: Any, code: int, message: str) -> None:
        self._send_data({"jsonrpc": "2.0", "id": ident, "error": {"code": code, "message": message}})

    def _send_handler_result(self, future: Future[Any], *, msg_id: Any) -> None:
        """Answer a request; of errors those that are nobody's intention are logged whole."""
        error = None if future.cancelled() else future.exception()
        if error is None:
            super()._send_handler_result(future, msg_id=msg_id)
            return
        self._request_futures.pop(msg_id, None)
        if isinstance(error, JsonRpcException):
            log.info("request %s is refused: %s", msg_id, error)
            self._send_response(msg_id, error=error.to_response_error())
        else:
            log.error("request %s failed", msg_id, exc_info=error)
            self._refuse(msg_id, JsonRpcException.CODE, f"{type(error).__name__}: {error}")

    def _check_handler_result(self, future: Future[Any]) -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            log.error("a notification could not be handled", exc_info=error)

    def _handle_cancel_notification(self, msg_id: Any) -> None:
        future = self._request_futures.get(msg_id)
        if future is not None and future.cancel():
            log.debug("request %s is cancelled", msg_id)

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:  # type: ignore[override] # pygls calls what it is given
        """The client has gone: in order only after `shutdown`."""
        self.status = 0 if self._shutdown else 1

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(  # type: ignore[override] # pygls calls what it is given
        self, params: types.ExecuteCommandParams
    ) -> Any:
        """The command's answer. In one piece, unlike pygls': else what is cancelled would be computed to its end."""
        command = self.fm.commands.get(params.command)
        if command is None:
            raise JsonRpcInvalidParams(f"there is no command {params.command!r}")
        return await command(*(params.arguments or ()))

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> Generator[Any, Any, None]:
        self.documents.put(params.text_document)
        yield from self._tell(types.TEXT_DOCUMENT_DID_OPEN, params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Generator[Any, Any, None]:
        document = self.documents.get(params.text_document.uri)
        if document is None:
            log.warning("passed over a change of %s, which is not open", params.text_document.uri)
            return
        for change in params.content_changes:
            document.change(change, self.documents.encoding)
        document.version = params.text_document.version
        yield from self._tell(types.TEXT_DOCUMENT_DID_CHANGE, params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> Generator[Any, Any, None]:
        if self.documents.remove(params.text_document.uri) is None:
            log.warning("passed over the closing of %s, which is not open", params.text_document.uri)
            return
        yield from self._tell(types.TEXT_DOCUMENT_DID_CLOSE, params)

    def _tell(self, method: str, params: Any) -> Generator[Any, Any, None]:
        handler = self.fm.features.get(method)
        if handler is not None:
            yield handler, (params,), None


def _is_id(value: Any) -> bool:
    return value is None or (isinstance(value, int | str) and not isinstance(value, bool))


def _first(error: BaseException) -> str:
    """The innermost of nested failures, in words."""
    while isinstance(error, ClassValidationError | ExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing"
    return str(error) or type(error).__name__
