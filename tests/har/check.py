"""Reads HAR files with haralyzer: every page and entry, and what it derives from them."""

import json
import sys

from haralyzer import HarParser

for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    parser = HarParser(document)
    assert parser.version == "1.2", parser.version
    assert parser.creator["name"] == "Authscope", parser.creator
    entries = document["log"]["entries"]
    seen = 0
    for page in parser.pages:
        for entry in page.entries:
            seen += 1
            assert entry.startTime.tzinfo is not None, entry.startTime
            assert entry.time >= 0
            assert entry.request.method and entry.request.url
            entry.request.headers, entry.request.queryString, entry.request.cookies
            assert isinstance(entry.response.status, int)
            assert isinstance(entry.response.redirectURL or "", str)
            entry.response.mimeType, entry.response.text, entry.cache, entry.timings
        if page.entries:
            page.get_requests, page.post_requests, page.hostname, page.get_load_time(request_type="GET")
    assert seen == len(entries), f"{path}: {seen} of {len(entries)} entries belong to a page"
