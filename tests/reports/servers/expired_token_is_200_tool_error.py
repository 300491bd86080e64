from base import *

class Case(Base):
    """A token that the upstream refuses comes back as a tool's error with 200."""
    def rpc(self, r, message):
        if message.get("method") == "tools/call":
            return self.result(r, message["id"], {"isError": True, "content": [{"type": "text", "text": "Error: 401 Unauthorized: InvalidAuthenticationToken: Access token has expired or is not yet valid."}]})
        return super().rpc(r, message)


main(Case)
