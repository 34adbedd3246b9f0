-- A person at Neovim: opens a file, sees what is marked, takes the fix that is offered, sees the mark gone.
-- Arguments by the environment: DRIVE_SERVER (a command as JSON), DRIVE_ROOT, DRIVE_FILE, DRIVE_ANSWER (a JSON file).
local answer = { steps = {} }
local waited = 20000

local function finish(fault)
  answer.fault = fault
  local file = assert(io.open(os.getenv("DRIVE_ANSWER"), "w"))
  file:write(vim.json.encode(answer))
  file:close()
  -- As when a person leaves: clients are stopped on the way out.
  vim.cmd("qall!")
end

local function marks()
  local found = {}
  for _, one in ipairs(vim.diagnostic.get(0)) do
    table.insert(found, {
      line = one.lnum + 1, column = one.col, severity = one.severity, source = one.source, message = one.message,
      code = one.code or (one.user_data and one.user_data.lsp and one.user_data.lsp.code),
    })
  end
  return found
end

local function drive()
  vim.cmd("edit " .. vim.fn.fnameescape(os.getenv("DRIVE_FILE")))
  local buffer = vim.api.nvim_get_current_buf()
  local client = vim.lsp.start_client({
    name = "llmlearn",
    cmd = vim.json.decode(os.getenv("DRIVE_SERVER")),
    root_dir = os.getenv("DRIVE_ROOT"),
    init_options = vim.empty_dict(),
  })
  assert(client, "the server could not be started")
  vim.lsp.buf_attach_client(buffer, client)

  assert(vim.wait(waited, function() return #vim.diagnostic.get(0) > 0 end, 20), "nothing was marked")
  answer.marked = marks()

  local at = answer.marked[1]
  vim.api.nvim_win_set_cursor(0, { at.line, at.column })
  local hovers = vim.lsp.buf_request_sync(buffer, "textDocument/hover", vim.lsp.util.make_position_params(), waited)
  answer.hover = hovers and hovers[client] and hovers[client].result
  local lenses = vim.lsp.buf_request_sync(
    buffer, "textDocument/codeLens", { textDocument = vim.lsp.util.make_text_document_params() }, waited)
  answer.lenses = lenses and lenses[client] and lenses[client].result
  local asked = vim.lsp.buf_request_sync(buffer, "workspace/executeCommand", {
    command = "llmlearn.relevantMistakes", arguments = { { text = os.getenv("DRIVE_QUESTION") } },
  }, waited)
  answer.relevant = asked and asked[client] and asked[client].result
  local custom = vim.lsp.buf_request_sync(
    buffer, "llmlearn/relevantMistakes", { intent = os.getenv("DRIVE_QUESTION") }, waited)
  answer.custom = custom and custom[client] and custom[client].result

  local chosen = false
  vim.ui.select = function(items, options, choose)
    answer.offered = {}
    local taken
    for _, item in ipairs(items) do
      local action = item[2] or item.action
      table.insert(answer.offered, { title = action.title, kind = action.kind })
      if action.title:find("^Apply the verified fix") then taken = taken or item end
    end
    chosen = true
    choose(taken, 1)
  end
  vim.lsp.buf.code_action()
  assert(vim.wait(waited, function() return chosen end, 20), "no action was offered")
  assert(
    vim.wait(waited, function() return #vim.diagnostic.get(0) == 0 end, 20),
    "the mark did not go: " .. vim.inspect(marks())
  )
  answer.text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")

  -- The mistake is written once more, as a person writes it.
  vim.api.nvim_buf_set_lines(buffer, at.line - 1, at.line, false, { os.getenv("DRIVE_AGAIN") })
  assert(vim.wait(waited, function() return #vim.diagnostic.get(0) > 0 end, 20), "the mistake made again is not marked")
  answer.again = marks()
end

local fine, fault = pcall(drive)
finish(not fine and tostring(fault) or nil)
