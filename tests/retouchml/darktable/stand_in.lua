-- A stand-in of darktable's API for the script beside it. Arguments: the script, the command, the preset, a file,
-- and "windows" for a stand-in of Windows, or "stuck" for one on which no result can be put into its place.
local script, command, preset, file, windows = arg[1], arg[2], arg[3], arg[4], arg[5]
local stored, event = {command = command, preset = preset}, nil

package.preload["darktable"] = function()
  return {
    preferences = {
      register = function() end,
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
