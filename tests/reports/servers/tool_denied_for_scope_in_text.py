from base import *

class Case(Base):
    """A tool wants a scope that no challenge names; its result says so in words."""
    def rpc(self, r, message):
        if message.get("method") == "tools/call":
            return self.result(r, message["id"], {"isError": True, "content": [{"type": "text", "text": json.dumps({"error": "insufficient_scope", "required_scope": "mcp:write", "granted_scope": "mcp:read"})}]})
        return super().rpc(r, message)


main(Case)
