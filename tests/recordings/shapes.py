"""Writes recordings of the lab in the shapes of programs that do not install here.

Charles as files of it in public repositories have it; Fiddler, Insomnia, WebKit's inspector and the
HAR reporter of Postman's newman as their own code writes it; Edge as Chromium with its own names.
"""
import base64
import datetime
import email.utils
import json
import pathlib
import re
import urllib.parse

HERE = pathlib.Path(__file__).parent
NAMES = ["healthy", "S06", "T01"]


def read(folder, name):
    return json.loads((HERE / folder / f"{name}.har").read_text("utf-8"))["log"]["entries"]


def write(folder, name, log, **how):
    (HERE / folder).mkdir(exist_ok=True)
    text = json.dumps({"log": log}, **{"ensure_ascii": False, **how})
    (HERE / folder / f"{name}.har").write_text(text, "utf-8")


def field(message, name):
    return next((one["value"] for one in message["headers"] if one["name"].lower() == name), None)


def text_of(message):
    return (message.get("postData") or message.get("content") or {}).get("text") or ""


def pairs(text):
    return [{"name": name, "value": value} for name, value in urllib.parse.parse_qsl(text, True)]


def is_form(request):
    return (field(request, "content-type") or "").startswith("application/x-www-form-urlencoded")


def title(name):
    return "-".join(part.capitalize() for part in name.split("-"))


def tunnel(started):
    """What a proxy writes of another program's connection that it does not look into."""
    return started, "telemetry.example.com:443"


def charles(name):
    """HTTP/2 where the server speaks it: here one tunnel stands for what is not decrypted. Forms are
    told as parameters only; what has no media type is base64; no reason phrase; local times."""
    entries = []
    for entry in read("mitmproxy", name):
        asked, answered = entry["request"], entry["response"]
        request = {
            "method": asked["method"], "url": asked["url"], "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": asked["headers"],
            "queryString": pairs(urllib.parse.urlsplit(asked["url"]).query),
            "headersSize": asked["headersSize"], "bodySize": asked["bodySize"],
        }
        if text_of(asked):
            request["postData"] = {"mimeType": field(asked, "content-type")} | (
                {"params": pairs(text_of(asked))} if is_form(asked) else {"text": text_of(asked)}
            )
        media = field(answered, "content-type")
        content = {"size": len(text_of(answered)), "mimeType": media}
        if text_of(answered):
            content |= {"text": text_of(answered)} if media else {
                "text": base64.b64encode(text_of(answered).encode()).decode(), "encoding": "base64",
            }
        entries.append({
            "startedDateTime": entry["startedDateTime"][:23].replace("T15:", "T17:") + "+02:00",
            "time": round(entry["time"]),
            "request": request,
            "response": {
                "_charlesStatus": "COMPLETE", "status": answered["status"], "statusText": None,
                "httpVersion": "HTTP/1.1", "cookies": [], "headers": answered["headers"],
                "content": content, "redirectURL": None,
                "headersSize": answered["headersSize"], "bodySize": answered["bodySize"],
            },
            "serverIPAddress": "127.0.0.1", "cache": {},
            "timings": {"dns": -1, "connect": 0, "ssl": -1, "send": 0, "wait": round(entry["time"]), "receive": 0},
        })
    started, host = tunnel(entries[0]["startedDateTime"])
    entries.insert(0, {
        "startedDateTime": started, "time": 61020,
        "request": {"method": "CONNECT", "url": f"https://{host}", "httpVersion": "HTTP/1.1", "cookies": [],
                    "headers": [{"name": "Host", "value": host}], "queryString": [], "headersSize": 120, "bodySize": 1893},
        "response": {"_charlesStatus": "COMPLETE", "status": 200, "statusText": "Connection established",
                     "httpVersion": "HTTP/1.1", "cookies": [], "headers": [], "content": {"size": 5120, "mimeType": None},
                     "redirectURL": None, "headersSize": 0, "bodySize": 5120},
        "serverIPAddress": "192.0.2.7", "cache": {},
        "timings": {"dns": 1, "connect": 20, "ssl": -1, "send": 0, "wait": 61000, "receive": 0},
    })
    write("charles", name, {"version": "1.2", "creator": {"name": "Charles Proxy", "version": "4.6.8"}, "entries": entries})


TEXT = ("text/", "application/javascript", "application/x-javascript", "application/ecmascript",
        "application/json", "application/xhtml+xml", "application/xml")


def fiddler(name):
    """Members in no order, as a hash table gives them; the creator may come last. Forms are told as
    parameters only; text of other media types is base64; the tunnel has a text of Fiddler's own."""
    entries = []
    for entry in read("mitmproxy", name):
        asked, answered = entry["request"], entry["response"]
        request = {
            "headersSize": asked["headersSize"], "bodySize": asked["bodySize"], "method": asked["method"],
            "queryString": pairs(urllib.parse.urlsplit(asked["url"]).query), "httpVersion": "HTTP/1.1",
            "headers": [{"name": title(one["name"]), "value": one["value"]} for one in asked["headers"]],
            "cookies": [], "url": asked["url"],
        }
        if text_of(asked):
            request["postData"] = {"mimeType": field(asked, "content-type").split(";")[0]} | (
                {"params": pairs(text_of(asked))} if is_form(asked) else {"text": text_of(asked)}
            )
        media = field(answered, "content-type") or ""
        text = text_of(answered)
        content = {"compression": 0, "size": len(text), "mimeType": media} | (
            {"text": text} if media.startswith(TEXT)
            else {"encoding": "base64", "text": base64.b64encode(text.encode()).decode()}
        )
        entries.append({
            "connection": "49812", "cache": {},
            "startedDateTime": entry["startedDateTime"][:26] + "0-05:00",
            "time": round(entry["time"]), "request": request,
            "response": {
                "bodySize": answered["bodySize"], "headersSize": answered["headersSize"],
                "redirectURL": field(answered, "location") or "", "status": answered["status"],
                "statusText": answered["statusText"], "httpVersion": "HTTP/1.1", "cookies": [],
                "headers": [{"name": title(one["name"]), "value": one["value"]} for one in answered["headers"]],
                "content": content,
            },
            "timings": {"blocked": -1, "dns": 0, "connect": 0, "ssl": 0, "send": 0, "wait": round(entry["time"]), "receive": 0},
        })
        entries[-1]["startedDateTime"] = entries[-1]["startedDateTime"].replace("T15:", "T10:")
    started, host = tunnel(entries[0]["startedDateTime"])
    note = ("This is a CONNECT tunnel, through which encrypted HTTPS traffic flows.\n"
            "To view the encrypted sessions inside this tunnel, enable decryption.\n")
    entries.insert(0, {
        "connection": "49810", "cache": {}, "startedDateTime": started, "time": 0,
        "request": {"headersSize": 210, "bodySize": 0, "method": "CONNECT", "queryString": [], "httpVersion": "HTTP/1.1",
                    "headers": [{"name": "Host", "value": host}, {"name": "Connection", "value": "keep-alive"}],
                    "cookies": [], "url": f"http://{host}"},
        "response": {"bodySize": len(note), "headersSize": 110, "redirectURL": "", "status": 200,
                     "statusText": "Connection Established", "httpVersion": "HTTP/1.1", "cookies": [],
                     "headers": [{"name": "FiddlerGateway", "value": "Direct"}, {"name": "StartTime", "value": "10:26:16.300"},
                                 {"name": "Connection", "value": "close"}],
                     "content": {"compression": 0, "size": len(note), "mimeType": "", "encoding": "base64",
                                 "text": base64.b64encode(note.encode()).decode()}},
        "timings": {"blocked": -1, "dns": 0, "connect": 0, "ssl": 0, "send": 0, "wait": 0, "receive": 0},
    })
    write("fiddler", name, {
        "entries": entries, "pages": [], "comment": "exported @ 11/26/2026 10:31:02 AM", "version": "1.2",
        "creator": {"version": "5.0.20253.3311", "comment": "http://www.fiddler2.com", "name": "Fiddler"},
    })


def insomnia(name):
    """Requests that somebody sent one by one: each begins at the time of the export, the newest stands
    first, and forms are told as parameters. A request that was never sent has status 0. Whoever sends by
    hand takes some seconds for each."""
    entries = []
    for index, entry in enumerate(read("node-fetch-har", name)):
        asked, answered = entry["request"], entry["response"]
        for one in answered["headers"]:
            if one["name"].lower() == "date":
                answered_at = email.utils.parsedate_to_datetime(one["value"])
                one["value"] = email.utils.format_datetime(answered_at + datetime.timedelta(seconds=7 * index), True)
        request = {
            "method": asked["method"], "url": asked["url"], "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": [one for one in asked["headers"] if one["name"].lower() in
                        ("content-type", "accept", "authorization", "mcp-protocol-version", "mcp-session-id")]
            + [{"name": "User-Agent", "value": "insomnia/11.6.0"}],
            "queryString": [],
            "postData": {"mimeType": "application/x-www-form-urlencoded", "params": pairs(text_of(asked))} if is_form(asked)
            else {"mimeType": field(asked, "content-type") or "", "text": text_of(asked)},
            "headersSize": -1, "bodySize": -1,
        }
        text = text_of(answered)
        entries.append({
            "startedDateTime": "2026-11-27T08:15:27.402Z", "time": entry["time"], "request": request,
            "response": {
                "status": answered["status"], "statusText": answered["statusText"], "httpVersion": "HTTP/1.1",
                "cookies": [], "headers": answered["headers"],
                "content": {"size": len(text), "mimeType": field(answered, "content-type") or "", "text": text},
                "redirectURL": "", "headersSize": -1, "bodySize": -1,
            },
            "cache": {},
            "timings": {"blocked": -1, "dns": -1, "connect": -1, "send": 0, "wait": entry["time"], "receive": 0, "ssl": -1},
            "comment": urllib.parse.urlsplit(asked["url"]).path,
        })
    entries.append({
        "startedDateTime": "2026-11-27T08:15:27.402Z", "time": 0,
        "request": {"method": "GET", "url": "https://api.example.com/never-sent", "httpVersion": "HTTP/1.1", "cookies": [],
                    "headers": [{"name": "User-Agent", "value": "insomnia/11.6.0"}], "queryString": [],
                    "postData": {"mimeType": "", "text": ""}, "headersSize": -1, "bodySize": -1},
        "response": {"status": 0, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [],
                     "content": {"size": 0, "mimeType": ""}, "redirectURL": "", "headersSize": -1, "bodySize": -1},
        "cache": {},
        "timings": {"blocked": -1, "dns": -1, "connect": -1, "send": 0, "wait": 0, "receive": 0, "ssl": -1},
        "comment": "Never sent",
    })
    entries.reverse()
    write("insomnia", name, {
        "version": "1.2", "creator": {"name": "Insomnia REST Client", "version": "insomnia.desktop.app:v11.6.0"}, "entries": entries,
    }, indent="\t")


def postman(name):
    """The reporter of newman: the creator is the collection, a media type is always JSON, an entry begins
    when its answer was there, and it has no timings."""
    entries = []
    for entry in read("node-fetch-har", name):
        asked, answered = entry["request"], entry["response"]
        json_type = "application/json; charset=utf-8"
        entries.append({
            "startedDateTime": entry["startedDateTime"],
            "request": {
                "method": asked["method"], "url": asked["url"], "httpVersion": "HTTP/1.1",
                "headers": [one for one in asked["headers"] if one["name"].lower() in
                            ("content-type", "accept", "authorization", "mcp-protocol-version", "mcp-session-id", "host")]
                + [{"name": "User-Agent", "value": "PostmanRuntime/7.39.1"}],
                "queryString": pairs(urllib.parse.urlsplit(asked["url"]).query), "cookies": [],
                "headersSize": -1, "bodySize": -1,
                "postData": {"mimeType": json_type, "text": text_of(asked)},
            },
            "response": {
                "status": answered["status"], "statusText": answered["statusText"], "httpVersion": "HTTP/1.1",
                "headers": answered["headers"], "cookies": [],
                "content": {"mimeType": json_type, "text": text_of(answered)},
                "redirectURL": "", "headersSize": -1, "bodySize": -1,
            },
        })
    write("postman", name, {
        "version": 1.2,
        "creator": {"name": "Sign in to the MCP server", "version": "6f1c1f0a-52f0-4ab5-9c1f-3c1b7a2f51e9"},
        "entries": entries,
    }, indent=2)


def safari(name):
    """One page for all; one field of each name; no cookies among the fields; bodies of documents before a
    navigation are gone; preflights are not there; a failure has its reason in the answer."""
    entries = []
    first = None
    for entry in read("playwright", name):
        asked, answered = entry["request"], entry["response"]
        agent = ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                 "Version/26.1 Safari/605.1.15")
        one_of_each = {}
        for one in asked["headers"]:
            known = one["name"].lower()
            if known in ("accept", "origin", "referer", "content-type", "authorization", "mcp-protocol-version", "mcp-session-id"):
                one_of_each[title(one["name"])] = one["value"]
        one_of_each["User-Agent"] = agent
        answers = {}
        for one in answered["headers"]:
            key = title(one["name"])
            answers[key] = f"{answers[key]}, {one['value']}" if key in answers else one["value"]
        first = first or entry["startedDateTime"]
        content = answered.get("content") or {}
        text = content.get("text")
        gone = answered["status"] in (301, 302, 303, 307, 308)
        request = {
            "method": asked["method"], "url": asked["url"], "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": [{"name": name, "value": value} for name, value in one_of_each.items()],
            "queryString": pairs(urllib.parse.urlsplit(asked["url"]).query),
            "headersSize": -1, "bodySize": -1,
        }
        if text_of(asked):
            request["postData"] = {"mimeType": field(asked, "content-type") or "", "text": text_of(asked),
                                   "params": pairs(text_of(asked)) if is_form(asked) else []}
        held = {"size": len(text or ""), "compression": 0,
                "mimeType": (field(answered, "content-type") or "x-unknown").split(";")[0]}
        if text and not gone:
            held["text"] = text
            if content.get("encoding"):
                held["encoding"] = content["encoding"]
        failed = answered["status"] in (-1, 0)
        entries.append({
            "pageref": "page_0", "startedDateTime": entry["startedDateTime"], "time": entry["time"],
            "request": request,
            "response": {
                "status": max(answered["status"], 0), "statusText": answered["statusText"],
                "httpVersion": "" if failed else "HTTP/1.1", "cookies": [],
                "headers": [{"name": name, "value": value} for name, value in answers.items()],
                "content": held, "redirectURL": field(answered, "location") or "",
                "headersSize": -1, "bodySize": -1, "_transferSize": 0,
            } | ({"_error": "Origin is not allowed by Access-Control-Allow-Origin. Status code: 200"} if failed else {}),
            "cache": {},
            "timings": {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": 0, "receive": 0},
        } | ({} if failed else {"serverIPAddress": "127.0.0.1", "connection": "4", "_fetchType": "Network Load"}))
    write("safari", name, {
        "version": "1.2", "creator": {"name": "WebKit Web Inspector", "version": "20622.2.11"},
        "pages": [{"startedDateTime": first, "id": "page_0", "title": entries[-1]["request"]["url"], "pageTimings": {}}],
        "entries": entries,
    })


def edge(name):
    """Chromium's own tools with the names of Edge."""
    text = (HERE / "devtools" / f"{name}.har").read_text("utf-8")
    text = re.sub(r"(Chrome/(\d+)[\d.]* Safari/537\.36)", r"\1 Edg/\2.0.0.0", text)
    text = text.replace('\\"HeadlessChrome\\"', '\\"Microsoft Edge\\"').replace("HeadlessChrome", "Chrome")
    text = text.replace('\\"Google Chrome\\"', '\\"Microsoft Edge\\"')
    (HERE / "edge").mkdir(exist_ok=True)
    (HERE / "edge" / f"{name}.har").write_text(text, "utf-8")


def mcpsnoop():
    """MCP calls over any transport, with a made-up URL and status and without fields: 500 is an error of a tool."""
    calls = [
        ("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "recorded", "version": "1"}},
         {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "files", "version": "1"}}, 200),
        ("tools/list", {}, {"tools": [{"name": "read", "inputSchema": {"type": "object"}}]}, 200),
        ("tools/call/read", {"name": "read", "arguments": {"path": "/nowhere"}}, {"code": -32602, "message": "401 Unauthorized"}, 500),
        ("tools/call/read", {"name": "read", "arguments": {"path": "/slow"}}, None, 0),
    ]
    entries = []
    for index, (path, asked, answered, status) in enumerate(calls):
        sent = json.dumps(asked)
        text = json.dumps(answered) if answered else ""
        content = {"size": len(text), "mimeType": "application/json"} | ({"text": text} if text else {})
        entries.append({
            "startedDateTime": f"2026-11-26T15:26:1{index}.395073214+01:00", "time": 12.5 if text else 0,
            "request": {"method": "POST", "url": f"mcp://files/{path}", "httpVersion": "JSON-RPC/2.0", "headers": [],
                        "queryString": [], "cookies": [], "headersSize": -1, "bodySize": len(sent),
                        "postData": {"mimeType": "application/json", "text": sent}},
            "response": {"status": status, "statusText": {200: "OK", 500: "Error"}.get(status, "No Response"),
                         "httpVersion": "JSON-RPC/2.0", "headers": [], "cookies": [], "content": content, "redirectURL": "",
                         "headersSize": -1, "bodySize": len(text)},
            "cache": {}, "timings": {"send": 0, "wait": 12.5 if text else 0, "receive": 0},
        })
    write("mcpsnoop", "calls", {
        "version": "1.2", "creator": {"name": "mcpsnoop", "version": "0.9.0"}, "entries": entries,
        "comment": "mcpsnoop: capture incomplete, 2 frames were dropped before being recorded. The entry count is a lower "
                   "bound, and a call missing from this file may have happened on the wire.",
    }, indent=2)


mcpsnoop()
for shape in (charles, fiddler, insomnia, postman, safari, edge):
    for name in NAMES:
        shape(name)
