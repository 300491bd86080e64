from base import *

class Case(Base):
    """A server of the 2025 SDKs: the version header is checked against its list before anything else of the protocol."""
    def gate(self, r):
        return super().gate(r) or self.version(r)

    def version(self, r):
        asked = r.headers.get("MCP-Protocol-Version")
        if asked and asked not in VERSIONS:
            return 400, {}, {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": f"Bad Request: Unsupported protocol version: {asked} (supported versions: {', '.join(VERSIONS)})"}}


main(Case)
