-- A stand-in of darktable's API for the script beside it. Arguments: the script, the command, the preset, a file,
-- and "windows" for a stand-in of Windows, or "stuck" for one on which no result can be put into its place. The
-- variable TEXTS names a file with texts and their translations in turn, a line each, as of darktable's gettext; the first
-- entry of the menu is chosen then, unless there is a variable STAYS.
local script, command, preset, file, windows = arg[1], arg[2], arg[3], arg[4], arg[5]
local stored, event, texts = {command = command, preset = preset}, nil, nil
if os.getenv("TEXTS") then
  texts = {}
  local next_line = io.lines(os.getenv("TEXTS"))
  for english in next_line do
    texts[english] = next_line()
  end
end

package.preload["darktable"] = function()
  return {
    configuration = {config_dir = "/configuration"},
    gettext = texts and {
      bindtextdomain = function(domain, folder)
        assert(domain == "retouchml" and folder == "/configuration/lua/retouchml/locale")
      end,
      dgettext = function(domain, english)
        assert(domain == "retouchml")
        return texts[english] or english
      end,
    } or nil,
    preferences = {
      register = function(_, _, _, label, tip)
        if texts then
          io.stderr:write(label, ": ", tip, "\n")
        end
      end,
      read = function(_, name) return stored[name] or "" end,
      write = function(_, name, _, value) stored[name] = value end,
    },
    print = function(sentence) print(sentence) end,
    print_log = function() end,
    register_event = function(_, name, callback)
      assert(name == "intermediate-export-image")
      event = callback
    end,
    register_lib = function(_, title, _, _, _, menu)
      io.stderr:write(title, ": ", table.concat(menu, " "), " [", menu.selected, "]\n")
      if texts then
        io.stderr:write(menu.label, ": ", menu.tooltip, "\n")
        if not os.getenv("STAYS") then
          menu.selected = 1
          menu:changed_callback()
        end
      end
    end,
    new_widget = function(kind)
      assert(kind == "combobox")
      return function(options) return options end
    end,
    gui = {views = {lighttable = "lighttable"}},
  }
end

local function content(path)
  local opened = io.open(path, "rb")
  local read = opened and opened:read("a")
  if opened then
    opened:close()
  end
  return read
end

if windows then
  package.config = "\\" .. package.config:sub(2)
  os.execute = function(line) -- the command, as cmd.exe would run it
    local target = line:match('"%-%-output" "([^"]*)"')
    local opened = io.open(target, "wb")
    opened:write("retouched")
    opened:close()
    return true, "exit", 0
  end
  local rename = os.rename
  os.rename = function(old, new)
    if content(new) or windows == "stuck" and content(old) == "retouched" then
      return nil, "File exists"
    end
    return rename(old, new)
  end
end

local text = io.open(script):read("a")
load(text, "@" .. script)()
event("intermediate-export-image", nil, file)
