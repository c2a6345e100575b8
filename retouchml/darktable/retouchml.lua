--[[
Retouches the faces of every picture that darktable exports, with RetouchML's command line.

The installer puts this file into darktable's folder of Lua scripts and writes the command, the
version and its own command into it, and its translations beside it. The module RetouchML of the lighttable has the preset; "off" leaves exported pictures alone.
darktable-cli runs no scripts. API: docs.darktable.org/lua
]]

local dt = require "darktable"

local VERSION = "@VERSION@"
local COMMAND = "@COMMAND@" -- the command of this script's RetouchML; preferences may name another
local SET_UP = "@SET_UP@" -- the command that put this script here
local NAME = "retouchml"
local OFF = "off"
local SHIPPED = {"natural", "clean", "studio", "strong", "shape-only", "skin-only"}
local FORMATS = {png = true, tif = true, tiff = true, jpg = true, jpeg = true, webp = true}
local NO_FACE = 3 -- the exit code

local is_windows = package.config:sub(1, 1) == "\\"

local retouchml = {version = VERSION}

local bound = dt.gettext ~= nil and dt.configuration ~= nil
if bound then
  dt.gettext.bindtextdomain(NAME, dt.configuration.config_dir .. "/lua/retouchml/locale")
end

--- A text in the language of darktable, with values in the place of their names in braces.
local function _(english, values)
  local text = bound and dt.gettext.dgettext(NAME, english) or english
  return (text:gsub("{(%w+)}", values or {}))
end

--- An argument of the shell's command line, whatever characters it has.
function retouchml.quoted(text)
  if is_windows then
    -- no name of a file has a quotation mark there
    return '"' .. text:gsub('"', "") .. '"'
  end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- A command line, as the shell takes it.
function retouchml.command_line(words, errors)
  local quoted = {}
  for place, word in ipairs(words) do
    quoted[place] = retouchml.quoted(word)
  end
  local line = table.concat(quoted, " ") .. " 2> " .. retouchml.quoted(errors)
  -- cmd.exe takes the first and the last quotation mark away
  return is_windows and '"' .. line .. '"' or line
end

--- Run a command line, while darktable goes on; its exit code.
local function run(line)
  if dt.control and dt.control.execute then
    local code = dt.control.execute(line)
    return code > 255 and code // 256 or code
  end
  local _, _, code = os.execute(line)
  return code
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

local function command()
  local chosen = dt.preferences.read(NAME, "command", "file")
  return chosen ~= nil and chosen ~= "" and chosen or COMMAND
end

local function say(sentence)
  dt.print("RetouchML: " .. sentence)
  dt.print_log("RetouchML: " .. sentence)
end

--- The last line that a command wrote about its error.
local function last_line(path)
  local last = _("it failed without a word.")
  local file = io.open(path, "r")
  if file then
    for line in file:lines() do
      if line:match("%S") then
        last = line:gsub("^retouchml: ", "")
      end
    end
    file:close()
  end
  return last
end

--- A name that no file has yet.
local function unused(stem, ending)
  local name, number = stem .. ".retouchml" .. ending, 1
  while exists(name) do
    name, number = stem .. ".retouchml-" .. number .. ending, number + 1
  end
  return name
end

--- Put one file into another's place. The old one stays if that fails.
local function replace(new, old)
  if not is_windows then
    return os.rename(new, old)
  end
  local kept = unused(old, "") -- nothing is renamed onto a file there
  if not os.rename(old, kept) then
    return false
  end
  if os.rename(new, old) then
    os.remove(kept)
    return true
  end
  os.rename(kept, old)
  return false
end

--- Retouch an exported file in its place. The picture stays as it was exported if that fails, and a line says why.
function retouchml.retouch(path, preset)
  local folder_and_name, ending = path:match("^(.*)%.([^./\\]+)$")
  if ending == nil or not FORMATS[ending:lower()] then
    say(_("a file of this format is left as it is: {path}", {path = path}))
    return false
  end
  if not exists(command()) then
    say(_("the command {command} is missing. Run `{install}` again, or name it in the preferences.",
      {command = command(), install = SET_UP}))
    return false
  end
  if is_windows and path:find("%", 1, true) then
    -- cmd.exe puts a variable in place of %NAME%, also between quotation marks
    say(_("a name with % in it cannot be given to a command on Windows. Rename the file or its folder: {path}",
      {path = path}))
    return false
  end
  local result, errors = unused(folder_and_name, "." .. ending), unused(folder_and_name, ".log")
  local code = run(retouchml.command_line(
    {command(), "beautify", "--quiet", "--preset", preset, "--output", result, "--", path}, errors))
  local done = code == 0 and replace(result, path)
  if code == NO_FACE then
    say(_("no face was found in {path}", {path = path}))
  elseif not done then
    say(last_line(errors))
  end
  os.remove(result)
  os.remove(errors)
  return done and true or false
end

--- The names of all presets: those that come with RetouchML, and the user's own.
function retouchml.presets()
  local names = {}
  if exists(command()) then
    local line = retouchml.command_line({command(), "presets", "--json"}, is_windows and "NUL" or "/dev/null")
    local answer = io.popen(line)
    if answer then
      for name in answer:read("a"):gmatch('"name":%s*"([%w_-]+)"') do
        names[#names + 1] = name
      end
      answer:close()
    end
  end
  return #names > 0 and names or SHIPPED
end

local function on_export(_event, _image, filename)
  local preset = dt.preferences.read(NAME, "preset", "string")
  if preset ~= nil and preset ~= "" and preset ~= OFF then
    retouchml.retouch(filename, preset)
  end
end

--- The module in the lighttable: a menu of presets.
local function show()
  local names = {OFF, table.unpack(retouchml.presets())}
  local shown = {_("off"), table.unpack(names, 2)}
  local chosen = dt.preferences.read(NAME, "preset", "string")
  local selected = 1
  for place, name in ipairs(names) do
    if name == chosen then
      selected = place
    end
  end
  local menu = dt.new_widget("combobox") {
    label = _("Preset"),
    tooltip = _("faces are retouched like this when a picture is exported"),
    selected = selected,
    changed_callback = function(self)
      dt.preferences.write(NAME, "preset", "string", names[self.selected])
    end,
    table.unpack(shown),
  }
  local views = {[dt.gui.views.lighttable] = {"DT_UI_CONTAINER_PANEL_RIGHT_CENTER", 20}}
  dt.register_lib(NAME, "RetouchML", true, false, views, menu)
end

dt.preferences.register(NAME, "command", "file", _("RetouchML: its command"),
  _("another retouchml than the one that the installer found"), "")
dt.register_event(NAME, "intermediate-export-image", on_export)
if dt.gui and dt.gui.views then
  show()
end

return retouchml
