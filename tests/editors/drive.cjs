// VS Code's side of the wire, by the library that VS Code's own client is made with: a document is opened, marked,
// mended by the action that is offered, and marked no more. What was seen goes to standard output as JSON.
'use strict'
const { spawn } = require('child_process')
const fs = require('fs')
const path = require('path')
const { pathToFileURL } = require('url')
const rpc = require('vscode-languageserver-protocol/node')

const root = process.env.DRIVE_ROOT
const file = process.env.DRIVE_FILE
const uri = pathToFileURL(file).href
const answer = {}

function within(promise, what) {
  let timer
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`no ${what} in time`)), 20000) })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

function applied(text, edits) {
  const starts = [0]
  for (let at = 0; at < text.length; at++) if (text[at] === '\n') starts.push(at + 1)
  const place = (position) => starts[position.line] + position.character // UTF-16, as JavaScript counts too
  const ordered = [...edits].sort((a, b) => place(b.range.start) - place(a.range.start))
  return ordered.reduce((done, one) => done.slice(0, place(one.range.start)) + one.newText + done.slice(place(one.range.end)), text)
}

async function drive() {
  const [command, ...rest] = JSON.parse(process.env.DRIVE_SERVER)
  const server = spawn(command, rest, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] })
  const left = new Promise((resolve) => server.on('exit', (code) => resolve(code)))
  const client = rpc.createProtocolConnection(
    new rpc.StreamMessageReader(server.stdout), new rpc.StreamMessageWriter(server.stdin))
  let marked = []
  let told = () => {}
  client.onNotification(rpc.PublishDiagnosticsNotification.type, (news) => {
    if (news.uri === uri) { marked = news.diagnostics; told() }
  })
  client.onRequest(rpc.ConfigurationRequest.type, (asked) => asked.items.map(() => ({ limit: 4 })))
  client.onRequest(rpc.RegistrationRequest.type, () => undefined)
  client.onRequest(rpc.WorkDoneProgressCreateRequest.type, () => undefined)
  client.listen()
  const until = (fits, what) => within(new Promise((resolve) => {
    told = () => { if (fits(marked)) resolve(marked) }
    told()
  }), what)

  const begun = await within(client.sendRequest(rpc.InitializeRequest.type, {
    processId: process.pid,
    rootUri: pathToFileURL(root).href,
    workspaceFolders: [{ uri: pathToFileURL(root).href, name: path.basename(root) }],
    capabilities: {
      general: { positionEncodings: ['utf-16'] },
      window: { workDoneProgress: true },
      workspace: { configuration: true, workspaceFolders: true, applyEdit: true, workspaceEdit: { documentChanges: true } },
      textDocument: {
        publishDiagnostics: { relatedInformation: true, tagSupport: { valueSet: [1, 2] }, codeDescriptionSupport: true },
        codeAction: {
          isPreferredSupport: true, dataSupport: true, resolveSupport: { properties: ['edit'] },
          codeActionLiteralSupport: { codeActionKind: { valueSet: ['quickfix'] } },
        },
        hover: { contentFormat: ['markdown', 'plaintext'] },
      },
    },
    initializationOptions: null,
  }), 'answer to initialize')
  answer.server = begun.serverInfo
  await client.sendNotification(rpc.InitializedNotification.type, {})

  const text = fs.readFileSync(file, 'utf8')
  const document = { uri, languageId: 'python', version: 1 }
  await client.sendNotification(rpc.DidOpenTextDocumentNotification.type, { textDocument: { ...document, text } })
  answer.marked = await until((all) => all.length > 0, 'mark')

  const actions = await within(client.sendRequest(rpc.CodeActionRequest.type, {
    textDocument: { uri }, range: answer.marked[0].range, context: { diagnostics: answer.marked },
  }), 'action')
  answer.offered = actions.map((one) => ({ title: one.title, kind: one.kind, preferred: Boolean(one.isPreferred) }))
  const fix = actions.find((one) => one.isPreferred)
  const whole = fix.edit ? fix : await within(client.sendRequest(rpc.CodeActionResolveRequest.type, fix), 'edit')
  const change = whole.edit.documentChanges[0]
  answer.version = change.textDocument.version
  answer.text = applied(text, change.edits)

  await client.sendNotification(rpc.DidChangeTextDocumentNotification.type, {
    textDocument: { uri, version: 2 }, contentChanges: [{ text: answer.text }],
  })
  await until((all) => all.length === 0, 'end of the mark')
  answer.relevant = await within(client.sendRequest(rpc.ExecuteCommandRequest.type, {
    command: 'llmlearn.relevantMistakes', arguments: [{ text: process.env.DRIVE_QUESTION, textDocument: { uri } }],
  }), 'answer to the command')

  await within(client.sendRequest(rpc.ShutdownRequest.type), 'answer to shutdown')
  await client.sendNotification(rpc.ExitNotification.type)
  answer.exit = await within(left, 'exit')
}

drive().catch((fault) => { answer.fault = String(fault && fault.stack || fault) }).finally(() => {
  process.stdout.write(JSON.stringify(answer))
  process.exit(0)
})
