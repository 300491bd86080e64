from base import *

class Case(Base):
    """Sessions are lost at once, and a session that is not known is answered 401 instead of 404."""
    sessions = True

    def rpc(self, r, message):
        if message.get("method") not in ("initialize", "server/discover") and r.headers.get("Mcp-Session-Id"):
            return 401, {"WWW-Authenticate": self.challenge("invalid_token", "Session not found")}, {
                "jsonrpc": "2.0", "id": message.get("id"), "error": {"code": -32000, "message": "Unauthorized: session not found"}}
        return super().rpc(r, message)


main(Case)
