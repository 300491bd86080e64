from base import *

class Case(Base):
    """Issuer with a path, its metadata where RFC 8414 puts it, nothing at the root: lawful."""
    mcp_path = "/xmcp/mcp"

    def setup(self):
        self.issuer = self.origin + "/xmcp"

    def handle(self, r):
        if r.path == "/.well-known/oauth-authorization-server":
            return 404, {}, b""
        if r.path == "/.well-known/oauth-authorization-server/xmcp":
            return 200, {"Cache-Control": "public, max-age=3600"}, self.metadata()
        return super().handle(r)


main(Case)
