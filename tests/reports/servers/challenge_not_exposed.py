from base import *

class Case(Base):
    """CORS everywhere, but WWW-Authenticate is not exposed: a browser-based client cannot read the challenge."""
    cors = {"Access-Control-Allow-Origin": "*"}

    def preflight(self, r):
        return 204, {**self.cors, "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS", "Access-Control-Allow-Headers": "authorization, content-type, accept, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name, last-event-id"}, b""

    def handle(self, r):
        status, headers, body = super().handle(r)
        return status, [*(headers.items() if isinstance(headers, dict) else headers), *([] if r.method == "OPTIONS" else self.cors.items())], body


main(Case)
