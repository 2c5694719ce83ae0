-- Sends each line of a file once, as a form. Arguments: the file, and the Authorization header.
-- A file that is too short makes the run fail: what comes after its end is refused by the server.

local forms = {}
local sent = 0

function init(arguments)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  wrk.headers["Authorization"] = arguments[2]
  for line in io.lines(arguments[1]) do
    forms[#forms + 1] = line
  end
end

function request()
  sent = sent + 1
  return wrk.format(nil, nil, nil, forms[sent] or "")
end
