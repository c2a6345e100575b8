-- A stand-in of darktable's API for the script beside it. Arguments: the script, the command, the preset, a file.
local script, command, preset, file = arg[1], arg[2], arg[3], arg[4]
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

local text = io.open(script):read("a")
load(text, "@" .. script)()
event("intermediate-export-image", nil, file)
