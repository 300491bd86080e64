"""mitmproxy add-on: counts the flows that were read, and shows the bodies, where a wrong encoding would be noticed."""

import json
import os


class Count:
    def __init__(self):
        self.flows = 0

    def response(self, flow):
        self.flows += 1
        flow.request.pretty_url, flow.request.get_text(strict=False)
        flow.response.get_text(strict=False), flow.response.headers.fields

    def done(self):
        with open(os.environ["HAR_FLOWS"], "w", encoding="utf-8") as file:
            json.dump(self.flows, file)


addons = [Count()]
