from base import *

class Case(Base):
    """authorization_servers names the MCP server itself; the metadata there has the real issuer."""
    def setup(self):
        self.issuer = f"http://localhost:{self.port}"

    def prm(self):
        return {**super().prm(), "authorization_servers": [self.mcp_url]}

    def other(self, r):
        if r.path == "/.well-known/oauth-authorization-server/mcp":
            return 200, {}, self.metadata()
        return super().other(r)


main(Case)
