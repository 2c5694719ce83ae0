-- Sends one form over and over. Arguments: the form, and the Authorization header or nothing.

function init(arguments)
  wrk.method = "POST"
  wrk.body = arguments[1]
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  if arguments[2] then
    wrk.headers["Authorization"] = arguments[2]
  end
end
