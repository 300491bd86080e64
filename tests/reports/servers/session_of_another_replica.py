from base import *

class Case(Base):
    """Sessions live in the memory of one replica: initialize reaches one, everything after it another."""
    sessions = True

    def rpc(self, r, message):
        if message.get("method") not in ("initialize", "server/discover") and r.headers.get("Mcp-Session-Id"):
            return 404, {}, {"error": "session not found; initialize a new MCP session"}
        return super().rpc(r, message)


main(Case)
