"""The client comes, says what it can and wants, changes its mind, and goes."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.convert_diagnostics import to_terms
from lsp_server.convert_edits import to_abilities
from lsp_server.features import keeping, publishing
from lsp_server.options import SECTION, given
from lsp_server.processes import is_alive
from lsp_server.sessions import to_path

if TYPE_CHECKING:
    from lsp_server.server import LessonsServer

OPTIONS_SECONDS = 2.0
"""How long the client may take to say its options, before it is served without."""
READY_SECONDS = 3.0
"""How long it may take to say that it is initialized."""
SOURCES = (".py", ".pyi")
WATCHED = ("**/pyproject.toml", "**/.llmlearn/**", *(f"**/*{ending}" for ending in SOURCES))

log = logging.getLogger(__name__)


def register(server: LessonsServer) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        server.documents.encoding = types.PositionEncodingKind(server.workspace.position_encoding or "utf-16").value
        server.terms = to_terms(params.capabilities, server.documents.encoding)
        # One that is not there from the beginning is another machine's or container's, and its absence says nothing.
        server.client = params.process_id if params.process_id and is_alive(params.process_id) else None
        server.abilities = to_abilities(params.capabilities)
        server.sessions.options[None] = given(params.initialization_options)
        server.sessions.folders = _folders(params)
        # A client that never says `initialized` is served too.
        asyncio.get_running_loop().call_later(READY_SECONDS, server.ready.set)

    @server.feature(types.INITIALIZED)
    async def initialized(_: types.InitializedParams) -> None:
        try:
            await read_options(server)
        finally:
            server.ready.set()
        server.begin(_subscribe(server))
        for folder in server.sessions.folders:
            await server.sessions.at(folder)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configuration_changed(params: types.DidChangeConfigurationParams) -> None:
        sent = given(params.settings)
        if sent:
            server.sessions.options[None] = sent
        await read_options(server)
        await renew(server)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def folders_changed(params: types.DidChangeWorkspaceFoldersParams) -> None:
        await server.sessions.change(_paths(params.event.added), _paths(params.event.removed))
        await read_options(server)
        server.looks.forget()
        for folder in server.sessions.folders:
            await server.sessions.at(folder)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def files_changed(params: types.DidChangeWatchedFilesParams) -> None:
        names = {Path(change.uri).name for change in params.changes}
        if "pyproject.toml" in names:
            await renew(server)
            return
        # Open documents are told of by `didSave`.
        elsewhere = [change.uri for change in params.changes if server.documents.get(change.uri) is None]
        python = [path for uri in elsewhere if uri.endswith(SOURCES) and (path := to_path(uri)) is not None]
        for session in server.sessions:
            if any(session.relative(path) is not None for path in python):
                await keeping.made_anew(server, session)
        if len(elsewhere) > len(python):
            look_again(server)

    @server.feature(types.SHUTDOWN)
    async def shutdown(_: Any) -> None:
        await server.leave()


async def renew(server: LessonsServer) -> None:
    """Read the settings again: open all memories anew."""
    server.looks.forget()
    await server.sessions.forget()
    look_again(server)


def look_again(server: LessonsServer) -> None:
    """Something outside of the documents has changed: what was recognised in them may be another now."""
    for session in server.sessions:
        session.round += 1
        server.begin(keeping.prove(server, session))
    publishing.refresh(server)


async def read_options(server: LessonsServer) -> None:
    """Ask the client for its options, where it can be asked."""
    workspace = server.client_capabilities.workspace
    if workspace is None or not workspace.configuration:
        return
    folders = server.sessions.folders
    items = [types.ConfigurationItem(section=SECTION, scope_uri=folder.as_uri()) for folder in folders]
    try:
        asked = server.workspace_configuration_async(
            types.ConfigurationParams([*items, types.ConfigurationItem(section=SECTION)])
        )
        answers = await asyncio.wait_for(asked, OPTIONS_SECONDS)
    except Exception as error:  # whatever a client answers, or does not, it is served
        log.warning("the client does not say its options: %s", error or type(error).__name__)
        return
    options = dict(zip([*folders, None], map(given, answers or ()), strict=False))
    options[None] = {**server.sessions.options[None], **options.get(None, {})}
    server.sessions.options = options  # type: ignore[assignment] # paths and None


async def _subscribe(server: LessonsServer) -> None:
    """Ask to be told of changed settings and files, by clients that are to be asked for that."""
    workspace = server.client_capabilities.workspace
    wanted = []
    told = workspace.did_change_configuration if workspace is not None else None
    if told is not None and told.dynamic_registration:
        options: Any = types.DidChangeConfigurationRegistrationOptions(section=SECTION)
        wanted.append(types.Registration("options", types.WORKSPACE_DID_CHANGE_CONFIGURATION, options))
    files = workspace.did_change_watched_files if workspace is not None else None
    if files is not None and files.dynamic_registration:
        watchers = [types.FileSystemWatcher(glob) for glob in WATCHED]
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        wanted.append(types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options))
    if wanted:
        try:
            await server.client_register_capability_async(types.RegistrationParams(wanted))
        except JsonRpcException as error:  # it said that it could, and says now that it cannot
            log.info("the client does not tell what changes: %s", error)


def _folders(params: types.InitializeParams) -> list[Path]:
    if params.workspace_folders:
        return _paths(params.workspace_folders)
    one = to_path(params.root_uri) or (Path(params.root_path) if params.root_path else None)
    return [one] if one is not None else []


def _paths(folders: Any) -> list[Path]:
    return [path for folder in folders or () if (path := to_path(folder.uri)) is not None]
