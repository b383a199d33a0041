import { NAMESPACE, SERVICE_PATH, SOAP_ACTION, TYPES } from "./workload.mjs";

/**
 * A template for this one operation, as a careful person would write it in Lua: it knows the names and the order of all
 * elements, reads JSON in one pass and XML with patterns, and keeps numbers as texts. It checks nothing that it need not
 * look at: prefixes, namespaces, types, CDATA, comments and what comes twice.
 */
export function luaScript() {
  return `local find, sub, byte, gsub, match, gmatch, concat = string.find, string.sub, string.byte, string.gsub, string.match, string.gmatch, table.concat
local NULL = {}
local head = '<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><s:StorePartners xmlns:s="${NAMESPACE}" xmlns:t="${TYPES}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
local tail = "</s:StorePartners></e:Body></e:Envelope>"

local escapes = { b = "\\b", f = "\\f", n = "\\n", r = "\\r", t = "\\t" }
local function unescape(kind) return escapes[kind] or kind end

local read
local function read_string(text, at)
  local from = at
  while true do
    local stop = find(text, '["\\\\]', at)
    if byte(text, stop) == 34 then
      local value = sub(text, from, stop - 1)
      if at ~= from then value = gsub(value, "\\\\(.)", unescape) end
      return value, stop + 1
    end
    at = stop + 2
  end
end

local function skip(text, at) return find(text, "[^ \\r\\n\\t]", at) end

local function read_object(text, at)
  local object = {}
  at = skip(text, at)
  while byte(text, at) ~= 125 do
    local name
    name, at = read_string(text, at + 1)
    at = skip(text, at)
    object[name], at = read(text, skip(text, at + 1))
    at = skip(text, at)
    if byte(text, at) == 44 then at = skip(text, at + 1) end
  end
  return object, at + 1
end

local function read_array(text, at)
  local array, count = {}, 0
  at = skip(text, at)
  while byte(text, at) ~= 93 do
    count = count + 1
    array[count], at = read(text, at)
    at = skip(text, at)
    if byte(text, at) == 44 then at = skip(text, at + 1) end
  end
  return array, at + 1
end

read = function(text, at)
  local first = byte(text, at)
  if first == 34 then return read_string(text, at + 1) end
  if first == 123 then return read_object(text, at + 1) end
  if first == 91 then return read_array(text, at + 1) end
  local _, stop = find(text, "^[%w.+-]+", at)
  local word = sub(text, at, stop)
  if word == "null" then return NULL, stop + 1 end
  return word, stop + 1
end

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", ['"'] = "&quot;" }
local function escaped(value)
  if find(value, '[&<"]') then return (gsub(value, '[&<"]', entities)) end
  return value
end

local function add(out, name, value)
  if value == nil then return end
  local n = #out
  if value == NULL then
    out[n + 1] = "<t:" .. name .. ' xsi:nil="true"/>'
  else
    out[n + 1] = "<t:" .. name .. ">"
    out[n + 2] = escaped(value)
    out[n + 3] = "</t:" .. name .. ">"
  end
end

local function add_partner(out, partner)
  out[#out + 1] = '<t:partner id="' .. escaped(partner["@id"]) .. '"'
  if partner["@revision"] then out[#out + 1] = ' revision="' .. escaped(partner["@revision"]) .. '"' end
  out[#out + 1] = ">"
  add(out, "name", partner.name)
  add(out, "remark", partner.remark)
  add(out, "rating", partner.rating)
  add(out, "active", partner.active)
  add(out, "balance", partner.balance)
  add(out, "since", partner.since)
  for _, address in ipairs(partner.address or {}) do
    out[#out + 1] = '<t:address kind="' .. escaped(address["@kind"]) .. '">'
    add(out, "street", address.street)
    add(out, "city", address.city)
    add(out, "zip", address.zip)
    add(out, "country", address.country)
    out[#out + 1] = "</t:address>"
  end
  out[#out + 1] = "<t:contact>"
  add(out, "email", partner.contact.email)
  add(out, "phone", partner.contact.phone)
  out[#out + 1] = "</t:contact></t:partner>"
end

local function to_xml(text)
  local body = read(text, skip(text, 1))
  local out = { head }
  for _, partner in ipairs(body.partner) do add_partner(out, partner) end
  out[#out + 1] = tail
  return concat(out)
end

local characters = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'" }
local controls = { ["\\n"] = "\\\\n", ["\\r"] = "\\\\r", ["\\t"] = "\\\\t", ['"'] = '\\\\"', ["\\\\"] = "\\\\\\\\" }
local function json_string(value)
  if find(value, "&", 1, true) then value = gsub(value, "&(%a+);", characters) end
  if find(value, '[%c"\\\\]') then value = gsub(value, '[%c"\\\\]', controls) end
  return '"' .. value .. '"'
end

-- By local name: what has no quotes in JSON, and what has members.
local words = { active = true, balance = true, zip = true }
local opens = { partner = true, address = true, contact = true }

local function to_json(text)
  local out, n = { '{"partner":[' }, 1
  -- What has to come before the next member, and whether an array of addresses is open.
  local comma, listed, partners = "", false, 0
  for closing, name, attributes, value in gmatch(text, "<(/?)%w*:?(%w+)([^>]*)>([^<]*)") do
    if opens[name] then
      if closing == "/" then
        n = n + 1
        out[n] = "}"
        comma = ","
      elseif name == "partner" then
        partners = partners + 1
        n = n + 1
        out[n] = (partners > 1 and "," or "") .. '{"@id":' .. match(attributes, ' id="([^"]*)"')
        local revision = match(attributes, ' revision="([^"]*)"')
        if revision then out[n] = out[n] .. ',"@revision":' .. json_string(revision) end
        comma, listed = ",", false
      elseif name == "address" then
        n = n + 1
        out[n] = (listed and "," or ',"address":[') .. '{"@kind":' .. json_string(match(attributes, ' kind="([^"]*)"'))
        comma, listed = ",", true
      else
        n = n + 1
        out[n] = (listed and '],"contact":{' or ',"address":[],"contact":{')
        comma = ""
      end
    elseif partners > 0 and closing == "" then
      local json
      if find(attributes, 'nil="true"', 1, true) then json = "null"
      elseif words[name] then json = value
      else json = json_string(value) end
      n = n + 1
      out[n] = comma .. '"' .. name .. '":' .. json
      comma = ","
    end
  end
  out[n + 1] = "]}"
  return concat(out)
end

local function replace(handle, convert, type)
  local body = handle:body()
  local size = body:setBytes(convert(body:getBytes(0, body:length())))
  local headers = handle:headers()
  headers:replace("content-length", size)
  headers:replace("content-type", type)
  return headers
end

function envoy_on_request(handle)
  local headers = replace(handle, to_xml, "text/xml; charset=utf-8")
  headers:replace(":path", "${SERVICE_PATH}")
  headers:replace("soapaction", '"${SOAP_ACTION}"')
end

function envoy_on_response(handle)
  replace(handle, to_json, "application/json")
end
`;
}
